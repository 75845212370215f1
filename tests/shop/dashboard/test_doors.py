"""Every address that is not staff's stands in a written table too: who comes in. Each is asked for real, as nobody, as
customers, and as every role; what belongs to one customer is shown to no other, whatever number they type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from checkout.order.models import Order
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving.models import Return
from shop.dashboard.roles import ROLES
from shop.kernel.access import PUBLIC, SHOPPER
from tests.factories.cases import make_case
from tests.factories.people import make_staff, make_user
from tests.factories.shopping import place_order
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.test_withdrawals import declare
from tests.shop.dashboard.test_roles import ADDRESSES, OFFICE, row_of
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = pytest.mark.django_db

#: Who comes in -> names of addresses. An address without a row fails below.
DOORS = {
    PUBLIC: """
        :healthz :readyz :metrics
        :set_language :media :home payments:stripe-webhook carriers:dhl-webhook catalogue:index
        catalogue:search catalogue:suggestions catalogue:category catalogue:detail :robots :sitemap
        :sitemap-part
        basket:later_keep basket:later_back basket:later_drop basket:later_again basket:estimate
        basket:summary basket:add basket:update basket:remove basket:voucher_add basket:voucher_remove
        checkout:start checkout:longer
        checkout:contact checkout:delivery checkout:payment checkout:summary checkout:pay checkout:return
        checkout:pay-otherwise orders:lookup orders:open orders:shortage orders:detail orders:change orders:invoice
        orders:agreed
        orders:xrechnung orders:return-slip orders:return-label orders:return-label-code orders:return-sent
        orders:return-back orders:exchange
        dunning-pay:open dunning-pay:promise dunning-pay:start-card dunning-pay:card dunning-pay:back
        reviews:product reviews:report alerts:ask alerts:asked alerts:alert wishes:shared
        :withdrawal :withdrawal-receipt :help :help-draft :help-case :help-sent :help-settled :help-picture
        :newsletter :newsletter-confirm :newsletter-leave""",
    SHOPPER: """
        account:reorder account:newsletter account:delete account:delete_undo account:data
        account:overview account:orders account:order account:invoices account:credit account:requests account:addresses
        account:address_new account:address account:address_default account:address_delete account:profile
        account:sessions
        reviews:mine reviews:write wishes:list wishes:add wishes:share wishes:remove""",
}
#: Addresses of libraries, by how they begin -> which roles see what lies behind (None: they guard themselves).
LIBRARIES: dict[str, set[str] | None] = {
    "accounts/": None,
    "documents/": None,
    "_util/": None,
    "^cms/password_reset/": None,  # leads to the shop's own door
    "cms/": {"marketing"} | OFFICE,
    "^((?:": None,  # pages of the shop, by their own address
}
#: Of the editor, what must be reached before one is in.
BEFORE_THE_EDITOR = ("cms/login/", "cms/password_reset", "cms/jsi18n", "cms/sprite", "cms/test404")
PARTS: dict[str, Any] = {
    "number": "K99999", "invoice": "R2026-999999", "token": "x", "name": "x", "slug": "x", "kind": "shipping", "pk": 1,
    "line_id": 1, "returning": "RT99999", "key": "x",
}  # fmt: skip
EMAIL, NAME = "zacharias.pflanze@geheim.example", "Pflanzengeheimer"


def others() -> Iterator[tuple[str, str, Any]]:
    """(name, pattern, view) of every address that asks for no permission of staff."""

    def walk(patterns: list[Any], space: str, before: str) -> Iterator[tuple[str, str, Any]]:
        for pattern in patterns:
            address = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, pattern.namespace or space, address)
            elif isinstance(pattern, URLPattern):
                if getattr(pattern.callback, "access", PUBLIC) in (PUBLIC, SHOPPER):
                    yield f"{space}:{pattern.name}", address, pattern.callback

    yield from walk(get_resolver().url_patterns, "", "")


def is_of_a_library(address: str) -> bool:
    return address.startswith(tuple(LIBRARIES))


OURS = [(name, view) for name, address, view in others() if not is_of_a_library(address)]
NEEDS = {
    name: re.findall(r"<\w+:(\w+)>", address)
    for name, address, _view in others()
    if not is_of_a_library(address)
}


def written() -> dict[str, str]:
    """Name of each address of the table -> who comes in."""
    return {name: who for who, names in DOORS.items() for name in names.split()}


def address_of(name: str, **real: Any) -> str:
    """The address with made-up parts, or real ones."""
    return reverse(name.removeprefix(":"), kwargs={part: {**PARTS, **real}[part] for part in NEEDS[name]})


#: Where the editor sends who may not do something there.
REFUSED_AT = ("/cms/",)
FILLED = re.compile(r"<[^>]+>|\(\?P<\w+>[^)]*\)|\(\?:[^)]*\)")


def editors_addresses() -> Iterator[str]:
    """Every address of the editor, 1 in its parts; each leads to its own view."""
    for _name, pattern, view in others():
        if pattern.startswith("cms/") and not pattern.startswith(BEFORE_THE_EDITOR) and ".*" not in pattern:
            address = "/" + re.sub(r"\\(.)", r"\1", FILLED.sub("1", pattern)).replace("^", "").replace(
                "$", ""
            )
            assert resolve(address).func is view, f"{pattern}: {address} leads elsewhere"
            yield address


def test_every_address_that_is_not_staffs_has_a_row() -> None:
    missing = sorted({name for name, _view in OURS} - written().keys())
    assert not missing, f"{missing}: write down in DOORS who comes in"
    assert not written().keys() - {name for name, _view in OURS}, "the table names what is not there any more"


def test_each_lets_in_whom_the_table_says() -> None:
    wrong = [name for name, view in OURS if view.access != written()[name]]
    assert not wrong


def test_nobody_signed_in_is_sent_to_the_login_from_what_is_a_customers(client: Client) -> None:
    for name, who in written().items():
        for answer in (client.get(address_of(name)), client.post(address_of(name))):
            at_login = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
            assert at_login is (who == SHOPPER), f"{name}: {answer.status_code}"


@pytest.mark.parametrize("address", ["/payments/stripe/webhook", "/carriers/dhl/webhook"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_a_webhook_sent_as_a_form_is_refused_and_no_error(
    address: str, kind: str, client: Client, settings: Any
) -> None:
    settings.CARRIER_WEBHOOK_SECRET = "whsec_of_a_test"
    answer = client.post(address, data=b"--x--\r\n", content_type=kind)
    assert answer.status_code == 400


@pytest.mark.parametrize("who", ["customer", *ROLES])
def test_whoever_is_signed_in_meets_no_error_and_no_wall_on_the_shops_side(
    who: str, as_role: Callable[[str], Client]
) -> None:
    client = Client() if who == "customer" else as_role(who)
    if who == "customer":
        client.force_login(make_user("kunde@example.org"))
    wrong = []
    for name in written():
        status = client.get(address_of(name)).status_code
        if status >= 500 or status in (401, 403):
            wrong.append(f"{name}: {status}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ["nobody", "customer", *sorted(set(ROLES) - (LIBRARIES["cms/"] or set()))])
def test_the_editor_is_shut_for_whoever_edits_no_pages(who: str, as_role: Callable[[str], Client]) -> None:
    client = Client() if who in ("nobody", "customer") else as_role(who)
    if who == "customer":
        client.force_login(make_user("kunde@example.org"))
    inside, asked = [], 0
    for address in editors_addresses():
        for method in (client.get, client.post):
            answer, asked = method(address), asked + 1
            at_login = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
            if answer.status_code not in (400, 403, 404) and not (
                at_login or answer.get("Location") in REFUSED_AT
            ):
                inside.append(
                    f"{method.__name__} {address}: {answer.status_code} {answer.get('Location', '')}"
                )
    assert not inside, "\n".join(inside)
    assert asked > 300


@pytest.mark.parametrize("role", list(ROLES))
def test_posting_to_what_is_not_ones_own_is_refused_for_every_role(
    role: str, as_role: Callable[[str], Client]
) -> None:
    client = as_role(role)
    let_in = [
        f"{name} {address}"
        for name, address, _access in ADDRESSES
        if role not in row_of(name) and client.post(address).status_code != 403
    ]
    assert not let_in


@pytest.mark.parametrize("stranger", ["nobody", "another customer", "warehouse"])
def test_what_is_one_customers_is_shown_to_no_other(
    stranger: str, as_role: Callable[[str], Client], outbox: Any
) -> None:
    buyer = make_user(EMAIL, first_name="Zacharias", last_name=NAME)
    order = place_order((shoe_in_stock(9), 1), method="invoice", user=buyer, email=EMAIL)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff("packt@example.org"))
    outbox.drain()
    make_case(order=order, email=EMAIL, name=f"Zacharias {NAME}")
    declare(key="one", contract=order.number, email=EMAIL, order=order)
    outbox.drain()
    returning = Return.objects.get(order=order).number
    Order.objects.filter(pk=order.pk).update(phone="+49407654321")
    invoice = Invoice.objects.get(order=order).number
    client = as_role("warehouse") if stranger == "warehouse" else Client()
    if stranger == "another customer":
        client.force_login(make_user("andere@example.org"))
    leaks, met = [], 0
    for name in written():
        answer = client.get(
            address_of(name, number=order.number, invoice=invoice, returning=returning), follow=True
        )
        met += answer.status_code in (200, 404)
        body = answer.content.decode(errors="replace") if not answer.streaming else ""
        leaks += [f"{name} shows {word!r}" for word in (EMAIL, NAME, "7654321") if word in body]
        leaks += (
            [f"{name} gives a file"] if answer.headers.get("Content-Type", "") == "application/pdf" else []
        )
    assert not leaks, "\n".join(leaks)
    assert met > len(written()) // 2
    mine = Client()
    mine.force_login(buyer)
    assert order.number in mine.get(reverse("account:orders")).content.decode()
