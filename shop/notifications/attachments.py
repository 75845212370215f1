"""Files of a mail, fetched when it is sent: an invoice's PDF is made after the transaction that writes the mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.files.storage import default_storage, storages

from fulfilment.customer_service.returns.models import CarrierLabel
from fulfilment.customer_service.returns.paper import slip_pdf
from fulfilment.finance.dunning.papers import notice_pdf
from fulfilment.finance.invoicing.queries import invoice_pdf_bytes, xrechnung_bytes
from fulfilment.finance.reports.customers import sent_pdf

from . import legal
from .models import KeptContent, OutgoingAttachment


class NotThereYet(Exception):
    """The file is still being made; the mail waits for it."""


class Lost(LookupError):
    """A picture that is not there any more; the mail says the same in words and does without it."""


@dataclass(frozen=True)
class File:
    """An attachment with its content."""

    name: str
    mime: str
    body: bytes
    content_id: str


def fetch(attachment: OutgoingAttachment) -> File:
    """The attachment's content. Raises NotThereYet, Lost, or LookupError for a source nobody knows. May read files."""
    kind, _sep, key = attachment.source.partition(":")
    try:
        body = SOURCES[kind](key)
    except KeyError:
        raise LookupError(
            f"attachment {attachment.name}: nobody knows the source {attachment.source!r}"
        ) from None
    return File(attachment.name, attachment.mime, body, attachment.content_id)


def _invoice(key: str) -> bytes:
    # Made now when its own task has not come to it yet.
    return invoice_pdf_bytes(int(key))


def _xrechnung(key: str) -> bytes:
    return xrechnung_bytes(int(key))


def _dunning(key: str) -> bytes:
    return notice_pdf(int(key))


def _statement(key: str) -> bytes:
    return sent_pdf(int(key))


def _return_slip(key: str) -> bytes:
    return slip_pdf(int(key))


def _return_label(key: str) -> bytes:
    pk, _colon, form = key.partition(":")
    return bytes(CarrierLabel.objects.values_list(form, flat=True).get(returning=int(pk)))


def _kept(key: str) -> bytes:
    return bytes(KeptContent.objects.get(sha256=key).body)


def _legal(key: str) -> bytes:
    language, _sep, digest = key.partition(":")
    return legal.as_pdf(_kept(digest).decode(), language)


def _picture(key: str) -> bytes:
    if not default_storage.exists(key):
        raise Lost(key)
    with default_storage.open(key) as handle:
        return bytes(handle.read())


def _file(key: str) -> bytes:
    storage = storages["documents"]
    if not storage.exists(key):
        raise NotThereYet(f"the file {key} is not made yet")
    with storage.open(key) as handle:
        return bytes(handle.read())


SOURCES: dict[str, Callable[[str], bytes]] = {
    "invoice": _invoice,
    "xrechnung": _xrechnung,
    "dunning": _dunning,
    "statement": _statement,
    "return-slip": _return_slip,
    "return-label": _return_label,
    "kept": _kept,
    "legal": _legal,
    "file": _file,
    "picture": _picture,
}
