"""Pictures in the sizes that pages ask for, made once beside the original and found by name: no query, no look-up.

``images/products/oxford.png`` has ``images/products/oxford@400.webp`` and ``...@800.webp``. All are squares, so that
nothing on a page moves when they arrive.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from PIL import Image, ImageOps

WIDTHS = (400, 800)  #: pixels: a card, the product page
QUALITY = 82
#: What surrounds a picture that is no square: the paper colour behind the products.
GROUND = (243, 239, 230)


@dataclass(frozen=True)
class Picture:
    """A picture as templates need it; ``width`` and ``height`` belong to ``url``."""

    url: str
    thumb_url: str
    alt: str
    colour_code: str = ""
    width: int = WIDTHS[1]
    height: int = WIDTHS[1]

    @property
    def srcset(self) -> str:
        """Both sizes with their widths, for ``srcset``."""
        return f"{self.thumb_url} {WIDTHS[0]}w, {self.url} {WIDTHS[1]}w"


def rendition_name(name: str, width: int) -> str:
    """The name of a size beside its original."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}@{width}.webp"))


def original_of(name: str) -> str | None:
    """The stem of the original that ``name`` is a size of (without ending), None for other names."""
    path = PurePosixPath(name)
    stem, mark, width = path.stem.rpartition("@")
    if not mark or not width.isdigit() or int(width) not in WIDTHS or path.suffix != ".webp":
        return None
    return str(path.with_name(stem))


def picture(image: Any, alt: str) -> Picture:
    """What a template shows of a ProductImage. No SQL: the colour must be loaded where it is wanted."""
    large, small = (_url(image.original, width) for width in (WIDTHS[1], WIDTHS[0]))
    colour_code = image.colour.code if image.colour_id else ""
    return Picture(url=large, thumb_url=small, alt=image.caption or alt, colour_code=colour_code)


def _url(original: Any, width: int) -> str:
    return str(original.storage.url(rendition_name(original.name, width)))


def make_renditions(image: Any) -> list[str]:
    """Write every size of a ProductImage beside its original; returns their names. Repeating it replaces them."""
    storage: Storage = image.original.storage
    with storage.open(image.original.name, "rb") as file, Image.open(file) as opened:
        source = ImageOps.exif_transpose(opened).convert("RGBA")
    names = []
    for width in WIDTHS:
        name = rendition_name(image.original.name, width)
        if storage.exists(name):
            storage.delete(name)
        names.append(storage.save(name, ContentFile(_square(source, width))))
    return names


def _square(source: Image.Image, width: int) -> bytes:
    """The whole picture in a square of ``width`` pixels, as WebP."""
    fitted = ImageOps.contain(source, (width, width), Image.Resampling.LANCZOS)
    ground = Image.new("RGB", (width, width), GROUND)
    ground.paste(fitted, ((width - fitted.width) // 2, (width - fitted.height) // 2), fitted)
    out = io.BytesIO()
    ground.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
