"""Bad input anywhere gets a clear message and a 4xx, never a 500: every form, every parameter, every address.

A crawler signs in, follows every link, and so finds real pages with real ids and the forms on them. Then each field of
each form, each parameter and each part of an address gets what nobody should send. What a form does is taken back.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import random
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from catalogue import tree
from catalogue.partner import vat
from checkout.payment.models import CustomerCredit
from checkout.payment.standin.process import StandIn
from fulfilment.finance.dunning import actions as dunning
from fulfilment.finance.dunning.calendar import business_day_from
from fulfilment.finance.reconciliation import actions as bank
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from shop.kernel.clock import frozen, now, today
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.offers import make_voucher
from tests.factories.orders import make_country
from tests.factories.range import make_category, make_product, variants
from tests.factories.shopping import make_user, make_variant, place_order
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything, send_everything
from tests.support import needs
from tests.support.helpers import Outbox
from tests.walks.crawler import Found, Person, crawl, taken_back

HUGE = "x" * 1_000_000
OWN_LIST = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "9" * 40,
    "-1",
    "0",
    "9223372036854775808",
    "1e309",
    "NaN",
    "-Infinity",
    "1,5.2",
    "٣",
    "½",
    "0x10",
    "2026-13-45",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "\u202eabc\u202c",
    "\u200f\u2066שלום",
    "👩‍👩‍👧‍👦🏴\U000e0067",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "Z\u0351\u036b\u0343" * 50,
    "<script>alert(1)</script>",
    "'; DROP TABLE order_order; --",
    "{{ 7*7 }}{% debug %}",
    "../../../../etc/passwd",
    "%00%ff%n%s",
    "a\r\nSet-Cookie: x=1",
    "\ufeff\ufffe\uffff",
    "[]",
    '{"$gt": ""}',
)
JUNK_IN_ADDRESSES = {
    "int": ("0", "999999", str(2**31), str(2**63), "9" * 40),
    "row": ("0", "999999", str(2**31), "9" * 18),
    "slug": ("x", "0", "K99999", "a" * 2000, "-"),
    "str": ("x", "%00", "..%2f..", "%F0%9F%99%82", "%27--", "a" * 2000, "%FF", "a:b:c"),
    "path": ("x/y", "%00", "../../etc/passwd", "a" * 2000, "%FF/%FE"),
    "uuid": ("00000000-0000-0000-0000-000000000000",),
}
COMMON_PARAMETERS = (
    "page",
    "sort",
    "q",
    "v",
    "next",
    "format",
    "search",
    "text",
    "line",
    "date",
    "first",
    "last",
)
PER_FIELD, PER_PARAMETER = 1, 1
STARTS = (
    "/",
    "/catalogue/",
    "/catalogue/search/?q=elb",
    "/basket/",
    "/checkout/",
    "/checkout/delivery/",
    "/checkout/payment/",
    "/checkout/summary/",
    "/orders/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/account/",
    "/dashboard/",
    "/i18n/setlang/",
)
ROLES = ("nobody", "shopper", "staff")


def naughty(count: int = 24) -> list[str]:
    """Our own list, and a sample of the Big List of Naughty Strings where it is on this machine."""
    path = needs.SHARED_DATA / "payloads" / "blns.json"
    theirs = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [*OWN_LIST, *random.Random(515).sample(theirs, min(count, len(theirs)))]


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Every address of our own with parts to fill in."""
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        elif "<" in address and "(?P" not in address and not address.startswith(("cms/", "documents/")):
            yield address


def filled_with_junk(address: str) -> Iterator[str]:
    """The address with each kind of junk in all its parts."""
    parts = re.findall(r"<(?:(\w+):)?\w+>", address)
    kinds = [JUNK_IN_ADDRESSES.get(kind or "str", JUNK_IN_ADDRESSES["str"]) for kind in parts]
    for turn in range(max(len(kind) for kind in kinds)):
        values = iter(kinds)
        yield "/" + re.sub(r"<[^>]+>", lambda _: (kind := next(values))[turn % len(kind)], address)


