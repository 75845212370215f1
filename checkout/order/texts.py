"""Which legal texts an order is placed under. The written pages live upstairs: their room registers itself here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from shop.kernel.parts import Parts


@dataclass(frozen=True)
class SeenText:
    """One text in the version that applies: its key (terms, withdrawal, privacy), language, heading and SHA-256."""

    key: str
    language: str
    title: str
    sha256: str

    def facts(self) -> dict[str, str]:
        """As it is kept with the order."""
        return asdict(self)


Source = Callable[[str], list[SeenText]]
_texts = Parts(most=20)  #: by language, until any is published anew
_sources: list[Source] = []


def register(source: Source) -> None:
    """Ask ``source`` (language -> texts) from now on; it replaces the one before."""
    _sources[:] = [source]


def texts_now(language: str, *, kept: bool = False) -> list[SeenText]:
    """The texts that apply to an order placed now; empty where nobody has written any. One query; with ``kept`` none
    while they are remembered, and then they may be a quarter of a second old (see quote_of())."""
    own = language.split("-")[0]
    if not _sources:
        return []
    return _texts.kept(own, lambda: _sources[0](own)) if kept else _sources[0](own)
