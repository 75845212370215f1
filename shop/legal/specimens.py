"""What the rules look at: pages as the shop really shows them, in every language, and the texts that mails carry.

Pages are asked for like any visitor asks. Those that need a basket, a customer or an order are shown inside a
transaction that is rolled back: looking leaves nothing behind.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from catalogue.campaigns import running
from catalogue.models import Product
from catalogue.partner.models import StockRecord
from catalogue.product_page import LABEL_FROM_MONTHS
from catalogue.queries import newest, offered
from catalogue.ranges import holding
from catalogue.tree import tree
from checkout.order import access
from checkout.order.models import Order
from checkout.payment.models import PREPAYMENT
from checkout.session import KEY, Draft
from checkout.shipping.queries import options
from shop.customers.models import User
from shop.notifications import guarantee, legal
from shop.notifications.models import OutgoingMail
from shop.pages.models import ContentPage

from .reading import Reading, read

MAILS = 20  #: of the latest mails about orders, how many are looked at
SOMEBODY = {
    "first_name": "Prüf",
    "last_name": "Lauf",
    "line1": "Prüfweg 1",
    "postcode": "20457",
    "line4": "Hamburg",
}
#: Pages that answer without anything in the shop, by name of address.
PLAIN = (
    "home",
    "catalogue:index",
    "catalogue:search",
    "basket:summary",
    "help",
    "orders:lookup",
    "account_login",
)
LISTS = ("home", "catalogue:index", "catalogue:search")  #: of these, those that list goods
PRICES = "with prices"  #: pages that show goods with a price
LISTED = ("list", PRICES)
PRICED = ("product", "priced", PRICES)


@dataclass(frozen=True)
class Specimen:
    """Something rendered. ``scopes``: the words by which rules ask for it."""

    name: str
    language: str
    scopes: frozenset[str]
    html: str = field(repr=False)

    @cached_property
    def reading(self) -> Reading:
        """The page as a reader meets it."""
        return read(self.html)


@dataclass
class Collection:
    """What was found to look at, what is not there to look at, and what should answer and does not."""

    specimens: list[Specimen] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def of(self, scope: str) -> list[Specimen]:
        """The specimens of a scope."""
        return [one for one in self.specimens if scope in one.scopes]


class _Undo(Exception):
    """Rolls back what looking has written."""


def collect() -> Collection:
    """Render everything once per language. Writes nothing that stays."""
    found = Collection()
    for language, _name in settings.LANGUAGES:
        with override(language):
            _open_pages(found, language)
            try:
                with transaction.atomic():
                    _own_pages(found, language)
                    raise _Undo
            except _Undo:
                pass
            _sent(found, language)
    return found


@dataclass
class _Visitor:
    """A browser of nobody's, and where its pages are noted."""

    found: Collection
    language: str

    def __post_init__(self) -> None:
        address = urlsplit(settings.SITE_URL)
        self.client = Client(
            raise_request_exception=False,
            SERVER_NAME=address.hostname or "localhost",
            HTTP_ACCEPT_LANGUAGE=self.language,
        )
        self.options: dict[str, Any] = {"secure": address.scheme == "https"}

    def see(self, url: str, *scopes: str, post: dict[str, str] | None = None) -> None:
        """Open an address and note the page; what does not answer with a page is noted as broken."""
        if post is None:
            answer = self.client.get(url, **self.options)
        else:
            answer = self.client.post(url, post, **self.options)
        if answer.status_code != 200:
            self.found.broken.append(f"{scopes[0]} ({self.language}): {url} answers {answer.status_code}")
            return
        every = frozenset({*scopes, "page", "everything"})
        self.found.specimens.append(Specimen(url, self.language, every, answer.content.decode()))

    def miss(self, scope: str, why: str) -> None:
        """Note that there is nothing of a scope to look at."""
        self.found.unseen.append(f"{scope} ({self.language}): {why}")


def _open_pages(found: Collection, language: str) -> None:
    """What anybody may open."""
    visitor = _Visitor(found, language)
    for name in PLAIN:
        visitor.see(reverse(name), name, *(LISTED if name in LISTS else []))
    nodes = tree().roots
    if nodes:
        visitor.see(nodes[0].url, *LISTED)
    _products(visitor)
    _announced(visitor)
    visitor.see(reverse("withdrawal"), "withdrawal")
    said = {"step": "declare", "name": "Prüf Lauf", "contract": "K00000", "email": "pruefung@example.org"}
    visitor.see(reverse("withdrawal"), "withdrawal, step 2", "withdrawal", post=said)
    pages = ContentPage.objects.live().exclude(key="").filter(locale__language_code=language)
    for page in pages.select_related("locale"):
        visitor.see(page.get_url() or "", f"legal: {page.key}", "legal")


