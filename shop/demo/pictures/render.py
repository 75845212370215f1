"""From SVG text to PNG, WebP and JPEG files, without a browser."""

from __future__ import annotations

from io import BytesIO

import typst
from PIL import Image

_PAGE = '#set page(width: {w}pt, height: {h}pt, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg", width: 100%, height: 100%)'


def render_png(svg: str, width: int, *, height: int | None = None) -> bytes:
    """The picture as PNG, ``width`` pixels wide (and ``height`` high; square without it)."""
    source = _PAGE.format(w=width, h=height or width).encode()
    return typst.compile(
        source, format="png", ppi=72, sys_inputs={"svg": svg}, font_paths=[], ignore_system_fonts=True
    )


def render_jpeg(svg: str, width: int, *, height: int | None = None, quality: int = 86) -> bytes:
    """The picture as JPEG."""
    return _encode(render_png(svg, width, height=height), "JPEG", quality=quality, optimize=True)


def render_webp(svg: str, width: int, *, height: int | None = None, quality: int = 84) -> bytes:
    """The picture as WebP."""
    return _encode(render_png(svg, width, height=height), "WEBP", quality=quality, method=2)


def _encode(png: bytes, kind: str, **options: object) -> bytes:
    target = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(target, kind, **options)  # type: ignore[arg-type]
    return target.getvalue()
