"""From one picture to all its sizes: squares as AVIF, WebP and JPEG. Pillow alone, so that it runs in any process."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from PIL import Image, ImageOps

#: Pixels: a thumbnail, a card, the product page, the same on fine screens, the zoom.
WIDTHS = (200, 400, 800, 1200, 1600)
PAGE = 800
QUALITY = 82  #: of WebP and JPEG
AVIF_QUALITY, AVIF_SPEED = 60, 8  #: looks the same in fewer bytes; slower than 8 saves hardly anything
AVIF, WEBP, JPEG = "avif", "webp", "jpg"
#: What surrounds a picture that is no square: the paper colour behind the products.
GROUND = (243, 239, 230)


def widths_for(longest: int) -> list[int]:
    """The sizes to make of an original whose longer side has ``longest`` pixels: none is larger than it."""
    return [width for width in WIDTHS if width <= longest] or [WIDTHS[0]]


def nearest(widths: Iterable[int], wanted: int) -> int:
    """The smallest width that is enough, else the largest there is."""
    made = sorted(widths)
    return next((width for width in made if width >= wanted), made[-1])


def plain_widths(widths: Iterable[int]) -> list[int]:
    """The sizes that are there as JPEG too, which every browser shows: that of pages, and the zoom."""
    made = sorted(widths)
    return sorted({nearest(made, PAGE), made[-1]})


def sizes_of(source: Image.Image) -> dict[tuple[int, str], bytes]:
    """(width, ending) -> file, for every size of a picture; JPEG for browsers that know neither AVIF nor WebP."""
    widths = widths_for(max(source.size))
    files = {}
    for width in widths:
        square = _square(source.convert("RGBA"), width)
        files[width, AVIF] = _bytes(square, "AVIF", quality=AVIF_QUALITY, speed=AVIF_SPEED)
        files[width, WEBP] = _bytes(square, "WEBP", quality=QUALITY, method=4)
        if width in plain_widths(widths):
            files[width, JPEG] = _bytes(square, "JPEG", quality=QUALITY, progressive=True)
    return files


def _square(source: Image.Image, width: int) -> Image.Image:
    """The whole picture in a square of ``width`` pixels."""
    fitted = ImageOps.contain(source, (width, width), Image.Resampling.LANCZOS)
    ground = Image.new("RGB", (width, width), GROUND)
    ground.paste(fitted, ((width - fitted.width) // 2, (width - fitted.height) // 2), fitted)
    return ground


def _bytes(square: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    square.save(out, kind, **options)
    return out.getvalue()
