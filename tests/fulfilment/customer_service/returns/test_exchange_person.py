"""An exchange that needs a person: traces, pieces missing, another hold, an invoice given up; and who lets goods go."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout.order.actions import hold
from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.customer_service.returns import actions, exchange, exchange_end, told, verify
from fulfilment.customer_service.returns.models import Exchange, Settlement
from fulfilment.finance.dunning.actions.write_off import write_off
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice, InvoiceLine
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.approvals.models import ApprovalLimit
from shop.dashboard.models import StaffAction
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins

from .test_exchange import other_size, swap
from .test_exchange_end import accepted, cancel, pay_out, returning_of
from .test_settlements import _verified, come_back, sent, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("boss@example.org", "order.view_orders", "order.manage_orders"))
    return client


def state(made: Exchange) -> tuple[str, bool]:
    """The exchange's, and whether its order is on hold."""
    made = Exchange.objects.select_related("made").get(pk=made.pk)
    return made.state, made.made.on_hold


# ---- it cannot be finished by itself ---------------------------------------------------------------------------------


def test_goods_with_traces_leave_goods_and_money_to_a_person(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    found = accepted(outbox, made, "b")
    assert (found.state, found.waits_because, state(made)) == ("proposed", "exchange", ("waiting", True))
    made.made.refresh_from_db()
    assert found.returning.number in made.made.hold_reason, "the hold says that the goods are here"
    with pytest.raises(actions.NotSo):
        pay_out(found)
    exchange_end.release(order=made.made, by=make_staff())
    found.refresh_from_db()
    assert (found.state, state(made)) == ("nothing_due", ("sent", False))
    assert made.made.number in found.kept_why and _verified() == []


def test_traces_and_no_new_goods_after_all_bring_the_money_less_the_loss(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    found = accepted(outbox, made, "b")
    cancel(outbox, made.made)
    found.refresh_from_db()
    assert (found.state, found.waits_because) == ("proposed", "cancelled")
    pay_out(found, kept=1_990)
    assert Refund.objects.get().amount_minor == 8_000 and _verified() == []


def test_one_of_two_pieces_waits_for_a_person(outbox: Any) -> None:
    order = sent(outbox, 2)
    made = swap(order, other_size(order), pieces=2)
    found = come_back(outbox, returning_of(made), {order.lines.get().partner_sku: 1})
    assert (found.state, found.waits_because, state(made)) == ("proposed", "exchange", ("waiting", True))


def test_an_accepted_return_lifts_no_hold_that_was_set_for_another_reason(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    outbox.drain()
    hold(order=made.made, by=make_staff(), why="fraud?")
    found = accepted(outbox, made)
    made.made.refresh_from_db()
    assert (found.waits_because, made.made.hold_reason) == ("exchange", "fraud?")
    assert state(made) == ("waiting", True)


def test_an_invoice_that_was_given_up_leaves_it_to_a_person_in_words(outbox: Any, desk: Client) -> None:
    order = sent(outbox, 1, method="invoice")
    made = swap(order, other_size(order, price_minor=8_990))
    outbox.drain()
    invoice = Invoice.objects.claims().get(order=order)
    write_off(invoice=invoice, amount_minor=invoice.open_minor, reason_code="uncollectable", reason="gone")
    found = accepted(outbox, made)
    made.made.refresh_from_db()
    assert found.waits_because == "exchange" and invoice.number in made.made.hold_reason
    answer = desk.post(
        reverse("dashboard:order-release", args=[made.made.number]),
        {"step": "do", "reason": "x"},
        follow=True,
    )
    assert answer.status_code == 200 and invoice.number in answer.content.decode()
    assert state(made) == ("waiting", True)


# ---- a person lets it go ---------------------------------------------------------------------------------------------


def limited(minor: int) -> None:
    ApprovalLimit.objects.update_or_create(kind="replacement", role="", defaults={"limit_minor": minor})


def test_before_the_old_pieces_are_here_only_as_much_as_one_may_send_alone_and_with_a_reason(
    outbox: Any,
) -> None:
    order = sent(outbox, 1)
    made, clerk = swap(order, other_size(order)), make_staff()
    outbox.drain()
    limited(9_989)
    with pytest.raises(exchange_end.NotReleased):
        exchange_end.release(order=made.made, by=clerk, why="in a hurry")
    limited(9_990)
    with pytest.raises(exchange_end.NotReleased):
        exchange_end.release(order=made.made, by=clerk)
    assert state(made) == ("waiting", True)
    exchange_end.release(order=made.made, by=clerk, why="in a hurry")
    assert state(made) == ("sent", False)


def test_money_of_what_was_let_go_early_follows_when_the_old_pieces_are_accepted(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    outbox.drain()
    exchange_end.release(order=made.made, by=make_staff(), why="in a hurry")
    outbox.drain()
    assert not Refund.objects.exists() and verify.exchanges_keep_their_word() == []
    assert accepted(outbox, made).state == "nothing_due"
    assert Refund.objects.get().amount_minor == 1_000 and _verified() == []


def test_who_was_given_the_money_gets_no_new_goods(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    found = accepted(outbox, made, "b")
    Settlement.objects.filter(pk=found.pk).update(state="done")
    with pytest.raises(exchange_end.NotReleased):
        exchange_end.release(order=made.made, by=make_staff(), why="x")
    assert state(made) == ("waiting", True)


def test_the_page_says_first_what_leaves_and_what_goes_back_and_asks_why(outbox: Any, desk: Client) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    outbox.drain()
    url = reverse("dashboard:order-release", args=[made.made.number])
    page = desk.post(url).content.decode()
    assert made.returning.number in page and "10,00" in page and state(made) == ("waiting", True)
    assert desk.post(url, {"step": "do", "reason": ""}).status_code == 400
    limited(0)
    refused = desk.post(url, {"step": "do", "reason": "eilig"})
    assert refused.status_code == 409 and "99,90" in refused.content.decode()
    limited(20_000)
    assert desk.post(url, {"step": "do", "reason": "eilig"}).status_code == 302
    assert state(made) == ("sent", False) and StaffAction.objects.get(what="release_hold").why == "eilig"


# ---- what a cheaper size gives back ----------------------------------------------------------------------------------


def test_only_the_exchanged_article_bears_what_its_new_size_is_cheaper(outbox: Any) -> None:
    order = sent(outbox, 1, 1)
    one, two = order.lines.order_by("pk")
    record = cheaper_size(order, one)
    made = exchange.exchange(order=order, wanted={one.pk: (record.pk, 1)}, key="k" * 24)
    come_back(outbox, returning_of(made), {one.partner_sku: 1})
    note = InvoiceLine.objects.get(invoice__kind=CREDIT_NOTE)
    assert note.reduces is not None and (note.reduces.order_line_id, note.gross_minor) == (one.pk, 1_000)
    withdraw(order, {two.pk: 1})
    outbox.drain()
    other = Return.objects.filter(order=order).exclude(pk=made.returning_id).get()
    come_back(outbox, other, {two.partner_sku: 1})
    assert list(Refund.objects.order_by("pk").values_list("amount_minor", flat=True)) == [1_000, 9_991]
    assert _verified() == []


def cheaper_size(order: Order, line: Any) -> StockRecord:
    """Another size of one of several articles, 10.00 cheaper."""
    alone = type("Alone", (), {"lines": type("Lines", (), {"get": staticmethod(lambda: line)})})
    return other_size(alone, price_minor=8_990)  # type: ignore[arg-type]


def test_a_piece_that_was_kept_beside_a_cheaper_size_is_valued_by_a_person(outbox: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    made = swap(order, other_size(order, price_minor=8_990))
    accepted(outbox, made)
    withdraw(order, {line.pk: 1})
    outbox.drain()
    other = Return.objects.filter(order=order).exclude(pk=made.returning_id).get()
    found = come_back(outbox, other, {line.partner_sku: 1})
    assert actions.plan_of(found).credit_minor == 9_490, "the average; 99.90 were paid for it"
    assert (found.state, found.waits_because) == ("proposed", "exchanged")
    assert list(Refund.objects.values_list("amount_minor", flat=True)) == [1_000]


def test_more_promised_than_the_invoice_has_left_is_not_dropped_without_a_word(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    outbox.drain()
    line = InvoiceLine.objects.get(invoice=Invoice.objects.claims().get(order=order))
    credit_note(invoice=line.invoice, source="remedy:1", reason="faulty", amount_minor=9_490, of_line=line)
    found = accepted(outbox, made)
    made.made.refresh_from_db()
    assert (found.waits_because, state(made)) == ("exchange", ("waiting", True))
    assert line.name in made.made.hold_reason


# ---- verify ----------------------------------------------------------------------------------------------------------


def test_verify_finds_what_was_not_given_back_and_what_was_cancelled(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    accepted(outbox, made)
    assert verify.exchanges_keep_their_word() == []
    Exchange.objects.update(back_minor=1_001)
    assert len(verify.exchanges_keep_their_word()) == 1
    Exchange.objects.update(back_minor=1_000)
    Refund.objects.update(amount_minor=1_001)
    assert len(verify.exchanges_keep_their_word()) == 1
    Refund.objects.update(amount_minor=1_000)
    Order.objects.filter(pk=made.made_id).update(status="cancelled")
    assert len(verify.exchanges_keep_their_word()) == 1


def test_the_customer_reads_that_goods_are_looked_at_while_a_person_decides(
    outbox: Any, client: Client
) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    accepted(outbox, made, "b")
    (row,) = told.of_order(order)
    assert row.steps[-1].state == "current" and row.steps[-1].icon == "search"
    assert dock.call_off(order_id=order.pk, cause=row.returning.cause, why="x") is False
