"""``python -m scripts.judge``."""

import sys

from .main import main

sys.exit(main())
