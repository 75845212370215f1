"""What the shell of every page shows of the written pages, remembered in memory per language."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import get_language

from fulfilment.finance.invoicing.models import MerchantProfile
from shop.kernel.memory import Memory

from .models import KEYS, ContentPage

KEPT_S = 60  #: seconds until a page published by another process is linked


@dataclass(frozen=True)
class LegalLink:
    """A link at the foot of every page."""

    key: str
    title: str
    url: str


_links: Memory[list[LegalLink]] = Memory(KEPT_S)
_merchant: Memory[MerchantProfile | None] = Memory(KEPT_S)


def forget(**_signal: object) -> None:
    """Read the pages anew at the next question."""
    _links.forget()
    _merchant.forget()


def legal_links(request: HttpRequest | None = None) -> list[LegalLink]:
    """The legal texts in the reader's language, in the order of KEYS. No query while remembered."""
    language = (get_language() or "").split("-")[0]

    def read() -> list[LegalLink]:
        order = [key for key, _title in KEYS]
        pages = ContentPage.objects.live().exclude(key="").filter(locale__language_code=language)
        found = sorted(pages.select_related("locale"), key=lambda page: order.index(page.key))
        return [LegalLink(page.key, page.title, page.get_url(request) or "") for page in found]

    return _links.get(read, language)


def legal_url(key: str, request: HttpRequest | None = None) -> str:
    """The address of one legal text; empty where it is not written yet."""
    return next((link.url for link in legal_links(request) if link.key == key), "")


def merchant() -> MerchantProfile | None:
    """Who sells here, for the foot of every page; None before anybody entered it. No query while remembered."""
    return _merchant.get(lambda: MerchantProfile.objects.filter(pk=1).first())
