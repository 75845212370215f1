"""What a web worker does once, before its first request: load what every page needs, and tidy up after that."""

from __future__ import annotations

import ctypes
import gc

from celery import current_app
from django.conf import settings
from django.template import engines
from django.urls import get_resolver
from django.utils import translation

#: Between two looks of the collector at young objects. Python's own 700 lets it look hundreds of times for one page.
YOUNG_OBJECTS = 5_000
YOUNG_ROUNDS = 10
#: Of glibc's malloc (mallopt(3), malloc.h): what is set, to which value. One arena instead of one for each thread:
#: Python lets one thread at a time ask for memory anyway, and what a thread has freed the others may use. Pieces of
#: half a megabyte are mapped and go back at once, and at most one megabyte stays free at the end: without a fixed limit
#: glibc raises its own with the first large piece that is freed, up to 32 and 64 MB.
MALLOC = {
    -8: 1,  # M_ARENA_MAX
    -3: 512 * 1024,  # M_MMAP_THRESHOLD
    -1: 1024 * 1024,  # M_TRIM_THRESHOLD
}


def settle() -> None:
    """Load addresses and texts in every language and what tasks are sent with, so that no reader waits for them, and
    workers that are forked afterwards share them.

    What is loaded stays as long as the process: the collector need not look at it again (``gc.freeze``).
    """
    keep_memory_together()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            get_resolver()._populate()
            translation.gettext("Basket")
    engines.all()  # with the tags of all rooms
    current_app.loader.import_default_modules()
    gc.collect()
    gc.freeze()
    # Once more, of nothing: the collector waits with the old ones until there are a quarter more than last time, and
    # last time it saw all that is frozen now.
    gc.collect()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_ROUNDS, YOUNG_ROUNDS)
    _trim()


def keep_memory_together() -> bool:
    """Let the C library keep little of what is free (``MALLOC``), for this process and what is forked from it. Returns
    whether it did: only glibc knows these words, elsewhere (musl, macOS) nothing changes."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    done = [library.mallopt(word, value) for word, value in MALLOC.items()]
    return set(done) == {1}


def _trim() -> None:
    """Give free memory back to the system, where the C library is one that can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
