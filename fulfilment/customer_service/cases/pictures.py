"""Pictures from customers: told by their content, drawn anew (nothing of the upload's bytes stays), kept privately."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from shop.kernel import clock
from shop.kernel.transactions import forbid_network_in_transaction

from .models import Picture

COUNT_MAX = 6  #: pictures with one message
SIZE_MAX = 12 * 1024 * 1024  #: bytes of one upload
PIXELS_MAX = 60_000_000  #: of a file; a JPEG of a phone is read at a part of its size
DECODED_MAX = 25_000_000  #: pixels that are held at once: a white PNG of 200 KB may unpack to gigabytes
SIDE_MAX = 2000  #: pixels that are kept: enough to see a torn seam
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP")
SCALABLE = (
    "L",
    "RGB",
    "RGBA",
    "CMYK",
)  #: modes that are made smaller as they are; palettes would lose their shades


class WrongPicture(ValueError):
    """The upload is not kept; the message says why, for people."""


class Upload(Protocol):
    """What a form hands over."""

    size: int | None

    def read(self) -> bytes:
        """The bytes."""


@dataclass(frozen=True)
class Drawn:
    """A picture as we drew it: JPEG bytes and measures in pixels."""

    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Hash of the bytes (hex)."""
        return hashlib.sha256(self.content).hexdigest()


def draw_all(uploads: Sequence[Upload]) -> list[Drawn]:
    """Every upload drawn anew, the same picture once. Raises WrongPicture; nothing is stored."""
    if len(uploads) > COUNT_MAX:
        raise WrongPicture(_("Please send at most %(n)d pictures at once.") % {"n": COUNT_MAX})
    drawn: dict[str, Drawn] = {}
    for upload in uploads:
        if (upload.size or 0) > SIZE_MAX:
            raise WrongPicture(_("A picture is larger than %(n)d MB.") % {"n": SIZE_MAX // 1024**2})
        one = draw(upload.read())
        drawn.setdefault(one.sha256, one)
    return list(drawn.values())


def draw(content: bytes) -> Drawn:
    """One picture, turned upright, without metadata (place, device, person), no side over ``SIDE_MAX`` pixels."""
    if len(content) > SIZE_MAX:
        raise WrongPicture(_("A picture is larger than %(n)d MB.") % {"n": SIZE_MAX // 1024**2})
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise WrongPicture(_("A picture has too many pixels."))
            opened.draft("RGB", (SIDE_MAX, SIDE_MAX))
            if opened.width * opened.height > DECODED_MAX:
                raise WrongPicture(_("A picture has too many pixels."))
            upright = _small(opened)
    except WrongPicture:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise WrongPicture(_("A file is no picture we can read. JPEG, PNG and WebP are fine.")) from None
    ground = Image.new("RGB", upright.size, "white")
    ground.paste(upright, mask=upright.getchannel("A"))
    out = BytesIO()
    ground.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Drawn(out.getvalue(), ground.width, ground.height)


def _small(opened: Image.Image) -> Image.Image:
    """The picture upright in RGBA, no side over ``SIDE_MAX``: made small first, so that no large copy is ever held."""
    opened.load()
    small: Image.Image = opened if opened.mode in SCALABLE else opened.convert("RGBA")
    small.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    return ImageOps.exif_transpose(small).convert("RGBA")


def store(drawn: Sequence[Drawn]) -> list[Picture]:
    """Put the files away, outside a transaction. Returns unsaved rows for the message that gets them."""
    forbid_network_in_transaction("storing pictures of a case")
    return [_store(one) for one in drawn]


def _store(one: Drawn) -> Picture:
    place = storages["documents"]
    key = f"cases/{clock.today():%Y/%m}/{one.sha256[:40]}.jpg"
    if not place.exists(key):
        key = place.save(key, ContentFile(one.content))
    return Picture(key=key, sha256=one.sha256, width=one.width, height=one.height, size=len(one.content))


def read(picture: Picture) -> bytes:
    """The bytes we drew. Raises FileNotFoundError when the store lost them."""
    with storages["documents"].open(picture.key) as file:
        content: bytes = file.read()
    return content


def answer_with(picture: Picture) -> HttpResponse:
    """The picture as an answer that browsers neither share nor read as anything else. 404 when the store lost it."""
    try:
        content = read(picture)
    except FileNotFoundError:
        raise Http404 from None
    return answer_with_bytes(content)


def answer_with_bytes(content: bytes) -> HttpResponse:
    """JPEG bytes that we drew as an answer."""
    answer = HttpResponse(content, content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=3600"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
