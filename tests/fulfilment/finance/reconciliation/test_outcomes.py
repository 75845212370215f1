"""Each outcome of money on the bank account: what is booked, and that undoing it leaves the books as they were."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from checkout.payment.actions.refunds import request_refund, succeed
from checkout.payment.models import Payment, Refund
from fulfilment.finance.dunning.actions.write_off import write_off
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import (
    WrongMoney,
    assign,
    explain,
    explain_payout,
    explain_refund,
    give_back,
    learn_account,
    return_payment,
    undo,
)
from fulfilment.finance.reconciliation.actions.explain import NotByHand
from fulfilment.finance.reconciliation.deciding import Changed, decide
from fulfilment.finance.reconciliation.matching.items import Proposal
from fulfilment.finance.reconciliation.matching.run import match_open, match_these
from fulfilment.finance.reconciliation.models import (
    Assignment,
    Disbursement,
    LearnedRule,
    MatchPolicy,
    PayBack,
    Receipt,
)
from fulfilment.finance.reconciliation.queries import unexplained_minor
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, dispatch, make_order, make_user
from tests.fulfilment.finance.reconciliation.bank_lines import told
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
IBAN = "DE02120300000000202051"


def invoiced(outbox: Outbox, *wishes: Wish, user: Any = None) -> Invoice:
    order = make_order(*wishes, user=user)
    dispatch(order)
    outbox.drain()
    return Invoice.objects.get(order=order)


def proposed(money: Receipt | Disbursement) -> list[Proposal]:
    [found] = match_these([money]).values()
    return found


def take_first(money: Receipt | Disbursement, kind: str = "", **how: Any) -> list[Assignment]:
    """Decide for the first proposal (of a kind)."""
    chosen = next(one for one in proposed(money) if kind in ("", one.kind))
    made = decide(money=money, proposal=chosen, seen_left_minor=money.left_minor, **how)
    money.refresh_from_db()
    return made


def books() -> dict[str, int]:
    """The balances that money moves."""
    roles = (
        "bank",
        "receivable",
        "unexplained",
        "money_transit",
        "bank_charges",
        "psp_clearing",
        "exchange_losses",
    )
    return {role: balance_minor(role) for role in roles if balance_minor(role)}


def all_taken_back(made: list[Assignment], before: dict[str, int]) -> None:
    """Undoing leaves the books as they were, and every check holds."""
    for assignment in made:
        undo(assignment=assignment, why="test")
    assert books() == before
    assert problems() == []


def test_an_exact_payment_books_by_itself_and_can_be_taken_back(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    receipt, before = (
        told(11_900, f"Rechnung {invoice.number}"),
        {"bank": 11_900, "receivable": 11_900, "unexplained": -11_900},
    )
    assert books() == before
    assert match_open().booked == 1
    invoice.refresh_from_db()
    made = list(receipt.assignments.all())
    assert (invoice.state, unexplained_minor(), made[0].by_itself) == ("paid", 0, True)
    assert "number in the text" in made[0].why
    all_taken_back(made, before)


def test_the_policy_may_forbid_to_book_without_asking(outbox: Outbox) -> None:
    MatchPolicy.objects.create(pk=1, books_by_itself=False)
    receipt = told(11_900, invoiced(outbox).number)
    assert (match_open().booked, match_open().proposed) == (0, 1)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.confidence) == ("open", 100)


def test_several_invoices_by_one_transfer(outbox: Outbox) -> None:
    first, second = invoiced(outbox), invoiced(outbox, Wish(1, 5_000))
    receipt = told(16_900, f"{first.number} {second.number}")
    before = books()
    made = take_first(receipt)
    assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}
    assert (len(made), receipt.state) == (2, "assigned")
    all_taken_back(made, before)


def test_the_sum_of_what_one_payer_has_open_without_a_number(outbox: Outbox) -> None:
    user = make_user()
    invoiced(outbox, user=user)
    invoiced(outbox, Wish(1, 5_000), user=user)
    receipt = told(16_900, "danke")
    assert "sum" in proposed(receipt)[0].reasons
    take_first(receipt)
    assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}
    assert problems() == []


def test_one_invoice_by_several_transfers(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    for amount in (4_000, 7_900):
        take_first(told(amount, invoice.number))
    invoice.refresh_from_db()
    assert invoice.state == "paid"
    assert problems() == []


def test_an_overpayment_goes_back_by_one_choice(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    receipt = told(12_900, invoice.number, counterparty_iban=IBAN)
    before = books()
    made = take_first(receipt, "back")
    payback = PayBack.objects.get()
    assert (payback.amount_minor, payback.iban, payback.state) == (1_000, IBAN, "requested")
    assert (balance_minor("money_transit"), unexplained_minor()) == (-1_000, 0)
    assert problems() == []
    all_taken_back(made, before)
    payback.refresh_from_db()
    assert payback.state == "cancelled"


def test_an_overpayment_stays_as_credit(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    take_first(told(12_900, invoice.number), "pay")
    assert invoice.order.account.available_minor == 1_000
    assert problems() == []


def test_a_double_payment_goes_back_and_the_banks_line_ends_it(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    take_first(told(11_900, invoice.number))
    take_first(told(11_900, invoice.number, counterparty_iban=IBAN))
    payback = PayBack.objects.get()
    left = told(-11_900, "", end_to_end_id=payback.end_to_end_id)
    assert match_open().booked == 1
    payback.refresh_from_db()
    left.refresh_from_db()
    assert (payback.state, left.state) == ("sent", "assigned")
    assert books() == {"bank": 11_900}
    assert problems() == []


def test_a_number_with_a_typing_fault_waits_for_a_key(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    wrong = invoice.number[:-1] + str((int(invoice.number[-1]) + 5) % 10)
    receipt = told(11_900, wrong)
    assert match_open().booked == 0
    assert "nearly" in proposed(receipt)[0].reasons
    take_first(receipt)
    invoice.refresh_from_db()
    assert invoice.state == "paid"


def test_another_payer_is_asked_about_once_and_then_known(outbox: Outbox) -> None:
    user = make_user()
    first, second = invoiced(outbox, user=user), invoiced(outbox, user=user)
    stranger = {"counterparty": "Otto Fremd", "counterparty_iban": IBAN}
    one = told(11_900, first.number, **stranger)
    assert match_open().booked == 0
    take_first(one)
    told(11_900, second.number, **stranger)
    assert match_open().booked == 1
    rule = LearnedRule.objects.get()
    assert (rule.customer, rule.fired) == (f"user:{user.pk}", 2)


def test_a_returned_payment_makes_its_invoice_open_again_and_we_bear_the_charge(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    take_first(told(11_900, invoice.number, counterparty_iban=IBAN))
    left = told(
        -12_200, f"Retoure {invoice.number}", counterparty_iban=IBAN, is_reversal=True, charges_minor=300
    )
    before = books()
    made = take_first(left, "returned")
    invoice.refresh_from_db()
    assert (invoice.state, balance_minor("bank_charges"), unexplained_minor()) == ("issued", 300, 0)
    assert problems() == []
    undo(assignment=made[0], why="test")
    assert balance_minor("bank_charges") == 0
    assert unexplained_minor() == before.get("unexplained", 0) * -1 + 11_900, (
        "the receipt is open again as well"
    )
    assert problems() == []


def test_the_charge_of_a_return_may_be_the_customers(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    came = told(11_900, invoice.number)
    take_first(came)
    left = told(-12_200, "Retoure", is_reversal=True)
    return_payment(disbursement=left, receipt=came, charge_minor=300, charge_to_customer=True)
    assert balance_minor("receivable") == 12_200
    assert balance_minor("bank_charges") == 0
    assert problems() == []
    take_first(told(12_200, invoice.number))
    invoice.refresh_from_db()
    assert (invoice.state, balance_minor("receivable")) == ("paid", 0)
    assert problems() == []


def test_fees_withheld_are_borne_by_us(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    receipt = told(10_400, invoice.number, charges_minor=1_500)
    before = books()
    made = take_first(receipt)
    invoice.refresh_from_db()
    assert (invoice.state, balance_minor("bank_charges")) == ("paid", 1_500)
    assert problems() == []
    all_taken_back(made, before)


@pytest.mark.parametrize("exchange", [300, -300])
def test_a_foreign_currency_leaves_a_difference_of_exchange(outbox: Outbox, exchange: int) -> None:
    invoice = invoiced(outbox)
    receipt = told(11_900 - exchange, invoice.number, original_amount_minor=12_500, original_currency="USD")
    before = books()
    made = assign(
        receipt=receipt,
        order=invoice.order,
        invoice=invoice,
        amount_minor=11_900 - exchange,
        exchange_minor=exchange,
    )
    invoice.refresh_from_db()
    assert (invoice.state, balance_minor("receivable")) == ("paid", 0)
    assert balance_minor("exchange_losses") - -balance_minor("exchange_gains") == exchange
    assert problems() == []
    all_taken_back([made], before)


def test_unknown_money_stays_and_is_counted(outbox: Outbox) -> None:
    receipt = told(4_711, "danke fuer alles", counterparty="Niemand")
    outcome = match_open()
    receipt.refresh_from_db()
    assert (outcome.unknown, receipt.confidence, receipt.state) == (1, 0, "open")
    assert unexplained_minor() == 4_711


def test_money_for_a_cancelled_order_goes_back(outbox: Outbox) -> None:
    order = make_order(method="prepayment", status="cancelled")
    Payment.objects.filter(order=order).update(state="cancelled")
    receipt = told(11_900, order.number, counterparty_iban=IBAN)
    assert match_open().booked == 0
    take_first(receipt, "back")
    assert PayBack.objects.get().amount_minor == 11_900
    assert problems() == []


def test_money_for_what_was_written_off_brings_it_back_with_its_vat(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    write_off(invoice=invoice, amount_minor=11_900, reason_code="too_small", reason="cannot be had")
    outbox.drain()
    receipt = told(11_900, invoice.number)
    assert match_open().booked == 0, "it is asked about"
    assert "written_off" in proposed(receipt)[0].reasons
    [made] = take_first(receipt)
    outbox.drain()
    assert (balance_minor("receivable"), balance_minor("bad_debt_recovered"), unexplained_minor()) == (
        0,
        -10_000,
        0,
    )
    assert problems() == []
    undo(assignment=made, why="test")
    outbox.drain()
    assert (balance_minor("bad_debt_recovered"), unexplained_minor()) == (0, 11_900)
    assert problems() == []


def test_a_prepayment_is_captured_by_itself(outbox: Outbox) -> None:
    order = make_order(method="prepayment", status="confirmed")
    told(11_900, order.number)
    assert match_open().booked == 1
    assert Payment.objects.get(order=order).state == "captured"


def test_a_refund_by_transfer_is_on_its_way_until_its_line_comes(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    take_first(told(11_900, invoice.number))
    outbox.drain()
    refund = request_refund(
        payment=Payment.objects.get(order=invoice.order),
        amount_minor=1_900,
        source="test:1",
        reason="goodwill",
    )
    succeed(refund=refund, reference=f"REFUND-{refund.pk:06d}")
    outbox.drain()
    assert (balance_minor("bank"), balance_minor("money_transit")) == (11_900, -1_900)
    left = told(-1_900, "Erstattung", end_to_end_id=f"REFUND-{refund.pk:06d}")
    before = books()
    made = take_first(left)
    assert (balance_minor("bank"), balance_minor("money_transit"), unexplained_minor()) == (10_000, 0, 0)
    assert problems() == []
    with pytest.raises((IntegrityError, WrongMoney)):
        explain_refund(disbursement=told(-1_900, "noch einmal"), refund=Refund.objects.get())
    all_taken_back(made, before | {"bank": 8_100, "unexplained": 1_900 * 2})


def test_a_payout_arrives_once(outbox: Outbox) -> None:
    receipt = told(50_000, "STRIPE", counterparty="Stripe")
    before = books()
    made = explain_payout(money=receipt, payout="po_1", amount_minor=50_000)
    assert books() == {"bank": 50_000, "psp_clearing": -50_000}
    assert problems() == []
    all_taken_back([made], before)


def test_an_account_with_vat_and_its_learned_rule(outbox: Outbox) -> None:
    energy = Account.objects.create(number="4240", kind="expense", name_de="Strom", name_en="Electricity")
    left = told(-11_900, "Abschlag November", counterparty="Stadtwerke Hamburg")
    before = books()
    made = explain(money=left, account=energy, amount_minor=11_900, vat_rate_bp=1_900)
    assert (balance_minor("input_vat"), made.vat_minor, unexplained_minor()) == (1_900, 1_900, 0)
    assert problems() == []
    learn_account(
        pattern="Stadtwerke Abschlag", direction="out", account=energy, vat_rate_bp=1_900, by_itself=True
    )
    told(-11_900, "Abschlag Dezember", counterparty="Stadtwerke Hamburg")
    assert match_open().booked == 1
    assert LearnedRule.objects.get().fired == 1
    assert balance_minor("input_vat") == 3_800
    all_taken_back(list(Assignment.objects.all()), before | {"bank": -23_800, "unexplained": 23_800})


def test_the_banks_charges_are_offered(outbox: Outbox) -> None:
    left = told(-490, "Entgelt Kontoführung", counterparty="")
    take_first(left)
    assert books() == {"bank": -490, "bank_charges": 490}


@pytest.mark.parametrize("role", ["receivable", "unexplained", "vat_19", "revenue_19", "bank"])
def test_accounts_that_documents_keep_are_not_for_the_hand(role: str) -> None:
    money = told(1_000)
    with pytest.raises(NotByHand):
        explain(money=money, account=Account.objects.get(role=role), amount_minor=1_000)
    assert unexplained_minor() == 1_000


def test_giving_back_needs_a_reason_and_no_more_than_is_left() -> None:
    money = told(1_000)
    for amount, reason in ((1_001, "x"), (0, "x"), (500, " ")):
        with pytest.raises(ValueError):
            give_back(receipt=money, amount_minor=amount, reason=reason)
    assert not PayBack.objects.exists()


def test_what_changed_since_it_was_shown_is_not_booked(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    receipt = told(11_900, invoice.number)
    chosen, left = proposed(receipt)[0], receipt.left_minor
    take_first(told(5_000, invoice.number))
    with pytest.raises(Changed):
        decide(money=receipt, proposal=chosen, seen_left_minor=left)
    receipt.refresh_from_db()
    assert receipt.state == "open"
    assert problems() == []
