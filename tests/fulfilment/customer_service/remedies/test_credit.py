"""Money without goods: a price reduction by line, goodwill, money back for articles; limits, approvals, two clerks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.customer_service.cases.models import ServicePolicy
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.warehouse.picking.models import PickList
from shop.approvals.actions import approve, decline
from shop.approvals.models import Approval, ApprovalLimit
from shop.kernel.models import Message
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.factories.shopping import place_order
from tests.factories.shortages import in_stock, pay
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.remedies.test_replacement import act, breaches, form_url
from tests.fulfilment.customer_service.returns.test_settlements import sent

pytestmark = pytest.mark.django_db
WHY = {"reason": "faulty", "words": "Kratzer am Absatz"}


@pytest.fixture
def clerk() -> Any:
    return make_staff(
        "service@example.org",
        *("remedies.use_remedies", "order.view_orders", "cases.view_cases", "cases.handle_cases"),
        *("approvals.view_approvals", "payment.refund_payments"),
    )


@pytest.fixture
def chief() -> Any:
    return make_staff("chef@example.org", "remedies.approve_remedies", "approvals.view_approvals")


def notes(order: Order) -> list[Invoice]:
    return list(Invoice.objects.filter(order=order, kind=CREDIT_NOTE).order_by("pk"))


def mixed(outbox: Any) -> Order:
    """A shoe at 19 % and a thing at 7 %, on one invoice."""
    shoe, thing = (
        in_stock(5, bin="A-01", price_minor=11_900),
        in_stock(5, bin="A-02", price_minor=10_700, vat_class="reduced"),
    )
    order = place_order((shoe, 1), (thing, 1))
    pay(order)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff())
    outbox.drain()
    order.refresh_from_db()
    return order


def test_a_reduction_takes_the_rate_of_its_article_and_sends_the_money_back(
    desk: Client, outbox: Any
) -> None:
    order = mixed(outbox)
    invoice = Invoice.objects.claims().get(order=order)
    thing = invoice.lines.get(rate_bp=700)
    vat = balance_minor("vat_7")
    case = make_case(key="c", order=order, quantities={thing.order_line_id: 1})
    page = desk.get(form_url(order, "price_reduction"), {"case": case.number})
    assert page.context["form"]["line"].initial == str(thing.pk)
    told, entries = Message.objects.count(), Entry.objects.count()
    first = desk.post(
        form_url(order, "price_reduction"),
        {**WHY, "line": thing.pk, "amount": "21,40", "case": case.number, "step": "show"},
    )
    text = first.content.decode()
    assert "21,40" in text and "1,40" in text and order.email in text
    assert (Message.objects.count(), Entry.objects.count(), notes(order)) == (told, entries, []), (
        "only rehearsed"
    )
    done = act(
        desk, order, "price_reduction",
        **WHY, line=thing.pk, amount="21,40", case=case.number, decide="on",
    )  # fmt: skip
    [note] = notes(order)
    assert (note.gross_minor, note.vat_minor, [row["rate_bp"] for row in note.taxes]) == (2_140, 140, [700])
    assert thing.name in note.lines.get().name and "Kratzer" not in note.reason
    assert note.number in done.content.decode() and "21,40" in done.content.decode()
    assert Refund.objects.get().amount_minor == 2_140
    assert balance_minor("vat_7") == vat + 140
    case.refresh_from_db()
    assert case.remedy == "price_reduction"
    outbox.drain()
    assert outbox.failures() == [] and breaches() == []


def test_what_is_shown_before_is_what_is_booked(desk: Client, outbox: Any) -> None:
    order = mixed(outbox)
    first = desk.post(form_url(order, "goodwill"), {**WHY, "amount": "10,00", "step": "show"})
    shown = [(row.account, row.debit_minor, row.credit_minor) for row in first.context["effects"].rows]
    act(desk, order, "goodwill", **WHY, amount="10,00")
    entry = Entry.objects.get(source=f"invoice:{notes(order)[0].number}")
    booked = [(str(line.account), line.debit_minor, line.credit_minor) for line in entry.lines.order_by("pk")]
    assert shown == booked and len(shown) > 3
    [(now, _rows), (later, money)] = first.context["effects"].entries
    assert now == "sofort" and "Geld" in later and sum(row.debit_minor for row in money) == 1_000


def test_goodwill_on_an_unpaid_invoice_is_taken_off_what_is_owed(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1, method="invoice")
    act(desk, order, "goodwill", **WHY, amount="10")
    invoice = Invoice.objects.claims().get(order=order)
    assert invoice.open_minor == invoice.gross_minor - 1_000 and not Refund.objects.exists()
    assert "1" in notes(order)[0].number and breaches() == []


def test_money_back_for_pieces_and_for_everything(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    act(desk, order, "money_back", **WHY, **{f"pieces-{line.pk}": 1})
    assert [note.gross_minor for note in notes(order)] == [9_990]
    act(desk, order, "money_back", **WHY, everything="on", shipping="on")
    assert sum(note.gross_minor for note in notes(order)) == order.total_minor
    assert sum(refund.amount_minor for refund in Refund.objects.all()) == order.total_minor
    assert "gutgeschrieben" in desk.get(form_url(order, "money_back")).content.decode()
    answer = desk.post(form_url(order, "goodwill"), {**WHY, "amount": "1", "step": "show"})
    assert answer.status_code == 409
    outbox.drain()
    assert breaches() == []


def test_a_piece_that_was_reduced_gives_back_what_was_paid_for_it(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    line = Invoice.objects.claims().get(order=order).lines.get()
    act(desk, order, "price_reduction", **WHY, line=line.pk, amount="20")
    act(desk, order, "money_back", **WHY, everything="on", shipping="on")
    assert sum(note.gross_minor for note in notes(order)) == order.total_minor
    assert sum(note.vat_minor for note in notes(order)) == Invoice.objects.claims().get(order=order).vat_minor
    outbox.drain()
    assert breaches() == []


def test_an_article_bears_its_own_reduction_and_no_other_does(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1, 1)  # 99.90 and 99.91 at one rate
    first, other = Invoice.objects.claims().get(order=order).lines.order_by("pk")
    act(desk, order, "price_reduction", **WHY, line=first.pk, amount="30")
    again = desk.post(
        form_url(order, "price_reduction"), {**WHY, "line": first.pk, "amount": "69,91", "step": "show"}
    )
    assert again.status_code == 409 and "69,90" in again.content.decode()
    for line, worth in ((other, 9_991), (first, 6_990)):
        act(desk, order, "money_back", **WHY, **{f"pieces-{line.order_line_id}": 1})
        assert notes(order)[-1].gross_minor == worth
    outbox.drain()
    assert breaches() == []


def test_two_clerks_who_mean_the_same_send_one_money(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    data = {**WHY, "amount": "10"}
    seen = [desk.post(form_url(order, "goodwill"), {**data, "step": "show"}) for _clerk in range(2)]
    answers = [
        desk.post(
            form_url(order, "goodwill"),
            {**data, "step": "do", "token": page.context["token"], "seen": page.context["seen"]},
        )
        for page in seen
    ]
    assert [answer.status_code for answer in answers] == [302, 409]
    assert Refund.objects.count() == Remedy.objects.count() == 1
    assert "noch einmal nach" in answers[1].content.decode()


def test_above_the_limit_it_waits_and_the_limit_counts_all_of_the_order(
    desk: Client, clerk: Any, chief: Any, outbox: Any
) -> None:
    order = sent(outbox, 2)
    act(desk, order, "goodwill", **WHY, amount="40")
    assert Remedy.objects.count() == 1 and not Approval.objects.exists()
    page = act(desk, order, "goodwill", **WHY, amount="15")
    asked = Approval.objects.get()
    assert asked.title in page.content.decode() and Remedy.objects.count() == 1, "40 and 15 are above 50"
    assert approve(approval=asked, by=chief).text
    assert Remedy.objects.filter(approved_by=chief, by=clerk).count() == 1
    assert sum(note.gross_minor for note in notes(order)) == 5_500
    ApprovalLimit.objects.create(kind="goodwill", role="", limit_minor=50_000)
    act(desk, order, "goodwill", **WHY, amount="15")
    assert Remedy.objects.count() == 3, "limits are data"


def test_a_request_is_due_in_business_hours_and_a_decline_reaches_who_asked(
    desk: Client, chief: Any, outbox: Any, clock: Any
) -> None:
    order = sent(outbox, 2)
    case = make_case(key="c", order=order)
    friday = dt.datetime(2026, 11, 27, 14, 0, tzinfo=dt.UTC)  # 15:00 in Hamburg; service closes at 17:00
    clock.stop(friday)
    act(desk, order, "goodwill", **WHY, amount="80", case=case.number)
    asked = Approval.objects.get()
    policy = ServicePolicy.current()
    assert asked.due_at == dt.datetime(2026, 11, 30, 14, 0, tzinfo=dt.UTC), policy
    decline(approval=asked, by=chief, words="Der Kunde hat schon ein neues Paar.")
    assert "schon ein neues Paar" in case.messages.filter(side="note").last().body
    assert "schon ein neues Paar" in desk.get(reverse("service:act", args=[order.number])).content.decode()
    assert not Remedy.objects.exists() and notes(order) == []


def test_what_was_approved_too_late_is_said_and_goes_on_waiting(
    desk: Client, chief: Any, outbox: Any
) -> None:
    from shop.approvals.kinds import CannotRun

    order = sent(outbox, 1)
    act(desk, order, "goodwill", **WHY, amount="60")
    act(desk, order, "money_back", **WHY, everything="on")
    with pytest.raises(CannotRun, match=r"gut(zu|ge)?schr"):
        approve(approval=Approval.objects.get(), by=chief)
    assert Approval.objects.get().state == "waiting" and Remedy.objects.count() == 1


@pytest.mark.parametrize(
    ("code", "bad"),
    [
        ("goodwill", {"amount": "0"}), ("goodwill", {"amount": "-5"}), ("goodwill", {"amount": "x"}),
        ("goodwill", {"amount": ""}), ("goodwill", {"amount": "1,234"}), ("goodwill", {"amount": "9" * 30}),
        ("price_reduction", {"amount": "1"}), ("price_reduction", {"amount": "1", "line": "999999"}),
        ("price_reduction", {"amount": "1", "line": "x"}), ("money_back", {}), ("money_back", {"reason": "x"}),
    ],
)  # fmt: skip
def test_bad_input_is_said_and_moves_nothing(
    desk: Client, outbox: Any, code: str, bad: dict[str, str]
) -> None:
    order = sent(outbox, 1)
    for step in ("show", "do"):
        answer = desk.post(form_url(order, code), {**WHY, **bad, "step": step})
        assert answer.status_code == 422 and answer.context["form"].errors
    assert not Remedy.objects.exists() and notes(order) == []


def test_more_than_there_is_is_said(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    assert desk.post(form_url(order, "goodwill"), {**WHY, "amount": "500", "step": "show"}).status_code == 409
    line = Invoice.objects.claims().get(order=order).lines.get()
    data = {**WHY, "line": line.pk, "amount": "99,91", "step": "show"}
    assert desk.post(form_url(order, "price_reduction"), data).status_code == 409
    other = sent(outbox, 1)
    assert desk.post(form_url(other, "price_reduction"), {**data, "amount": "1"}).status_code == 422


def test_the_screen_costs_the_same_for_one_and_many(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(reverse("service:act", args=[order.number])).status_code == 200
        return len(queries)

    act(desk, order, "goodwill", **WHY, amount="1")
    cost()
    first = cost()
    for _time in range(3):
        act(desk, order, "goodwill", **WHY, amount="1")
    assert cost() == first


@pytest.mark.parametrize("what", ["", "price_reduction", "money_back"])
def test_each_page_costs_the_same_for_one_line_and_invoice_and_for_many(
    desk: Client, outbox: Any, what: str
) -> None:
    def cost(order: Order) -> int:
        url = form_url(order, what) if what else reverse("service:act", args=[order.number])
        assert desk.get(url).status_code == 200
        with CaptureQueriesContext(connection) as queries:
            desk.get(url)
        return len(queries)

    one, many = sent(outbox, 1), sent(outbox, 1, 1, 2, 3)
    act(desk, one, "goodwill", **WHY, amount="1")
    act(desk, many, "goodwill", **WHY, amount="1")
    second = Invoice.objects.claims().get(order=many)
    lines = list(second.lines.all())
    second.pk, second.number, second.source = None, "2026-999999", "second"
    second.save(force_insert=True)
    for line in lines:
        line.pk, line.invoice = None, second
        line.save(force_insert=True)
    assert cost(many) == cost(one)
