"""Settings: a profile is a set of addresses, not a mode. Each file shows both halves of one capability."""

from .base import *  # noqa: F403
from .accounts import *  # noqa: F403
from .cache import *  # noqa: F403
from .carriers import *  # noqa: F403
from .connect import *  # noqa: F403
from .database import *  # noqa: F403
from .logs import *  # noqa: F403
from .mail import *  # noqa: F403
from .oscar import *  # noqa: F403
from .payments import *  # noqa: F403
from .queue import *  # noqa: F403
from .search import *  # noqa: F403
from .security import *  # noqa: F403
from .storage import *  # noqa: F403
from .tasks import *  # noqa: F403
from .vat_ids import *  # noqa: F403
from .wagtail import *  # noqa: F403