def world(staff: User, shopper: User) -> None:
    """One of everything: orders in every state, with what the warehouse and finance made of them."""
    category = make_category("Schuhe")
    make_category("Halbschuhe", parent=category)
    product = make_product("Elbschuh", category=category, colours=("navy", "moss"), stock=500)
    make_voucher("MOIN", percent=10)
    record = make_stockrecord(bins={"A-01": 90, "A-02": 40})
    make_country()
    drain = Outbox().drain
    orders = [place_order((record, 2), method="invoice", user=shopper) for _ in range(4)]
    drain()
    lists = [PickList.objects.get(order=order) for order in orders]
    send_everything(lists[0], by=staff)
    dispatch.pack(
        pick_list=pick_everything(lists[1], by=staff), quantities={orders[1].lines.get().pk: 1}, by=staff
    )
    picking.start(pick_list=lists[2], by=staff)
    place_order((variants(product)[0], 1), method="prepayment")
    bank.record(booked_on=today(), amount_minor=4_711, reference="1/1", text="?", by=staff)
    drain()
    with frozen(now() - dt.timedelta(days=60)):
        overdue = place_order((record, 1), method="invoice", user=shopper)
        drain()
        send_everything(PickList.objects.get(order=overdue), by=staff)
        drain()
    dunning.run(day=business_day_from(today(), "HH"))
    drain()


def visitors() -> dict[str, Person]:
    """Somebody with a basket and an order but no account, a customer, and staff who may do everything."""
    shopper = make_user("anna@example.org")
    staff = make_user("leitung@example.org", is_staff=True)
    staff.is_superuser = True
    staff.save()
    CustomerCredit.objects.get_or_create(user=shopper, defaults={"paid_orders": 1})
    world(staff, shopper)
    people = {
        "nobody": Person("nobody", None),
        "shopper": Person("shopper", shopper),
        "staff": Person("staff", staff),
    }
    for role in ("nobody", "shopper"):
        client = people[role].client
        for _ in range(2):
            put_in_basket(client, make_variant(stock=50))
            page = go_to_summary(client, "card")
            if _ == 0:
                client.post(reverse("checkout:summary"), order_button(page))
    return people


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: Any, standin_process: StandIn
) -> Iterator[tuple[dict[str, Person], Found]]:
    """The people and what they found; made once for all tests here and taken back."""
    vat.forget()
    logging.disable(logging.CRITICAL)  # each refusal would be written with its traceback
    standin_process.control("reset")
    with django_db_blocker.unblock(), taken_back():
        keys = {"STRIPE_SECRET_KEY": standin_process.secret_key, "STRIPE_API_BASE": standin_process.url}
        with override_settings(**keys):
            people, found = visitors(), Found()
            for person in people.values():
                crawl(person, STARTS, found)
            yield people, found
    logging.disable(logging.NOTSET)
    vat.forget()
    tree.forget()


def no_faults(people: dict[str, Person]) -> None:
    faults = [fault for person in people.values() for fault in person.faults]
    asked = sum(person.asked for person in people.values())
    for person in people.values():
        person.faults, person.asked = [], 0
    assert not faults, f"{len(faults)} of {asked} requests ended in a 500:\n" + "\n".join(_once_each(faults))


def _once_each(faults: list[str]) -> list[str]:
    """One fault per cause: the last line says it."""
    return list({fault.strip().splitlines()[-1] + fault.split("with")[0]: fault for fault in faults}.values())


def test_the_crawler_has_seen_the_house(house: tuple[dict[str, Person], Found]) -> None:
    people, found = house
    assert len(found.pages["nobody"]) > 9, sorted(found.pages["nobody"])
    assert any(re.match(r"/catalogue/[\w-]+_\d+/", path) for path in found.pages["nobody"])
    assert len(found.pages["staff"]) > 50, sorted(found.pages["staff"])
    assert len(found.forms) > 45, sorted(found.forms)
    actions = {form.action for form in found.forms.values()}
    for part in (
        "/basket/add/",
        "/checkout/summary/",
        "/scan/",
        "/dispatch/",
        "/receipts/record/",
        "/credit-note/",
    ):
        assert any(part in action for action in actions), f"no form for {part} was found: {sorted(actions)}"
    no_faults(people)


