"""Pictures in the sizes that pages ask for, made once beside the original by a task; which are there stands on the row.

``images/products/oxford.png`` has ``oxford@400.avif``, ``oxford@400.webp``, ... and for browsers that know neither
``oxford@800.jpg``, and ``oxford@1600.jpg`` for the zoom. All are squares, so that nothing on a page moves when they
arrive. None is larger than its original. Products and categories have such pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.utils.encoding import filepath_to_uri
from PIL import Image, ImageOps

from .picture_sizes import AVIF, JPEG, PAGE, WEBP, WIDTHS, nearest, plain_widths, sizes_of

CARD = 400
_AT = filepath_to_uri("@")  #: as addresses write it
PIXELS_MAX = 60_000_000  #: a larger original is refused: it would not fit into a worker


class TooLarge(Exception):
    """The original has more pixels than PIXELS_MAX."""


@dataclass(frozen=True)
class Picture:
    """A picture as templates need it (components/picture.html); ``width`` and ``height`` belong to ``url``.

    ``url``: for pages, ``zoom_url``: the largest there is, both as JPEG, which every browser shows; ``thumb_url``: for
    a card, as WebP. As long as no sizes are made (``avif`` and ``webp`` are empty) all of them are the original.
    """

    url: str
    thumb_url: str
    alt: str
    colour_code: str = ""
    width: int = PAGE
    height: int = PAGE
    zoom_url: str = ""
    avif: str = ""
    webp: str = ""


def rendition_name(name: str, width: int, ending: str = WEBP) -> str:
    """The name of a size beside its original."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}@{width}.{ending}"))


def rendition_names(name: str, widths: Iterable[int]) -> list[str]:
    """Every file that was made of an original."""
    made = list(widths)
    names = [rendition_name(name, width, ending) for width in made for ending in (AVIF, WEBP)]
    return [*names, *(rendition_name(name, width, JPEG) for width in (plain_widths(made) if made else []))]


def original_of(name: str) -> str | None:
    """The stem of the original that ``name`` is a size of (without ending), None for other names."""
    path = PurePosixPath(name)
    stem, mark, width = path.stem.rpartition("@")
    ours = path.suffix[1:] in (AVIF, WEBP, JPEG)
    if not mark or not width.isdigit() or int(width) not in WIDTHS or not ours:
        return None
    return str(path.with_name(stem))


def picture(image: Any, alt: str) -> Picture:
    """What a template shows of a ProductImage. No SQL: the colour must be loaded where it is wanted."""
    colour_code = image.colour.code if image.colour_id else ""
    original = image.original
    return as_shown(
        original.storage, original.name, image.widths, alt=image.caption or alt, colour_code=colour_code
    )


def as_shown(
    storage: Storage, name: str, widths: Iterable[int], *, alt: str, colour_code: str = ""
) -> Picture:
    """What a template shows of the original ``name`` of which ``widths`` are made. No SQL, and no file is needed."""
    made = list(widths)
    if not made:
        url = str(storage.url(name))
        return Picture(url, url, alt, colour_code, zoom_url=url)

    page = nearest(made, PAGE)
    url = str(storage.url(rendition_name(name, page, JPEG)))
    before, of_page = url[: -len(_tail(page, JPEG))], _tail(page, JPEG)

    def url_of(width: int, ending: str) -> str:
        """Addresses of one picture differ in their ends; asking the store for each took longest of all. One that signs
        its addresses is asked."""
        if url.endswith(of_page):
            return before + _tail(width, ending)
        return str(storage.url(rendition_name(name, width, ending)))

    return Picture(
        url=url,
        thumb_url=url_of(nearest(made, CARD), WEBP),
        alt=alt,
        colour_code=colour_code,
        width=page,
        height=page,
        zoom_url=url_of(max(made), JPEG),
        avif=", ".join(f"{url_of(width, AVIF)} {width}w" for width in made),
        webp=", ".join(f"{url_of(width, WEBP)} {width}w" for width in made),
    )


def _tail(width: int, ending: str) -> str:
    """How the address of a size ends."""
    return f"{_AT}{width}.{ending}"


def make_renditions(image: Any) -> list[int]:
    """Write every size of a SizedPicture beside its original; returns the widths. Repeating it replaces them.

    Raises TooLarge, and OSError where the original is missing or no picture.
    """
    storage: Storage = image.original.storage
    files = sizes_of(_source(storage, image.original.name, cut=image.cut))
    for (width, ending), content in files.items():
        _replace(storage, rendition_name(image.original.name, width, ending), content)
    return sorted({width for width, _ending in files})


def _source(storage: Storage, name: str, *, cut: bool) -> Image.Image:
    """The original as it is meant to stand, no larger than the largest size; with ``cut`` the square in its middle."""
    most = (WIDTHS[-1], WIDTHS[-1])
    with storage.open(name, "rb") as file, Image.open(file) as opened:
        if opened.width * opened.height > PIXELS_MAX:
            raise TooLarge(f"{opened.width} x {opened.height} pixels")
        opened.draft("RGB", most)  # JPEG: read it smaller from the start
        upright = ImageOps.exif_transpose(opened)
        shown = upright if upright.mode in ("RGB", "RGBA") else upright.convert("RGBA")
        if cut:
            side = min(*shown.size, most[0])
            shown = ImageOps.fit(shown, (side, side), Image.Resampling.LANCZOS)
        elif max(shown.size) > most[0]:
            shown = ImageOps.contain(shown, most, Image.Resampling.LANCZOS)
        return shown.convert("RGBA")


def _replace(storage: Storage, name: str, content: bytes) -> None:
    if storage.exists(name):
        storage.delete(name)
    saved = storage.save(name, ContentFile(content))
    if saved != name:  # another worker wrote the same in this moment; a second file nobody would ever delete
        storage.delete(saved)
