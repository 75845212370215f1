"""Until when one may withdraw is said to the shopper and to staff; what the law leaves out is said before the order,
kept with the order's line, accepted all the same, and never refunded by itself. The refund's 14 days are watched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalogue.exclusions import CHOICES, EXCLUSIONS
from catalogue.models import Product
from checkout.order.models import Order
from fulfilment.customer_service.withdrawals import actions
from fulfilment.customer_service.withdrawals import clock as refund_clock
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.period import withdrawal_until
from shop.dashboard.waiting import WAITING
from shop.notifications.models import OutgoingMail
from tests.checkout.test_steps import go_to_summary, put_in_basket
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_variant, place_order
from tests.factories.shortages import pay
from tests.shop.pages.help_steps import seen_order, text_of
from tests.shop.pages.test_help import delivered
from tests.walks.withdrawing import form_of

pytestmark = pytest.mark.django_db
URL = "/withdrawal/"
LIST = "/dashboard/service/withdrawals/"
SAID = {"name": "Erika Muster", "email": "erika@example.org", "language": "de"}


@pytest.fixture(autouse=True)
def _ground(db: None) -> Iterator[None]:
    make_country()
    ensure_vat()
    with translation.override("de"):
        yield


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_staff("service@example.org", "withdrawals.handle_withdrawals", "dashboard.enter"))
    return client


# The period


@pytest.mark.parametrize(
    ("delivered_on", "until"),
    [
        (dt.date(2026, 11, 2), dt.date(2026, 11, 16)),  # Monday to Monday
        (dt.date(2026, 11, 7), dt.date(2026, 11, 23)),  # a Saturday moves to Monday
        (dt.date(2026, 11, 8), dt.date(2026, 11, 23)),  # and a Sunday
        (dt.date(2026, 12, 11), dt.date(2026, 12, 28)),  # Christmas Day, and the weekend after it
        (dt.date(2026, 10, 16), dt.date(2026, 10, 30)),
        (dt.date(2025, 10, 17), dt.date(2025, 11, 3)),  # Reformation Day in some states, then a weekend
        (None, None),
    ],
)
def test_the_last_day_is_a_working_day(delivered_on: dt.date | None, until: dt.date | None) -> None:
    assert withdrawal_until(delivered_on) == until


def test_pages_say_until_when_and_afterwards_that_it_is_taken_all_the_same(
    client: Client, clock: Any
) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=1)
    pages = (f"{URL}?order={order.number}", f"/orders/{order.number}/")
    for page in pages:
        assert "Sie können bis zum 16. November 2026 widerrufen" in text_of(client.get(page))
    clock.stop(dt.datetime(2026, 11, 17, 10, tzinfo=dt.UTC))
    for page in pages:
        assert "endeten die 14 Tage am 16. November 2026" in text_of(client.get(page))
    second = client.post(URL, {**form_of(client.get(pages[0])), "step": "declare"})
    assert client.post(URL, {**form_of(second), "step": "confirm"}).status_code == 302, "always accepted"


def test_before_the_last_parcel_nothing_has_begun(client: Client) -> None:
    order = seen_order(client)
    assert "Ihre 14 Tage beginnen, wenn das letzte Paket" in text_of(
        client.get(f"{URL}?order={order.number}")
    )


def test_staff_see_that_a_declaration_came_late(client: Client, desk: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=14)
    in_time = actions.receive(key="a", contract=order.number, order=order, **SAID)  # type: ignore[arg-type]
    clock.advance(days=1)
    late = actions.receive(key="b", contract=order.number, order=order, **SAID)  # type: ignore[arg-type]
    words = "Nach den 14 Tagen erklärt"
    assert words not in text_of(desk.get(f"{LIST}{in_time.number}/"))
    assert words in text_of(desk.get(f"{LIST}{late.number}/"))


# What the law leaves out


def made_to_order(client: Client) -> Order:
    """An order of two lines, the first of which is made to the customer's wishes; seen by this browser."""
    order = seen_order(client)
    first = order.lines.order_by("pk")[0]
    order.lines.filter(pk=first.pk).update(withdrawal_exclusion="made_to_order")
    return order


WORDS = "Kein Widerrufsrecht: Der Artikel wird nach Ihren Wünschen gefertigt (§ 312g Abs. 2 Nr. 1 BGB)."


