"""Reports of service: times, returns by product, cost of complaints, refunds by person; filtered, constant SQL."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from checkout.order.actions import cancel
from checkout.order.models import Order
from checkout.payment.actions import request_refund
from checkout.payment.models import Payment
from fulfilment.customer_service.cases import actions as cases
from fulfilment.customer_service.cases.hours import OpeningHours, minutes_between
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.figures import costs, goods, people, spans
from fulfilment.customer_service.figures.times import times
from fulfilment.customer_service.remedies import actions as remedies
from fulfilment.customer_service.remedies.acts import ACTS, Wish
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.kernel import clock as house
from tests.factories.cases import make_case
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import book, dock_bins
from tests.fulfilment.customer_service.returns.test_settlements import sent, skus, withdraw

pytestmark = pytest.mark.django_db
PAGES = ("times", "goods", "costs", "people")
MONDAY = dt.datetime(2026, 11, 2, 9, 0)
FIRST, LAST = dt.date(2026, 11, 2), dt.date(2026, 11, 15)
OPENING = OpeningHours(dt.time(9), dt.time(17))


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime(2026, 11, day, hour, minute))


@pytest.fixture
def desk(client: Client, clock: Any) -> Client:
    clock.stop()  # what happened today is asked for afterwards
    make_country()
    ensure_vat()
    dock_bins()
    person = make_staff("chefin@example.org", "cases.view_figures", "cases.see_people")
    client.force_login(person)
    return client


# ---- figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        (at(2, 9), at(2, 10, 30), 90), (at(2, 16, 30), at(3, 9, 30), 60), (at(6, 16), at(9, 10), 120),
        (at(7, 10), at(8, 12), 0), (at(2, 7), at(2, 9, 1), 1), (at(3, 9), at(2, 9), 0), (at(2, 9), at(9, 9), 5 * 480),
    ],
)  # fmt: skip
def test_only_business_time_counts(start: dt.datetime, end: dt.datetime, minutes: int) -> None:
    assert minutes_between(start, end, OPENING) == minutes


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [([], 50, None), ([7], 90, 7), ([1, 2, 3, 4], 50, 2), (list(range(1, 11)), 90, 9), ([5, 1, 3], 50, 3)],
)
def test_percentiles_by_nearest_rank(values: list[int], percent: int, found: int | None) -> None:
    assert spans.percentile(values, percent) == found


def test_weeks_and_months_begin_where_people_expect_it() -> None:
    assert list(spans.spans(dt.date(2026, 12, 30), dt.date(2027, 1, 5), spans.WEEK)) == [
        dt.date(2026, 12, 28),
        dt.date(2027, 1, 4),
    ]
    assert list(spans.spans(dt.date(2026, 11, 30), dt.date(2027, 1, 1), spans.MONTH)) == [
        dt.date(2026, 11, 1),
        dt.date(2026, 12, 1),
        dt.date(2027, 1, 1),
    ]


def test_times_are_measured_and_what_is_due_and_not_done_is_late(clock: Any) -> None:
    clerk = make_staff("clerk@example.org")
    clock.stop(at(2, 9))
    quick, late, silent = (make_case(key=key) for key in ("quick", "late", "silent"))
    clock.stop(at(2, 10))
    cases.answer(case=quick, body="Gern.", key="a1", seen=quick.last_message_id, by=clerk)
    clock.stop(at(4, 9))
    cases.answer(case=late, body="Entschuldigung.", key="a2", seen=late.last_message_id, by=clerk)
    cases.close(case=Case.objects.get(pk=quick.pk), by=clerk, why="erledigt")
    make_case(key="fresh")
    found = times(FIRST, LAST, spans.WEEK)
    (week,) = found.values()
    assert week.opened == 4 and sorted(week.answers) == [60, 960] and week.solutions == [960]
    assert week.answer == (60, 960, 3_333)  # one of three: the silent one is late, the fresh one not due
    assert week.solution == (960, 960, 10_000)
    assert times(FIRST, LAST, spans.WEEK, "question") == {}
    assert silent.answered_at is None


def test_returns_are_counted_by_product_and_by_what_brought_them_back(outbox: Any, desk: Client) -> None:
    order = sent(outbox, 3, 2)
    one, two = skus(order)
    case = make_case(order=order)
    for cause, sku, pieces, grade in (("", one, 2, "a"), (f"case:{case.number}", two, 1, "b")):
        line = order.lines.get(partner_sku=sku)
        if not cause:
            withdraw(order, {line.pk: pieces})
            outbox.drain()
        returning = (
            Return.objects.get(order=order)
            if not cause
            else dock.announce(order_id=order.pk, lines={line.pk: pieces}, cause=cause)
        )
        place = ("shelf", "A-00") if grade == "a" else ("b_stock", "B-STOCK-01")
        book(returning, sku, pieces, grade, *place)
        dock.finish(returning=Return.objects.get(pk=returning.pk), by=make_staff())  # type: ignore[union-attr]
        outbox.drain()
    today = house.today()
    found = {
        (row.sent, row.back, tuple(row.origins), tuple(row.grades)) for row in goods.by_product(today, today)
    }
    assert found == {(3, 2, ("withdrawal",), ("a",)), (2, 1, ("warranty",), ("b",))}
    assert len(goods.by_product(today, today, one)) == 1
    assert goods.by_product(dt.date(2020, 1, 1), dt.date(2020, 1, 2)) == []


def test_complaints_cost_what_finance_credited_and_the_dock_threw_away(outbox: Any, desk: Client) -> None:
    order = sent(outbox, 2)
    make_case(order=order)
    claim = Invoice.objects.claims().get(order=order)
    credit_note(invoice=claim, source="goodwill:1", reason="late", amount_minor=1_190)
    credit_note(invoice=claim, source="ship:1", reason="late", with_shipping=True)
    returning = dock.announce(order_id=order.pk, lines={order.lines.get().pk: 1}, cause="")
    assert returning is not None
    book(returning, skus(order)[0], 1, "scrap", "disposal")
    today = house.today()
    (found,) = costs.costs(today, today, spans.MONTH).values()
    assert (found.complaints, found.goodwill_minor, found.credited_minor, found.disposed_minor) == (
        1,
        1_000,
        0,
        4_000,
    )


def do(code: str, order: Order, clerk: Any, **data: Any) -> Remedy:
    """One remedy as its screen carries it out."""
    act, wish = (
        ACTS[code],
        Wish(order, {"reason": "faulty", "words": "Naht", **data}, clerk, Case.objects.get()),
    )
    seen = remedies.seal(order, remedies.effects_of(act, wish))
    found = remedies.carry_out(act=act, wish=wish, key=f"{code}-{Remedy.objects.count()}", seen=seen).remedy
    assert found is not None
    return found


def test_new_goods_count_at_cost_and_a_reduction_once_as_its_credit_note(outbox: Any, desk: Client) -> None:
    order, clerk = sent(outbox, 3), make_staff("clerk@example.org")
    line = order.lines.get()
    make_case(order=order)
    new = do("replacement", order, clerk, pieces={str(line.pk): 1}, back=True)
    invoiced = Invoice.objects.claims().get(order=order).lines.get(order_line_id=line.pk)
    do("price_reduction", order, clerk, line=str(invoiced.pk), amount=1_190)
    off = do("replacement", order, clerk, pieces={str(line.pk): 1})
    assert off.made_order is not None
    cancel(order=off.made_order, by=clerk, why="doch nicht")
    outbox.drain()
    # What comes back for the new pair is thrown away: of the two pairs the shop lost one.
    book(Return.objects.get(cause__startswith="replacement:"), skus(order)[0], 1, "scrap", "disposal")
    today = house.today()
    (found,) = costs.costs(today, today, spans.MONTH).values()
    assert (found.replaced_minor, found.goodwill_minor, found.disposed_minor) == (new.cost_minor, 1_000, 0)
    assert (new.cost_minor, found.total_minor, found.complaints) == (4_000, 5_000, 1)
    page = desk.get(url("costs"), {"by": "month"}).content.decode()
    assert "Noch einmal gesendet" in page and "40,00" in page and "50,00" in page
    yesterday = today - dt.timedelta(days=1)
    assert costs.costs(yesterday, yesterday, spans.MONTH) == {}


def test_refunds_are_summed_by_who_asked_for_them(outbox: Any, desk: Client) -> None:
    order = sent(outbox, 2)
    payment, clerk = Payment.objects.get(order=order), make_staff("clerk@example.org")
    for n, (amount, by) in enumerate(((500, clerk), (700, clerk), (100, None))):
        request_refund(payment=payment, amount_minor=amount, source=f"t:{n}", reason="x", by=by)
    refund = request_refund(payment=payment, amount_minor=900, source="t:9", reason="x", by=clerk)
    type(refund).objects.filter(pk=refund.pk).update(state="failed")
    today = house.today()
    rows = [
        (row.user, row.count, row.amount_minor, row.largest_minor, row.failed)
        for row in people.by_person(today, today)
    ]
    assert rows == [(clerk, 2, 1_200, 700, 1), (None, 1, 100, 100, 0)]


# ---- pages -----------------------------------------------------------------------------------------------------------


def url(name: str) -> str:
    return reverse(f"service:figures-{name}")


def busy(outbox: Any, key: str) -> None:
    order = sent(outbox, 1)
    make_case(key=key, order=order)
    payment = Payment.objects.get(order=order)
    credit_note(
        invoice=Invoice.objects.claims().get(order=order), source=f"g:{key}", reason="late", amount_minor=119
    )
    request_refund(payment=payment, amount_minor=119, source=f"g:{key}", reason="x", by=make_staff())


def test_every_report_opens_empty_and_full_as_page_csv_and_pdf(desk: Client, outbox: Any) -> None:
    for name in PAGES:
        assert desk.get(url(name)).context["rows"] == []
    busy(outbox, "one")
    for name in PAGES:
        for language in ("de", "en"):
            page = desk.get(url(name), {"by": "month"}, headers={"accept-language": language})
            assert page.status_code == 200 and page.context["rows"], name
        sheet = desk.get(url(name), {"format": "csv"}).content.decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(sheet), delimiter=";"))) > 1, name
        assert desk.get(url(name), {"format": "pdf"}).content.startswith(b"%PDF")
    assert desk.get(reverse("service:figures")).status_code == 200


def test_no_report_needs_more_queries_for_more_rows(desk: Client, outbox: Any) -> None:
    def cost(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(url(name)).status_code == 200
        return len(queries)

    busy(outbox, "one")
    [cost(name) for name in PAGES]
    few = [cost(name) for name in PAGES]
    for n in range(3):
        busy(outbox, f"more{n}")
    assert [cost(name) for name in PAGES] == few


@pytest.mark.parametrize(
    "query",
    [
        {"first": "x"}, {"last": "2026-13-01"}, {"first": "2026-02-01", "last": "2026-01-01"}, {"first": ""},
        {"first": "2010-01-01", "last": "2020-01-01"},
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(desk: Client, query: dict[str, str]) -> None:
    for name in PAGES:
        page = desk.get(url(name), query)
        assert page.status_code == 400 and page.context["form"].errors, name
    assert desk.get(url("times"), {"by": "year", "kind": "x"}).status_code == 400


def test_who_sent_money_back_is_only_for_those_who_lead(client: Client) -> None:
    client.force_login(make_staff("service@example.org", "cases.view_figures"))
    assert client.get(url("people")).status_code == 403
    page = client.get(reverse("service:figures"))
    assert url("people") not in page.content.decode() and url("times") in page.content.decode()
