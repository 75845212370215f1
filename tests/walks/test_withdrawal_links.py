"""The withdrawal is linked where the law wants it: on every page, at every step, in mails, beside the order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from shop.demo.pages import KEYS, SLUGS
from shop.kernel.access import PUBLIC, SHOPPER
from shop.notifications.models import OutgoingMail
from tests.checkout.test_steps import go_to_summary, put_in_basket
from tests.factories.orders import make_order
from tests.factories.shopping import make_user, make_variant
from tests.walks.withdrawing import URL, page
from tests.walks.withdrawing import ground as ground

pytestmark = pytest.mark.django_db


def test_the_confirmation_mail_says_where_to_withdraw(outbox: Any) -> None:
    order = make_order((make_variant(), 1))
    outbox.drain()
    assert f"{URL}?order={order.number}" in OutgoingMail.objects.get(kind="order_confirmed").text


def shop_addresses() -> list[str]:
    """Every address of the shop's side that needs no parts filled in."""

    def found(patterns: list[Any], prefix: str) -> Iterator[str]:
        for pattern in patterns:
            address = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from found(pattern.url_patterns, address)
            elif isinstance(pattern, URLPattern) and "<" not in address and not re.search(r"[\^$(]", address):
                ours = getattr(pattern.callback, "access", "") in (PUBLIC, SHOPPER)
                if ours or address.startswith("accounts/"):
                    yield f"/{address}"

    return sorted(set(found(get_resolver().url_patterns, "")))


def link_in_foot(answer: Any) -> str | None:
    """Where the link of the law in the foot of the page leads; None where there is none."""
    foot = page(answer).find(".//footer")
    links = list(foot.iter("a")) if foot is not None else []
    return next((a.get("href") for a in links if "".join(a.itertext()).strip() == "Vertrag widerrufen"), None)


def test_every_page_of_the_shop_links_the_withdrawal_in_its_foot(client: Client) -> None:
    person = make_user("kundin@example.org")
    order = make_order((make_variant(), 1), user=person)
    member, guest = Client(), client
    member.force_login(person)
    product = order.lines.get().product
    addresses = [
        *shop_addresses(),
        f"/orders/{order.number}/",
        product.get_absolute_url(),
        "/gibt/es/nicht/",
        URL,
    ]
    seen = 0
    for browser in (guest, member):
        browser.post(reverse("basket:add"), {"product_id": product.pk, "quantity": 1})
        for address in addresses:
            answer = browser.get(address)
            html = answer.content.decode(errors="replace") if not answer.streaming else ""
            whole_page = answer.get("Content-Type", "").startswith("text/html") and "<html" in html
            if answer.status_code in (200, 404) and whole_page:
                assert link_in_foot(answer) == URL, f"{address} lacks the link the law asks for"
                seen += 1
    assert seen > 25


def test_every_step_of_the_checkout_links_it_too(client: Client) -> None:
    put_in_basket(client, make_variant())
    summary = go_to_summary(client)
    steps = [client.get(reverse(f"checkout:{step}")) for step in ("contact", "delivery", "payment")]
    assert [link_in_foot(answer) for answer in (*steps, summary)] == [URL] * 4
    assert all(answer.status_code == 200 for answer in steps)


def test_the_link_stands_in_the_account_and_on_the_order_page_too(client: Client) -> None:
    person = make_user("kundin@example.org")
    order = make_order((make_variant(), 1), user=person)
    client.force_login(person)
    for address, target in (("/account/", URL), (f"/orders/{order.number}/", f"{URL}?order={order.number}")):
        html = client.get(address).content.decode().split("<footer", 1)[0]
        assert f'href="{target}"' in html and "Vertrag widerrufen" in html


def test_no_written_page_stands_where_the_function_stands() -> None:
    routes = {path.strip("/").split("/")[0] for path in shop_addresses()}
    assert "withdrawal" in routes
    taken = {slug for key in KEYS if key in SLUGS for slug in SLUGS[key].values()} & routes
    assert not taken, f"{taken}: the shop's own address would hide the written page"
