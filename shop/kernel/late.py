"""Libraries that few requests need, loaded when something of them is first used: a web worker that never sets a PDF
carries no typesetter. Together they are a tenth of its memory (tests/architecture/test_worker_memory.py)."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class _Late(ModuleType):
    """Stands for the library until it is needed, and passes on what is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith(
            "__"
        ):  # asked by machinery that looks at modules, not by somebody who needs the library
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


def late(name: str) -> Any:
    """The library ``name``, loaded at the first use. ``if TYPE_CHECKING: import name`` beside it says its types."""
    return _Late(name)


def late_part(package: str, name: str) -> None:
    """Give a stand-in for the module ``name`` to all who take it out of ``package`` from now on, the library's own
    modules included: it, and what it stands on, is loaded with its first use."""
    setattr(import_module(package), name, late(f"{package}.{name}"))
