"""What a web worker does once, before its first request: load what every page needs, and tidy up after that."""

from __future__ import annotations

import ctypes
import gc

from celery import current_app
from django.conf import settings
from django.urls import get_resolver
from django.utils import translation

#: Between two looks of the collector at young objects. Python's own 700 lets it look hundreds of times for one page.
YOUNG_OBJECTS = 5_000
YOUNG_ROUNDS = 20


def settle() -> None:
    """Load addresses and texts in every language and what tasks are sent with, so that no reader waits for them, and
    workers that are forked afterwards share them.

    What is loaded stays as long as the process: the collector need not look at it again (``gc.freeze``).
    """
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            get_resolver()._populate()
            translation.gettext("Basket")
    current_app.loader.import_default_modules()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_ROUNDS, YOUNG_ROUNDS)
    _trim()


def _trim() -> None:
    """Give free memory back to the system, where the C library is one that can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