def _products(visitor: _Visitor) -> None:
    """Pages of a product, of a reduced one, of one sold by measure and of one with a long guarantee of its producer."""
    reduced = _first(Q(reference_price_minor__gt=F("price") * 100))
    measured = _first(Q(product__content_amount__gt=0) | Q(product__parent__content_amount__gt=0))
    lasting = _first(
        Q(product__producer_guarantee_months__gt=LABEL_FROM_MONTHS)
        | Q(product__parent__producer_guarantee_months__gt=LABEL_FROM_MONTHS)
    )
    plain = next(iter(newest(1)), None)
    for pk, variant, scopes in [
        (plain, None, PRICED),
        (*reduced, ("reduced", *PRICED)),
        (*measured, ("by measure", *PRICED)),
        (*lasting, ("long guarantee", *PRICED)),
    ]:
        if pk is None:
            visitor.miss(scopes[0], "none is on offer")
            continue
        product = Product.objects.get(pk=pk)
        url = product.get_absolute_url()
        visitor.see(f"{url}?v={variant}" if variant else url, *scopes)
        if scopes[0] in ("reduced", "by measure"):  # on which page of a range it stands nobody knows
            _search_for(visitor, product)


def _search_for(visitor: _Visitor, product: Product) -> None:
    visitor.see(f"{reverse('catalogue:search')}?{urlencode({'q': product.text('title')})}", *LISTED)


def _announced(visitor: _Visitor) -> None:
    """A list with an article on which a campaign gives something that announces a reduction, where one runs."""
    for campaign in (one for one in running() if one.announces):
        priced_before = Q(price_periods__valid_from__lt=campaign.since)
        pk = _first(holding([campaign.range.pk]) & priced_before)[0]
        if pk is not None:
            _search_for(visitor, Product.objects.get(pk=pk))
            return


def _first(wanted: Q) -> tuple[int | None, int | None]:
    """Product and variant of the first offer that fits."""
    record = offered().filter(wanted).select_related("product").order_by("pk").first()
    return (record.product.parent_id or record.product_id, record.product_id) if record else (None, None)


def _own_pages(found: Collection, language: str) -> None:
    """A basket, the page with the order button, the account, the latest order: with rows that are rolled back."""
    guest = _Visitor(found, language)
    _summary(guest)
    order = Order.objects.exclude(status="cancelled").order_by("-pk").first()
    if order is None:
        guest.miss("own pages", "no order yet")
    else:
        session = guest.client.session
        session[access.SESSION_KEY] = [order.pk]
        session.save()
        guest.see(reverse("orders:detail", args=[order.number]), "own pages")
    customer = _Visitor(found, language)
    somebody = User.objects.create_user(email="legal-check@localhost.invalid", password=None)
    customer.client.force_login(somebody, backend=settings.AUTHENTICATION_BACKENDS[0])
    customer.see(reverse("account:overview"), "own pages")


def _summary(guest: _Visitor) -> None:
    record = next((one for one in offered().order_by("-num_in_stock", "pk")[:20] if one.available), None)
    if record is None:
        guest.miss("summary", "nothing is in stock")
        return
    country = settings.KONTOR_HOME_COUNTRY
    ways = options(country=country, weight_g=_weight(record), goods_minor=record.price_minor)
    if not ways:
        guest.miss("summary", f"nothing is delivered to {country}")
        return
    guest.client.post(
        reverse("basket:add"), {"product_id": record.product_id, "quantity": 1}, **guest.options
    )
    guest.see(reverse("basket:summary"), "basket", PRICES)
    session = guest.client.session
    session[KEY] = asdict(
        Draft(
            email="legal-check@localhost.invalid",
            billing={**SOMEBODY, "line2": "", "country": country},
            delivery_code=ways[0].code,
            payment_method=PREPAYMENT,
        )
    )
    session.save()
    guest.see(reverse("checkout:summary"), "summary", "priced in the order")


def _weight(record: StockRecord) -> int:
    return record.product.weight_g or record.product.own_or_parent.weight_g


def _sent(found: Collection, language: str) -> None:
    """Texts as they are sent with an order, and the latest mails about orders."""
    for key in legal.KEYS:
        html = legal.text(key, language)
        if html:
            found.specimens.append(
                Specimen(f"sent {key}", language, frozenset({f"sent: {key}", "sent", "everything"}), html)
            )
    notice = render_to_string("mail/blocks/paragraph.html", {"block": guarantee.words()})
    found.specimens.append(
        Specimen("sent guarantee", language, frozenset({"sent: guarantee", "sent", "everything"}), notice)
    )
    for mail in OutgoingMail.objects.filter(order__isnull=False, language=language)[:MAILS]:
        scopes = frozenset({f"mail: {mail.kind}", "mail", "everything"})
        found.specimens.append(Specimen(f"mail {mail.pk} ({mail.kind})", language, scopes, mail.html))
