"""The notice on the legal guarantee on the page of a product: the Commission's own graphic where it was uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shop.kernel.memory import Memory

from .models import GuaranteeNotice

KEPT_S = 60
SIZE = (
    "max-900x1400"  #: in proportion, as Annex I of Regulation (EU) 2025/1960 allows; else it is not touched
)


#: Where the European Union explains the legal guarantee in the reader's language.
RIGHTS_URL = "https://europa.eu/youreurope/citizens/consumers/shopping/guarantees-returns/index_%s.htm"


@dataclass(frozen=True)
class Graphic:
    """A picture as a page shows it; ``name``: of its file in the default storage."""

    url: str
    width: int
    height: int
    name: str


_memory: Memory[dict[str, Graphic]] = Memory(KEPT_S)
forget = _memory.forget


def graphic(language: str) -> Graphic | None:
    """The graphic of a language (two letters), None before somebody uploaded it. No query while remembered."""
    return _memory.get(_read).get(language)


def rights_url(language: str) -> str:
    """More about the legal guarantee, in the language (two letters)."""
    return RIGHTS_URL % language


def _read() -> dict[str, Graphic]:
    """All of them. Makes no size: none is written while somebody reads a page."""
    rows = GuaranteeNotice.objects.select_related("picture").prefetch_related("picture__renditions")
    return {row.language: _shown(row.picture) for row in rows}


def _shown(picture: Any) -> Graphic:
    made = next((one for one in picture.renditions.all() if one.filter_spec == SIZE), None)
    chosen = made or picture
    return Graphic(chosen.file.url, chosen.width, chosen.height, chosen.file.name)


def make_size(instance: GuaranteeNotice, **_signal: Any) -> None:
    """Once a graphic was uploaded: its size for the page. A file that cannot be read is shown as it is."""
    from .sections import made

    made(instance.picture, SIZE)
    forget()
