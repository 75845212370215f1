"""Papers behind manual entries: looked into before they are kept, stored under their hash, read only unchanged."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from io import BytesIO
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils.translation import gettext as _
from PIL import Image

from shop.kernel import clock
from shop.kernel.text import clean_line
from shop.kernel.transactions import forbid_network_in_transaction
from shop.kernel.xmltree import etree

from .models import Attachment

SIZE_MAX = 10 * 1024 * 1024
PIXELS_MAX = 100_000_000
IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg"}


class WrongPaper(ValueError):
    """The file is not kept; the message says why, for people."""


class PaperDamaged(Exception):
    """The stored bytes are not those that were kept: somebody or something changed them."""


def keep(*, name: str, content: bytes, by: Any) -> Attachment:
    """Store a PDF, PNG, JPEG or XML that somebody uploaded; it hangs on nothing yet. Outside a transaction.

    Raises WrongPaper. The kind is told by what is in the file, not by its name.
    """
    forbid_network_in_transaction("storing an attachment")
    if not content:
        raise WrongPaper(_("The file is empty."))
    if len(content) > SIZE_MAX:
        raise WrongPaper(_("The file is larger than %(n)d MB.") % {"n": SIZE_MAX // 1024**2})
    content_type, ending = _kind(content)
    digest = hashlib.sha256(content).hexdigest()
    key = f"attachments/{clock.today().year}/{digest[:32]}.{ending}"
    store = storages["documents"]
    if not store.exists(key):
        key = store.save(key, ContentFile(content))
    return Attachment.objects.create(
        name=_plain(name, ending),
        content_type=content_type,
        size=len(content),
        key=key,
        sha256=digest,
        uploaded_by=by,
    )


def read(attachment: Attachment) -> bytes:
    """The bytes as they were uploaded. Raises PaperDamaged."""
    with storages["documents"].open(attachment.key) as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise PaperDamaged(f"{attachment.key} is not the file that was kept")
    return content


def _kind(content: bytes) -> tuple[str, str]:
    """Content type and ending by what is in the file."""
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-2048:]:
            raise WrongPaper(_("The PDF is not complete."))
        return "application/pdf", "pdf"
    if content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _image(content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _xml(content)
    raise WrongPaper(_("Only PDF, PNG, JPEG and XML are kept."))


def _image(content: bytes) -> tuple[str, str]:
    try:
        with Image.open(BytesIO(content), formats=list(IMAGES)) as image:
            if image.width * image.height > PIXELS_MAX:
                raise WrongPaper(_("The picture has too many pixels."))
            kind = IMAGES[str(image.format)]
            image.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, WrongPaper):
            raise
        raise WrongPaper(_("The picture cannot be read.")) from None
    return kind, kind.partition("/")[2].replace("jpeg", "jpg")


def _xml(content: bytes) -> tuple[str, str]:
    """Well-formed, without entities of its own: it is kept as it is and read by other programs one day."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise WrongPaper(_("The XML cannot be read.")) from None
    if tree.getroottree().docinfo.doctype:
        raise WrongPaper(_("XML with a document type of its own is not kept."))
    if etree.QName(tree).localname.lower() in ("html", "svg"):
        raise WrongPaper(_("Only PDF, PNG, JPEG and XML are kept."))
    return "application/xml", "xml"


def _plain(name: str, ending: str) -> str:
    """A file name that says nothing to a file system, with the ending of what is in it."""
    stem = PurePath(clean_line(unicodedata.normalize("NFC", name)).replace("\\", "/")).stem
    stem = re.sub(r"[^\w .,()+-]", "_", stem).strip(" .")[:100] or "paper"
    return f"{stem}.{ending}"
