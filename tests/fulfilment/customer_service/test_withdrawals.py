"""Declarations of withdrawal: always accepted, once per form, kept as made, and nobody is dunned meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import ProtectedError

from checkout.order.models import Order
from fulfilment.customer_service.withdrawals import actions, verify
from fulfilment.customer_service.withdrawals.events import WithdrawalReceived
from fulfilment.customer_service.withdrawals.matching import numbers_in, order_named, possible_orders, slips
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.dunning.actions import run
from fulfilment.finance.dunning.calendar import business_day_from
from fulfilment.finance.invoicing import actions as invoicing
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.clock import today
from shop.kernel.models import StateChange
from shop.kernel.states import MoveNotAllowed, StaleState
from tests.factories.finance import invoice_for
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_user, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()


@pytest.fixture
def clerk() -> Any:
    return make_staff("service@example.org", "withdrawals.handle_withdrawals")


def declare(**changes: Any) -> Withdrawal:
    said: dict[str, Any] = {
        "key": "one", "name": "Erika Muster", "contract": "die blauen Schuhe", "email": "erika@example.org",
        "language": "de",
    }  # fmt: skip
    return actions.receive(**{**said, **changes})


def test_a_declaration_without_any_order_is_accepted_and_told() -> None:
    found = declare()
    assert found.order is None and found.state == "received" and found.number.startswith("W1")


def test_the_moment_of_arrival_is_kept_to_the_second(clock: Any, outbox: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 13, 3, 27, 555_000, tzinfo=dt.UTC))
    found = Withdrawal.objects.get(pk=declare().pk)
    assert found.received_at == dt.datetime(2026, 11, 22, 13, 3, 27, tzinfo=dt.UTC)
    (told,) = outbox.events(WithdrawalReceived)
    assert told.received_at == found.content["received_at"] == "2026-11-22T13:03:27+00:00"
    assert found.refund_by == dt.date(2026, 12, 6)


def test_the_same_form_sent_twice_is_one_declaration(outbox: Any) -> None:
    assert declare().pk == declare().pk
    assert declare(key="two").pk != declare().pk
    assert len(outbox.events(WithdrawalReceived)) == 2


def test_number_and_address_together_find_the_order_and_a_number_alone_does_not() -> None:
    order = make_order((make_variant(), 1))
    assert (
        declare(contract=f"Bestellung {order.number.lower()} vom Montag", email="ERIKA@example.org").order
        == order
    )
    assert declare(key="two", contract=order.number, email="fremd@example.org").order is None


def test_two_orders_in_one_declaration_are_left_to_people() -> None:
    one, two = make_order((make_variant(), 1)), make_order((make_variant(), 1))
    found = declare(contract=f"{one.number} und {two.number}")
    assert found.order is None
    assert {possible.order for possible in possible_orders(found)} == {one, two}


@pytest.mark.parametrize(
    "text", ["K10023", "k10023", "#10023", "Nr. 10023.", "K-10023", "K 10023", "(10023)"]
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert numbers_in(text) == ["K10023"]


@pytest.mark.parametrize("text", ["", "K1", "10023abc", "9" * 4000, "Schuhe, Größe 42", "W10023K"])
def test_what_is_no_number_is_not_taken_for_one(text: str) -> None:
    assert numbers_in(text) == []
    assert order_named(text) is None


def test_a_slip_of_the_finger_still_shows_staff_the_order() -> None:
    order = make_order((make_variant(), 1))
    digits = order.number[1:]
    swapped = f"K{digits[1]}{digits[0]}{digits[2:]}" if digits[0] != digits[1] else f"K{digits}0"
    found = declare(contract=swapped, email="anders@example.org")
    assert [(one.order, one.why, one.same_email) for one in possible_orders(found)] == [
        (order, "near", False)
    ]
    assert found.contract == swapped


def test_the_address_alone_shows_staff_the_orders_of_guest_and_customer() -> None:
    guest = make_order((make_variant(), 1))
    own = make_order((make_variant(), 1), user=make_user("kundin@example.org"))
    make_order((make_variant(), 1), email="fremd@example.org")
    assert [one.order for one in possible_orders(declare(email="Erika@Example.org"))] == [guest]
    assert [one.order for one in possible_orders(declare(key="2", email="kundin@example.org"))] == [own]


def test_slips_never_hold_the_number_itself() -> None:
    found = slips("K10023")
    assert {"K1023", "K10032", "K10024", "K100233"} <= found
    assert "K10023" not in found


def test_chosen_lines_are_kept_with_their_names() -> None:
    order = make_order((make_variant(sku="A"), 3), (make_variant(sku="B"), 1))
    line = order.lines.order_by("pk")[0]
    found = declare(order=order, quantities={line.pk: 2})
    assert found.lines == [
        {"order_line_id": line.pk, "sku": "A", "title": line.title, "quantity": 2, "ordered": 3}
    ]
    assert not found.is_whole_order
    assert declare(key="two", order=order).is_whole_order


def test_lines_of_another_order_and_more_pieces_than_ordered_are_refused() -> None:
    order, other = make_order((make_variant(), 2)), make_order((make_variant(), 2))
    mine, foreign = order.lines.get(), other.lines.get()
    for wrong in ({foreign.pk: 1}, {mine.pk: 3}, {mine.pk: -1}, {mine.pk: 1, foreign.pk: 1}):
        with pytest.raises(actions.ForeignLines):
            declare(order=order, quantities=wrong)
    with pytest.raises(actions.ForeignLines):
        declare(quantities={mine.pk: 1})
    assert not Withdrawal.objects.exists()


def test_what_was_declared_cannot_be_changed_unseen() -> None:
    found = declare()
    assert verify.declarations_are_as_they_were_made() == []
    Withdrawal.objects.filter(pk=found.pk).update(contract="etwas anderes")
    assert found.number in verify.declarations_are_as_they_were_made()[0]
    Withdrawal.objects.filter(pk=found.pk).update(
        contract=found.contract, content={**found.content, "name": "X"}
    )
    assert found.number in verify.declarations_are_as_they_were_made()[0]
    with pytest.raises(ProtectedError):
        found.delete()


def overdue_invoice() -> tuple[Order, Invoice]:
    user = make_user("rechnung@example.org", first_name="Erika")
    invoice = invoice_for(user)
    return invoice.order, invoice


def held(invoice: Invoice) -> tuple[bool, str]:
    invoice.refresh_from_db()
    return invoice.held, invoice.held_reason


def test_nobody_is_dunned_while_a_withdrawal_is_open(clerk: Any) -> None:
    order, invoice = overdue_invoice()
    day = business_day_from(invoice.due_on + dt.timedelta(days=30), "HH")
    [letter] = run(day=day, dry_run=True).plan.proposals
    assert [item.invoice.pk for item in letter.items] == [invoice.pk]
    found = declare(contract=order.number, email="rechnung@example.org")
    assert found.order == order
    assert held(invoice) == (True, f"Widerruf {found.number} ist offen")
    assert run(day=day, dry_run=True).plan.proposals == ()
    (why,) = [item.why for item in run(day=day, dry_run=True).plan.held if item.invoice.pk == invoice.pk]
    assert found.number in why
    actions.acknowledge(withdrawal=found, by=clerk)
    assert held(invoice)[0]
    actions.close(withdrawal=found, by=clerk, note="Ware zurück, Gutschrift erstellt")
    assert held(invoice) == (False, "")
    assert len(run(day=day, dry_run=True).plan.proposals) == 1
    assert verify.closed_withdrawals_hold_nothing() == []


def test_an_invoice_that_comes_later_is_held_too(outbox: Any) -> None:
    user = make_user("rechnung@example.org")
    order = make_order((make_variant(), 1), user=user, payment_method="invoice")
    declare(contract=order.number, email="rechnung@example.org")
    invoice = invoicing.issue_for_parcel(
        parcel_id=1, order_id=order.pk, quantities={order.lines.get().pk: 1}, dispatched_on=today()
    )
    assert not held(invoice)[0]
    outbox.drain()
    assert outbox.failures() == []
    assert held(invoice)[0]


def test_a_hold_of_somebody_else_is_left_alone(clerk: Any) -> None:
    order, invoice = overdue_invoice()
    invoicing.hold(invoice=invoice, why="Reklamation")
    found = declare(contract=order.number, email="rechnung@example.org")
    actions.acknowledge(withdrawal=found, by=clerk)
    actions.close(withdrawal=found, by=clerk, note="erledigt")
    assert held(invoice) == (True, "Reklamation")


def test_of_two_open_withdrawals_the_second_goes_on_holding(clerk: Any) -> None:
    order, invoice = overdue_invoice()
    first = declare(contract=order.number, email="rechnung@example.org")
    second = declare(key="two", contract=order.number, email="rechnung@example.org")
    for one in (first, second):
        actions.acknowledge(withdrawal=one, by=clerk)
    actions.close(withdrawal=first, by=clerk, note="erledigt")
    assert held(invoice) == (True, f"Widerruf {second.number} ist offen")
    actions.close(withdrawal=second, by=clerk, note="erledigt")
    assert held(invoice) == (False, "")


def test_assigning_another_order_moves_the_hold(clerk: Any) -> None:
    order, invoice = overdue_invoice()
    found = declare(contract="weiß ich nicht")
    actions.assign_order(withdrawal=found, order=order, by=clerk)
    assert held(invoice)[0]
    stale = Withdrawal.objects.get(pk=found.pk)
    other = make_order((make_variant(), 1))
    actions.assign_order(withdrawal=found, order=other, by=clerk)
    assert held(invoice) == (False, "")
    with pytest.raises(StaleState):
        actions.assign_order(withdrawal=stale, order=order, by=clerk)
    assert Withdrawal.objects.get(pk=found.pk).order == other


def test_closing_needs_words_and_the_right_state(clerk: Any) -> None:
    found = declare()
    with pytest.raises(MoveNotAllowed):
        actions.close(withdrawal=found, by=clerk, note="zu früh")
    actions.acknowledge(withdrawal=found, by=clerk, note="rufe an")
    with pytest.raises(ValueError, match="note"):
        actions.close(withdrawal=found, by=clerk, note="  ")
    actions.close(withdrawal=found, by=clerk, note="Geld ist zurück")
    said = StateChange.objects.filter(machine="withdrawal", thing_id=found.pk).values_list("new", "why", "by")
    assert list(said) == [("acknowledged", "rufe an", clerk.pk), ("closed", "Geld ist zurück", clerk.pk)]


def test_a_letter_read_for_a_digit_still_shows_staff_the_order() -> None:
    order = make_order((make_variant(), 1))
    typed = order.number.replace("0", "O").replace("1", "l")
    assert typed != order.number
    assert [one.order for one in possible_orders(declare(contract=typed, email="anders@example.org"))] == [
        order
    ]


def test_verify_names_a_withdrawal_without_a_receipt(clock: Any, outbox: Any) -> None:
    found = declare()
    assert verify.each_withdrawal_has_its_receipt() == []
    clock.advance(minutes=11)
    assert found.number in verify.each_withdrawal_has_its_receipt()[0]
    outbox.drain()
    assert verify.each_withdrawal_has_its_receipt() == []


def test_verify_names_an_invoice_that_a_closed_withdrawal_still_holds() -> None:
    order, invoice = overdue_invoice()
    found = declare(contract=order.number, email="rechnung@example.org")
    assert verify.closed_withdrawals_hold_nothing() == []
    Withdrawal.objects.filter(pk=found.pk).update(state="closed")
    assert invoice.number in verify.closed_withdrawals_hold_nothing()[0]
