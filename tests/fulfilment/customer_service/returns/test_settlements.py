"""Returns and their money: a withdrawal in time is paid back by itself, everything else by a person, each once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import ProtectedError, Sum
from django.utils import timezone

from checkout.order.actions import place_replacement
from checkout.order.models import Order
from checkout.payment.models import Payment, Refund
from fulfilment.customer_service.returns import actions, verify
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.customer_service.returns.plan import TooMuchKept
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from fulfilment.warehouse.dispatch import actions as parcels
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.invariants import verify as verify_everything
from shop.kernel.states import StateError
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import book, dock_bins
from tests.factories.shopping import place_order
from tests.factories.shortages import in_stock, pay
from tests.factories.warehouse import pick_everything, send_everything
from tests.fulfilment.customer_service.test_withdrawals import declare

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


@pytest.fixture
def clerk() -> Any:
    return make_staff("service@example.org", "returns.settle_money", "payment.refund_payments")


def sent(outbox: Any, *pieces: int, method: str = "card", price_minor: int = 9_990, **options: Any) -> Order:
    """An order of as many lines, paid (unless on account) and sent; the outbox is empty afterwards."""
    wanted = [
        (in_stock(9, bin=f"A-{n:02}", price_minor=price_minor + n), count) for n, count in enumerate(pieces)
    ]
    order = place_order(*wanted, method=method, **options)
    if method != "invoice":
        pay(order)
    outbox.drain()
    for pick_list in PickList.objects.filter(order=order):
        send_everything(pick_list, by=make_staff())
    outbox.drain()
    assert outbox.failures() == []
    order.refresh_from_db()
    return order


def withdraw(order: Order, quantities: dict[int, int] | None = None, key: str = "one") -> Withdrawal:
    return declare(key=key, contract=order.number, email=order.email, order=order, quantities=quantities)


def come_back(outbox: Any, returning: Return, quantities: dict[str, int], grade: str = "a") -> Settlement:
    """The dock unpacks pieces (by SKU); the money is reckoned afterwards."""
    person = make_staff()
    for sku, count in quantities.items():
        place = ("shelf", "A-00") if grade == "a" else ("b_stock", "B-STOCK-01")
        book(returning, sku, count, grade, *place, by=person)
    dock.finish(returning=Return.objects.get(pk=returning.pk), by=person)
    outbox.drain()
    assert outbox.failures() == []
    return Settlement.objects.get(returning=returning)


def skus(order: Order) -> list[str]:
    return list(order.lines.order_by("pk").values_list("partner_sku", flat=True))


def credited(order: Order) -> int:
    return int(
        Invoice.objects.filter(order=order, kind=CREDIT_NOTE).aggregate(sum=Sum("gross_minor"))["sum"] or 0
    )


def refunds(order: Order) -> list[int]:
    rows = Refund.objects.filter(payment__order=order).order_by("pk")
    return list(rows.values_list("amount_minor", flat=True))


def _verified() -> list[str]:
    return [breach for finding in verify_everything() for breach in finding.breaches]


def test_a_withdrawn_order_that_is_back_is_paid_back_whole_with_delivery(outbox: Any) -> None:
    order = sent(outbox, 2, 1)
    withdrawal = withdraw(order)
    outbox.drain()
    returning = Return.objects.get(order=order)
    one, two = skus(order)
    found = come_back(outbox, returning, {one: 2, two: 1})
    assert (found.state, found.waits_because, found.with_shipping) == ("done", "", True)
    invoice = Invoice.objects.claims().get(order=order)
    assert credited(order) == invoice.gross_minor == found.credited_minor == order.total_minor
    assert refunds(order) == [order.total_minor] and found.left_minor == 0
    withdrawal.refresh_from_db()
    assert withdrawal.state == "closed"
    assert _verified() == []


def test_a_part_that_is_back_is_paid_back_without_delivery(outbox: Any) -> None:
    order = sent(outbox, 3)
    line = order.lines.get()
    withdraw(order, {line.pk: 2})
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {line.partner_sku: 2})
    assert found.state == "done" and not found.with_shipping
    assert credited(order) == 2 * 9_990 and refunds(order) == [2 * 9_990]


def test_goods_that_the_law_leaves_out_wait_for_a_person(outbox: Any) -> None:
    order = sent(outbox, 1, 1)
    made, other = order.lines.order_by("pk")
    order.lines.filter(pk=made.pk).update(withdrawal_exclusion="made_to_order")
    for key, line in (("a", made), ("b", other)):
        withdraw(order, {line.pk: 1}, key=key)
    outbox.drain()
    first, second = Return.objects.filter(order=order).order_by("pk")
    found = come_back(outbox, first, {made.partner_sku: 1})
    assert (found.state, found.waits_because) == ("proposed", "excluded")
    assert come_back(outbox, second, {other.partner_sku: 1}).state == "done"


def test_goods_sent_for_others_open_no_new_right_to_withdraw(outbox: Any) -> None:
    order = sent(outbox, 1)
    order.lines.update(withdrawal_exclusion="made_to_order")
    made = place_replacement(
        order=order, pieces={order.lines.get().pk: 1}, source="test", why="sole came off"
    )
    assert made.lines.get().withdrawal_exclusion == "made_to_order"
    made.lines.update(withdrawal_exclusion="")  # the one reason under test is that it stands for other goods
    outbox.drain()
    send_everything(PickList.objects.get(order=made), by=make_staff())
    outbox.drain()
    withdraw(made)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=made), {made.lines.get().partner_sku: 1})
    assert (found.state, found.waits_because) == ("proposed", "replacement")
    assert credited(order) == 0 and refunds(order) == []
    assert actions.plan_of(found, with_shipping=False).credit_minor == 9_990, "a person may still decide so"
    assert _verified() == []


def test_several_partial_returns_add_up_to_the_order_exactly(outbox: Any) -> None:
    order = sent(outbox, 3, price_minor=3_333)
    line = order.lines.get()
    for n in range(3):
        withdraw(order, {line.pk: 1}, key=f"k{n}")
        outbox.drain()
        returning = Return.objects.get(order=order, state__in=("announced", "authorised", "in_transit"))
        come_back(outbox, returning, {line.partner_sku: 1})
    invoice = Invoice.objects.claims().get(order=order)
    notes = Invoice.objects.filter(order=order, kind=CREDIT_NOTE)
    assert notes.count() == 3 and sum(note.gross_minor for note in notes) == invoice.gross_minor
    assert sum(note.vat_minor for note in notes) == invoice.vat_minor
    assert sum(refunds(order)) == order.total_minor
    assert _verified() == []


def test_an_unpaid_invoice_gets_its_credit_note_and_no_money_moves(outbox: Any) -> None:
    order = sent(outbox, 1, method="invoice")
    withdraw(order)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 1})
    invoice = Invoice.objects.claims().get(order=order)
    assert (found.state, found.refunded_minor, found.left_minor) == ("done", 0, 0)
    assert refunds(order) == [] and invoice.open_minor == 0


def test_goods_with_traces_wait_for_a_person_who_keeps_the_loss_of_value(outbox: Any, clerk: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    withdrawal = withdraw(order)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {line.partner_sku: 2}, grade="b")
    assert (found.state, found.waits_because) == ("proposed", "traces") and refunds(order) == []
    kept = {line.pk: 1_501}
    plan = actions.plan_of(found, kept=kept, with_shipping=True)
    assert plan.credit_minor == order.total_minor - 1_501
    with pytest.raises(actions.NotSo):
        actions.carry_out(
            settlement=found, kept=kept, kept_why=" ", with_shipping=True,
            seen_minor=(plan.credit_minor, plan.refund_minor), by=clerk,
        )  # fmt: skip
    actions.carry_out(
        settlement=found, kept=kept, kept_why="Sohle abgelaufen", with_shipping=True,
        seen_minor=(plan.credit_minor, plan.refund_minor), by=clerk,
    )  # fmt: skip
    note = Invoice.objects.get(order=order, kind=CREDIT_NOTE)
    assert note.gross_minor == order.total_minor - 1_501 and "Sohle abgelaufen" in note.reason
    (credit_line,) = note.lines.filter(kept_minor__gt=0)
    assert credit_line.gross_minor + credit_line.kept_minor == 2 * 9_990
    assert credit_line.vat_minor == round((2 * 9_990 - 1_501) * 1_900 / 11_900)
    assert refunds(order) == [order.total_minor - 1_501]
    withdrawal.refresh_from_db()
    assert withdrawal.state == "closed"
    assert _verified() == []


def test_what_was_kept_of_one_piece_does_not_come_back_with_the_next(outbox: Any, clerk: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    for key, kept in (("k0", 1_000), ("k1", 0)):
        withdraw(order, {line.pk: 1}, key=key)
        outbox.drain()
        returning = Return.objects.get(order=order, state__in=("announced", "authorised", "in_transit"))
        found = come_back(outbox, returning, {line.partner_sku: 1}, grade="b")
        plan = actions.plan_of(found, kept={line.pk: kept}, with_shipping=False)
        assert plan.credit_minor == 9_990 - kept
        actions.carry_out(
            settlement=found, kept={line.pk: kept}, kept_why="Kratzer", with_shipping=False,
            seen_minor=(plan.credit_minor, plan.refund_minor), by=clerk,
        )  # fmt: skip
    assert credited(order) == 2 * 9_990 - 1_000


def test_more_than_the_goods_are_worth_cannot_be_kept(outbox: Any) -> None:
    order = sent(outbox, 1)
    line = order.lines.get()
    withdraw(order)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {line.partner_sku: 1}, grade="b")
    for wrong in (9_991, -1):
        with pytest.raises(TooMuchKept):
            actions.plan_of(found, kept={line.pk: wrong})
    with pytest.raises(TooMuchKept):
        actions.plan_of(found, kept={line.pk + 1: 5})


def test_a_return_nobody_withdrew_waits(outbox: Any, clerk: Any) -> None:
    order = sent(outbox, 1)
    returning = dock.announce(order_id=order.pk, cause="case:C10000")
    assert returning is not None
    found = come_back(outbox, returning, {skus(order)[0]: 1})
    assert (found.state, found.waits_because) == ("proposed", "not_withdrawn")
    with pytest.raises(actions.NotSo):
        actions.nothing_due(settlement=found, why=" ", by=clerk)
    actions.nothing_due(settlement=found, why="Tausch gegen ein neues Paar", by=clerk)
    assert refunds(order) == [] and credited(order) == 0
    with pytest.raises(StateError):
        actions.nothing_due(settlement=Settlement.objects.get(), why="noch einmal", by=clerk)


def test_a_withdrawal_after_its_days_waits_for_a_person(outbox: Any, clock: Any) -> None:
    order = sent(outbox, 1)
    from fulfilment.warehouse.dispatch.models import Parcel
    from shop.kernel.states import move

    move(Parcel.objects.get(order=order), to="delivered")
    moment = timezone.now()
    clock.stop(
        moment + dt.timedelta(days=30)
    )  # the last day is never a Saturday, Sunday or holiday (§ 193 BGB)
    withdraw(order)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 1})
    assert (found.state, found.waits_because) == ("proposed", "too_late")


def test_amounts_that_changed_since_the_page_was_shown_are_not_carried_out(outbox: Any, clerk: Any) -> None:
    order = sent(outbox, 1)
    withdraw(order)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 1}, grade="b")
    with pytest.raises(actions.NotSo):
        actions.carry_out(
            settlement=found, kept={}, kept_why="", with_shipping=False, seen_minor=(1, 1), by=clerk
        )
    assert Settlement.objects.get().state == "proposed" and credited(order) == 0


def test_told_twice_it_is_settled_once(outbox: Any) -> None:
    order = sent(outbox, 1)
    withdraw(order)
    outbox.drain()
    returning = Return.objects.get(order=order)
    found = come_back(outbox, returning, {skus(order)[0]: 1})
    again = actions.propose(returning=returning, lines=[])
    assert again.pk == found.pk and Invoice.objects.filter(kind=CREDIT_NOTE).count() == 1
    with pytest.raises(StateError):
        actions.carry_out(
            settlement=found, kept={}, kept_why="", with_shipping=False,
            seen_minor=(found.credited_minor, found.refunded_minor), by=None,
        )  # fmt: skip


def test_a_discount_goes_back_with_its_share_only(outbox: Any) -> None:
    order = sent(outbox, 3)
    line = order.lines.get()
    assert Payment.objects.get(order=order).amount_minor == order.total_minor
    withdraw(order, {line.pk: 1})
    outbox.drain()
    come_back(outbox, Return.objects.get(order=order), {line.partner_sku: 1})
    assert credited(order) == line.owed_for(1)


def test_a_piece_given_before_does_not_take_the_place_of_one_that_was_paid(outbox: Any, clerk: Any) -> None:
    """Two pieces in two parcels, one given as goodwill: whichever is back first, the other's money comes too."""
    order = place_order((in_stock(9, bin="A-00", price_minor=9_990), 2), method="card")
    pay(order)
    outbox.drain()
    line, person = order.lines.get(), make_staff()
    pick_everything(PickList.objects.get(order=order), by=person)
    for _parcel in range(2):
        pick_list = PickList.objects.get(order=order)
        parcel = parcels.pack(pick_list=pick_list, quantities={line.pk: 1}, by=person)
        parcels.dispatch(parcel=parcel, by=person)
        outbox.drain()
    first, second = Invoice.objects.claims().filter(order=order).order_by("pk")
    credit_note(invoice=first, source="goodwill:1", reason="late", amount_minor=first.gross_minor, by=clerk)
    for at, due in ((1, second.gross_minor), (2, 0)):
        withdraw(order, {line.pk: 1}, key=f"piece {at}")
        outbox.drain()
        found = come_back(outbox, Return.objects.filter(order=order).latest("pk"), {line.partner_sku: 1})
        assert found.credited_minor == due
    assert credited(order) == first.gross_minor + second.gross_minor


def test_settlements_are_never_deleted_and_verify_finds_a_false_one(outbox: Any) -> None:
    order = sent(outbox, 1)
    withdraw(order)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 1})
    with pytest.raises(ProtectedError):
        found.delete()
    check = dict(verify.CHECKS)["settlements of returns are what was credited and sent back"]
    assert check() == []
    Settlement.objects.update(refunded_minor=1)
    assert check() != []
