"""Libraries that another one loads only in case somebody wants them, and does without where they are not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Within it modules of these names are as if they were not installed; those that are loaded already stay.

    What is loaded meanwhile goes without them as long as the process lives; everybody else may have them afterwards.
    """
    absent = [name for name in names if name not in sys.modules]
    # None: "there is no such module", https://docs.python.org/3/reference/import.html#the-module-cache
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            if sys.modules.get(name, ...) is None:
                del sys.modules[name]