def test_a_fault_would_be_seen(
    house: tuple[dict[str, Person], Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    people, _found = house

    def broken(number: str, email: str) -> None:
        raise ValueError("\x00 is not for databases")

    monkeypatch.setattr("shop.pages.orders.ask_for_link", broken)
    people["nobody"].post("/orders/", {"number": "K1", "email": "a@example.org"})
    with pytest.raises(AssertionError, match="is not for databases"):
        no_faults(people)


def _one_of_each(names: Iterable[str]) -> list[str]:
    """Of the rows of a table of fields (``charge-0-amount``, ``charge-1-amount``) only the first."""
    return list({re.sub(r"\d+", "#", name): name for name in sorted(names, reverse=True)}.values())


@pytest.mark.parametrize("role", ROLES)
def test_naughty_strings_in_every_field_of_every_form(
    house: tuple[dict[str, Person], Found], role: str
) -> None:
    people, found = house
    strings, dice = naughty(), random.Random(7)
    person = people[role]
    for form in (form for form in found.forms.values() if form.role == role):
        person.post(form.action, {})
        names = [name for name in form.names if name != "csrfmiddlewaretoken"]
        for name in _one_of_each(names):
            for bad in dice.sample(strings, PER_FIELD):
                person.post(form.action, form.fields | {name: bad}, f"{name}={bad}")
        for bad in dice.sample(strings, 2):
            person.post(form.action, dict.fromkeys(names, bad), f"all={bad}")
        if names:
            person.post(form.action, form.fields | {dice.choice(names): HUGE}, "a megabyte")
    no_faults(people)


@pytest.mark.parametrize("role", ROLES)
def test_naughty_strings_in_every_query_parameter(house: tuple[dict[str, Person], Found], role: str) -> None:
    people, found = house
    strings, dice = [text[:3000] for text in naughty()], random.Random(9)
    person = people[role]
    for path in sorted(found.pages[role]):
        names = sorted(found.parameters[path] | set(dice.sample(COMMON_PARAMETERS, 3)))
        for name in names:
            for bad in dice.sample(strings, PER_PARAMETER):
                person.get(path, {name: bad})
        person.get(path, dict.fromkeys(names, dice.choice(strings)))
    no_faults(people)


@pytest.mark.parametrize("role", ROLES)
def test_junk_and_foreign_ids_in_every_address(house: tuple[dict[str, Person], Found], role: str) -> None:
    people, _found = house
    person = people[role]
    for address in addresses(get_resolver().url_patterns):
        for path in filled_with_junk(address):
            person.get(path)
            person.post(path, {})
    no_faults(people)


def test_other_peoples_pages_are_closed_not_broken(house: tuple[dict[str, Person], Found]) -> None:
    people, found = house
    for role, other in (
        ("nobody", "shopper"),
        ("shopper", "nobody"),
        ("shopper", "staff"),
        ("nobody", "staff"),
    ):
        for path in sorted(found.pages[other] - found.pages[role]):
            answer = people[role].get(path)
            assert "/dashboard/" not in path or answer.status_code in (302, 403, 404), (
                role,
                path,
                answer.status_code,
            )
        for form in (form for form in found.forms.values() if form.role == other):
            answer = people[role].post(form.action, form.fields)
            if "/dashboard/" in form.action:
                assert answer.status_code in (302, 403, 404), (role, form.action, answer.status_code)
                assert answer.status_code != 302 or "/login/" in answer["Location"], (role, form.action)
    no_faults(people)


def test_an_expired_session_leads_to_the_login_or_back_to_the_start(
    house: tuple[dict[str, Person], Found],
) -> None:
    people, found = house
    for role in ("shopper", "staff"):
        lost = Person(role, None)
        lost.client.cookies["sessionid"] = "x" * 32
        for form in (form for form in found.forms.values() if form.role == role):
            lost.get(form.page)
            lost.post(form.action, form.fields, "an expired session")
        assert lost.asked > 10
        no_faults({role: lost})


@pytest.mark.parametrize(
    "next_", ["2026-13-45", "home", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_after_the_basket_nothing_but_an_address_of_ours_leads_on(
    house: tuple[dict[str, Person], Found], next_: str
) -> None:
    people, found = house
    form = next(one for one in found.forms.values() if one.action == "/basket/add/" and one.role == "nobody")
    answer = people["nobody"].post(form.action, form.fields | {"next": next_})
    assert (answer.status_code, answer["Location"]) == (302, "/basket/")
    no_faults(people)


def test_a_form_without_its_token_is_refused_with_words(house: tuple[dict[str, Person], Found]) -> None:
    people, found = house
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    for form in found.forms.values():
        answer = strict.post(form.action, form.fields | {"csrfmiddlewaretoken": "x"})
        assert answer.status_code == 403, (form.action, answer.status_code)
    assert "Formular" in answer.content.decode()
