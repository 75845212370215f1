"""Whose fault it was that the sizes of a picture could not be made: the picture's own, or that of what it lies in.

A fault of the picture counts for good. Anything else (the storage is away, the database) lets it wait, for as long as
it takes. For pictures of products (picture_files.py) and of written pages (shop/pages/pictures.py).
"""

from __future__ import annotations

import datetime as dt
import io

from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.storage import Storage
from PIL import Image

from shop.kernel.attempts import pause_s
from shop.kernel.clock import now

TRIES_MAX = 3  #: a picture that cannot be read, or whose worker died over it, is not begun for ever
#: Somebody should look after so many failures of something else: with the pauses over an hour.
WAITS_SHOWN = 10


def rest_until(failures: int) -> dt.datetime:
    """The moment before which a picture is not begun again after its n-th failure."""
    return now() + dt.timedelta(seconds=pause_s(failures))


def is_readable(storage: Storage, name: str) -> bool:
    """Whether the picture itself is no reason to fail: it can be opened, or nobody knows because its file cannot be had
    just now. Looked at only where making sizes failed: the error alone does not say whose fault it was.

    Nothing narrower than Exception is caught: each storage has its own errors, and Pillow raises anything for files
    that are no pictures, or blow up. Either way the answer is one of two; what failed first is told by the caller.
    Raises SoftTimeLimitExceeded.
    """
    try:
        with storage.open(name, "rb") as file:
            content = file.read()
    except FileNotFoundError:  # also of S3: it answered that there is none
        return False
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        return True
    try:
        with Image.open(io.BytesIO(content)) as opened:
            opened.load()
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        return False
    return True
