"""From SVG text to PNG and WebP files, without a browser."""

from __future__ import annotations

from io import BytesIO

import typst
from PIL import Image

from catalogue.picture_sizes import sizes_of

_PAGE = (
    "#set page(width: {w}pt, height: {h}pt, margin: 0pt)\n"
    '#image(bytes(sys.inputs.svg), format: "svg", width: 100%, height: 100%)'
)


def render_png(svg: str, width: int, *, height: int | None = None) -> bytes:
    """The picture as PNG, ``width`` pixels wide (and ``height`` high; square without it)."""
    source = _PAGE.format(w=width, h=height or width).encode()
    return typst.compile(
        source, format="png", ppi=72, sys_inputs={"svg": svg}, font_paths=[], ignore_system_fonts=True
    )


def make_files(svg: str, *, side: int) -> dict[tuple[int, str], bytes]:
    """A square picture of ``side`` pixels in every size of the shop: (width, ending) -> file. Needs no Django."""
    with Image.open(BytesIO(render_png(svg, side))) as opened:
        return sizes_of(opened)
