"""What a picture needs to know about a product in one colour."""

from __future__ import annotations

from dataclasses import dataclass

from shop.demo.pictures.ink import brightness, darker, lighter, mix


@dataclass(frozen=True)
class Look:
    """Colours and make of one thing to draw; colours are ``#rrggbb``."""

    kind: str
    style: str = "plain"
    base: str = "#7a4a2b"
    accent: str = "#d8c7a6"
    sole: str = "#e9dfca"
    lace: str = "#f3ece0"
    metal: str = "#b9a77c"
    finish: str = "smooth"
    label: str = ""

    @property
    def words(self) -> tuple[str, str]:
        """The two lines of the label; empty where there is none."""
        first, _, second = self.label.partition("|")
        return first, second

    @property
    def lining(self) -> str:
        """The inside of the shoe."""
        return mix(self.base, "#c9a77c", 0.7)

    @property
    def inside(self) -> str:
        """The inside in its own shadow."""
        return darker(self.lining, 0.55)

    @property
    def second(self) -> str:
        """A neighbouring tone of the base for panels of the same leather."""
        return darker(self.base, 0.14) if brightness(self.base) > 0.25 else lighter(self.base, 0.1)
