"""Roles see only the fields their work needs. Somebody with unmistakable data orders, complains, withdraws and waits
for money; then each role walks every page it can reach, and what it must not see is on none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from lxml import html

from checkout.order.models import Order, ShippingAddress
from checkout.payment.models import Refund
from fulfilment.customer_service.cases import pictures
from fulfilment.warehouse.picking.models import PickList
from shop.audit.models import Access
from shop.customers.models import User
from tests.factories.cases import make_case, picture_bytes
from tests.factories.people import make_staff, make_user
from tests.factories.returns import dock_bins
from tests.factories.shopping import place_order
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.test_withdrawals import declare
from tests.fulfilment.finance.sepa.money import our_account, prepaid, refund_of
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = pytest.mark.django_db

EMAIL, PHONE, IBAN = "zacharias.pflanze@geheim.example", "+49 40 7654321", "DE02120300000000202051"
NAME = "Pflanzengeheimer"
COMPLAINT = "Die Naht ist gerissen, sagt Zacharias."
SAMPLES = 2  #: pages looked at per address
PAGES_MAX = 700


@dataclass
class World:
    """A person of whom everything is known, and what is open about them."""

    buyer: User
    order: Order
    waiting: Order
    refund: Refund
    picture: str


@pytest.fixture
def world(outbox: Any) -> World:
    dock_bins()
    our_account()
    buyer = make_user(EMAIL, first_name="Zacharias", last_name=NAME, phone=PHONE)
    order = place_order((shoe_in_stock(9), 2), method="invoice", user=buyer, email=EMAIL)
    Order.objects.filter(pk=order.pk).update(phone=PHONE)
    ShippingAddress.objects.filter(order=order).update(phone_number=PHONE.replace(" ", ""), last_name=NAME)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff("packt@example.org"))
    outbox.drain()
    (row,) = pictures.store([pictures.draw(picture_bytes())])
    case = make_case(order=order, email=EMAIL, name=f"Zacharias {NAME}", body=COMPLAINT, pictures=[row])
    declare(key="one", contract=order.number, email=EMAIL, order=order)
    place_order((shoe_in_stock(9), 1), method="invoice", user=buyer, email=EMAIL)
    waiting = prepaid(iban=IBAN, payer=f"Zacharias {NAME}")
    Order.objects.filter(pk=waiting.pk).update(guest_email=EMAIL)
    refund = refund_of(waiting)
    outbox.drain()
    picture = reverse("service:case-picture", args=[case.number, row.pk])
    return World(buyer, order, waiting, refund, picture)


@dataclass
class Walk:
    """Pages by the name of their address, as text."""

    pages: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def with_text(self, *words: str) -> list[str]:
        """Addresses of pages that show one of the words."""
        return [
            f"{name} {address} shows {word!r}"
            for name, found in self.pages.items()
            for address, text in found
            for word in words
            if word in text
        ]


def walk(client: Client, *starts: str) -> Walk:
    """Follow every link from ``starts``: of each address the first few pages."""
    found, waiting, seen = Walk(), [*starts], set(starts)
    while waiting and len(seen) < PAGES_MAX:
        address = waiting.pop(0)
        try:
            name = resolve(urlsplit(address).path).view_name
        except Resolver404:
            continue
        if len(found.pages.get(name, [])) >= SAMPLES or address.endswith("/download/"):
            continue
        answer = client.get(address)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code != 200 or not kind.startswith(("text/html", "text/csv", "application/json")):
            continue
        text = answer.content.decode()
        found.pages.setdefault(name, []).append((address, unescape(text)))
        if not kind.startswith("text/html") or not text.strip():
            continue
        for link in html.fromstring(text).xpath("//a/@href"):
            target = (
                link if link.startswith("/") else address.split("?")[0] + link if link.startswith("?") else ""
            )
            if target.startswith("/dashboard/") and target not in seen:
                seen.add(target)
                waiting.append(target)
    return found


def starts(world: World) -> list[str]:
    """Where a walk begins: the first page, and things that no list may lead to any more."""
    return [
        "/dashboard/",
        *(reverse("dashboard:order", args=[order.number]) for order in (world.order, world.waiting)),
        reverse("dashboard:order-why", args=[world.order.number]),
        reverse("dashboard:customer", args=[world.buyer.pk]),
        reverse("warehouse:order-address", args=[world.order.number]),
        reverse("warehouse:order-contact", args=[world.order.number]),
        world.picture,
    ]


def test_a_picker_sees_no_email_address_no_phone_no_account_and_no_complaint(
    as_role: Callable[[str], Client], world: World
) -> None:
    seen = walk(as_role("warehouse"), *starts(world))
    assert {"warehouse:pick-lists", "warehouse:parcels", "warehouse:returns", "warehouse:packing"} <= set(
        seen.pages
    )
    assert len(seen.pages) > 30
    assert not seen.with_text(EMAIL, PHONE, PHONE.replace(" ", ""), IBAN, COMPLAINT)


def test_finance_sees_no_complaint_and_none_of_its_pictures(
    as_role: Callable[[str], Client], world: World
) -> None:
    client = as_role("finance")
    seen = walk(client, *starts(world))
    assert {"finance:invoices", "dashboard:orders", "finance:transfers"} <= set(seen.pages)
    assert not seen.with_text(COMPLAINT, world.picture)
    assert client.get(world.picture).status_code == 403


def test_service_sees_an_account_masked_until_a_refund_to_it_is_due(
    as_role: Callable[[str], Client], world: World
) -> None:
    client = as_role("service")
    account = reverse("dashboard:refund-account", args=[world.waiting.number, world.refund.pk])
    seen = walk(client, *starts(world))
    shown = [words for words in seen.with_text(IBAN) if not words.startswith("dashboard:refund-account")]
    assert not shown
    answer = client.get(account)
    assert answer.status_code == 200 and IBAN in answer.content.decode().replace(" ", "")
    row = Access.objects.filter(page="dashboard:refund-account").first()
    assert row is not None and (row.kind, row.key) == ("account", f"refund {world.refund.pk}")

    Refund.objects.filter(pk=world.refund.pk).update(state="succeeded")
    text = client.get(account).content.decode()
    assert IBAN not in text.replace(" ", "") and "DE02 … 2051" in text
    assert as_role("warehouse").get(account).status_code == 403
    assert (
        client.get(
            reverse("dashboard:refund-account", args=[world.order.number, world.refund.pk])
        ).status_code
        == 404
    )


def test_every_page_that_shows_somebody_is_written_down(
    as_role: Callable[[str], Client], world: World
) -> None:
    """The written table of addresses that show nobody's data, held against what the pages really show."""
    seen = walk(as_role("administrator"), *starts(world))
    assert len(seen.pages) > 100
    silent = sorted(
        {
            f"{name} shows {word!r} and does not say so: @staff_view(..., shows=...)"
            for name, found in seen.pages.items()
            for address, text in found
            for word in (EMAIL, PHONE, PHONE.replace(" ", ""), IBAN, NAME)
            if word in text and not getattr(resolve(urlsplit(address).path).func, "shows", "")
        }
    )
    assert not silent, "\n".join(silent)