def test_it_is_said_on_the_product_before_the_order_and_in_the_confirmation(
    client: Client, outbox: Any
) -> None:
    record = make_variant()
    product = Product.objects.get(pk=record.product_id)
    page = product.get_absolute_url()
    assert WORDS not in text_of(client.get(page))
    shown = product.own_or_parent
    Product.objects.filter(pk=shown.pk).update(withdrawal_exclusion="made_to_order")
    assert WORDS in text_of(client.get(page))
    put_in_basket(client, record)
    assert WORDS in text_of(go_to_summary(client))
    order = place_order((record, 1), method="card")
    pay(order)
    assert order.lines.get().withdrawal_exclusion == "made_to_order", "the line keeps what was said"
    Product.objects.filter(pk=shown.pk).update(withdrawal_exclusion="")
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get(kind="order_confirmed", order=order)
    assert WORDS in " ".join(mail.text.split())


def test_the_function_says_it_beside_the_line_and_accepts_all_the_same(client: Client, desk: Client) -> None:
    order = made_to_order(client)
    first = client.get(f"{URL}?order={order.number}")
    assert WORDS in text_of(first) and WORDS in text_of(client.get(f"/orders/{order.number}/"))
    second = client.post(URL, {**form_of(first), "step": "declare"})
    assert WORDS in text_of(second) and "nehmen Ihre Erklärung trotzdem an" in text_of(second)
    assert client.post(URL, {**form_of(second), "step": "confirm"}).status_code == 302
    assert WORDS in text_of(desk.get(f"{LIST}{Withdrawal.objects.get().number}/"))


def test_of_a_part_only_the_chosen_lines_count(client: Client, desk: Client) -> None:
    order = made_to_order(client)
    other = order.lines.order_by("pk")[1]
    sent = {**form_of(client.get(f"{URL}?order={order.number}")), "scope": "part", f"line-{other.pk}": "1"}
    second = client.post(URL, {**sent, "step": "declare"})
    assert WORDS not in text_of(second)
    client.post(URL, {**form_of(second), "step": "confirm"})
    assert WORDS not in text_of(desk.get(f"{LIST}{Withdrawal.objects.get().number}/"))


def test_every_exclusion_has_its_words() -> None:
    assert [code for code, _title in CHOICES] == list(EXCLUSIONS)
    for one in EXCLUSIONS.values():
        assert f"Nr. {one.number} BGB" in one.text and ("Versiegelung" in one.text) == one.by_seal


# The refund's clock


def declare_on(day: dt.date, clock: Any, key: str, hour: int = 12) -> Withdrawal:
    clock.stop(dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC))
    return actions.receive(key=key, contract="Stiefel", **SAID)  # type: ignore[arg-type]


def test_refunds_due_and_late_are_listed_and_pointed_out(desk: Client, clock: Any) -> None:
    late = declare_on(dt.date(2026, 11, 1), clock, "a")
    today = declare_on(dt.date(2026, 11, 2), clock, "b", hour=22)  # 23:00 in Hamburg
    soon = declare_on(dt.date(2026, 11, 5), clock, "c")
    declare_on(dt.date(2026, 11, 6), clock, "d")
    done = declare_on(dt.date(2026, 11, 1), clock, "e")
    actions.acknowledge(withdrawal=done, by=None)
    actions.close(withdrawal=done, by=None, note="Geld ist zurück")
    clock.stop(dt.datetime(2026, 11, 16, 9, tzinfo=dt.UTC))

    def found(query: str) -> list[str]:
        return [row.number for row in desk.get(LIST + query).context["page"]]

    assert found("?refund=due&sort=refund") == [late.number, today.number, soon.number]
    assert found("?refund=late") == [late.number]
    assert {row.refund_by for row in refund_clock.late()} == {dt.date(2026, 11, 15)}
    html = text_of(desk.get(LIST))
    assert html.count("bald fällig") == 2, "today and in three days"
    assert desk.get(f"{LIST}?refund=quark").status_code == 400
    (waiting,) = [one for one in WAITING if one.code == "withdrawals_due"]
    assert waiting.rows().count() == 3
    assert found(f"?{waiting.query}") == [late.number, today.number, soon.number]


def test_pages_cost_the_same_however_many_lines(client: Client, desk: Client) -> None:
    def cost(lines: int) -> int:
        order = make_order(*[(make_variant(), 1) for _ in range(lines)])
        order.lines.update(withdrawal_exclusion="made_to_order")
        found = actions.receive(key=f"k{lines}", contract=order.number, order=order, **SAID)  # type: ignore[arg-type]
        desk.get(f"{LIST}{found.number}/")
        with CaptureQueriesContext(connection) as seen:
            desk.get(f"{LIST}{found.number}/")
        return len(seen)

    assert cost(2) == cost(8)
