"""Pictures of the demo shop, drawn by the shop itself: ``draw`` gives SVG, ``render`` gives files."""

from __future__ import annotations

from collections.abc import Callable

from shop.demo.pictures.accessories import draw_accessory
from shop.demo.pictures.boots import draw_boot
from shop.demo.pictures.care import draw_care
from shop.demo.pictures.ink import Ink, backdrop
from shop.demo.pictures.leather import draw_leather
from shop.demo.pictures.look import Look
from shop.demo.pictures.open_shoes import draw_open
from shop.demo.pictures.sneakers import draw_sneaker
from shop.demo.pictures.topview import draw_pair
from shop.demo.range import ProductData, Shade

VIEWS = ("side", "second")

ARTISTS: dict[str, Callable[[Ink, Look], None]] = {
    "sneaker": draw_sneaker,
    "derby": draw_leather,
    "loafer": draw_leather,
    "chelsea": draw_boot,
    "ankle_boot": draw_boot,
    "hiking": draw_boot,
    "rain_boot": draw_boot,
    "sandal": draw_open,
    "slipper": draw_open,
    "care": draw_care,
    "accessory": draw_accessory,
}
NOT_WORN = ("care", "accessory")

#: How each kind sits on the square: scale, and the height of the floor.
FRAMES = {
    "sneaker": (1.2, 850),
    "derby": (1.2, 820),
    "loafer": (1.2, 800),
    "sandal": (1.2, 810),
    "slipper": (1.2, 810),
}
BOOT_FRAME = (1.16, 920)


def look_of(product: ProductData, shade: Shade) -> Look:
    """The colours of one product in one shade."""
    kind, style = product.draw.split("/")
    wanted: dict[str, str] = {"base": shade.hex, **product.looks[shade.code]}
    return Look(kind, style, **wanted)


def draw(product: ProductData, shade: Shade, view: str = "side") -> str:
    """The picture of a product as a square SVG of 1200 px.

    ``view`` is "side", or "second": shoes as a pair from above, everything else close up. Raises ValueError for
    another view. The SVG refers to nothing outside itself.
    """
    if view not in VIEWS:
        raise ValueError(f"no view {view!r}, only {', '.join(VIEWS)}")
    look = look_of(product, shade)
    ink = Ink()
    if view == "second" and look.kind not in NOT_WORN:
        draw_pair(ink, look)
    else:
        _stage(ink, look, small=product.category == "kinder", close=view == "second")
    return ink.svg()


def _stage(ink: Ink, look: Look, *, small: bool, close: bool) -> None:
    """Put the thing on its floor; children's shoes are drawn smaller."""
    if look.kind in NOT_WORN:
        backdrop(ink)
        with ink.moved(
            "translate(600 640) scale(1.75) rotate(-5) translate(-640 -600)" if close else "translate(0 0)"
        ):
            ARTISTS[look.kind](ink, look)
        return
    scale, floor = FRAMES.get(look.kind, BOOT_FRAME)
    if look.style in ("high", "canvas_high", "lamb"):
        scale, floor = 1.18, 900
    if small:
        scale *= 0.86
    backdrop(ink, ground=floor)
    with ink.moved(f"translate(600 {floor}) scale({scale:g}) translate(-612 -853)"):
        ARTISTS[look.kind](ink, look)


__all__ = ["VIEWS", "draw", "look_of"]
