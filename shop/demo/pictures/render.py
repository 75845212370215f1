"""From SVG text to PNG and WebP files, without a browser."""

from __future__ import annotations

from io import BytesIO

import typst
from PIL import Image

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


def make_files(svg: str, *, widths: tuple[int, ...], quality: int) -> dict[int, bytes]:
    """A square picture as WebP in every width of ``widths`` (pixels). Needs no Django."""
    with Image.open(BytesIO(render_png(svg, max(widths)))) as opened:
        picture = opened.convert("RGB")
    return {width: _webp(picture, width, quality) for width in widths}


def _webp(picture: Image.Image, width: int, quality: int) -> bytes:
    sized = picture if picture.width == width else picture.resize((width, width), Image.Resampling.LANCZOS)
    out = BytesIO()
    sized.save(out, "WEBP", quality=quality, method=2)
    return out.getvalue()
