"""Files of transfers: what is in them, who may make them, what becomes of them, and the bank's lines."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override
from lxml import etree

from checkout.order.models import Order
from checkout.payment.models import Payment, Refund
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import undo
from fulfilment.finance.reconciliation.matching.items import TOGETHER
from fulfilment.finance.reconciliation.matching.run import match_open, match_these
from fulfilment.finance.reconciliation.models import Assignment, PayBack
from fulfilment.finance.reconciliation.queries import unexplained_minor
from fulfilment.finance.reconciliation.transfers import note_payback_sent, note_refund_sent
from fulfilment.finance.sepa import actions, pain
from fulfilment.finance.sepa.characters import plain
from fulfilment.finance.sepa.models import PAIN_03, PAIN_09, ReceiverAccount, Transfer, TransferBatch
from fulfilment.finance.sepa.receivers import bank_day_from, is_bank_day, masked, problem_of
from fulfilment.finance.sepa.waiting import waiting
from shop.kernel.clock import today
from tests.fulfilment.finance.orders import dispatch
from tests.fulfilment.finance.reconciliation.bank_lines import told
from tests.support.helpers import Outbox

from .files import breaches, texts, valid
from .money import OURS, THEIRS, file_of, our_account, payback_of, prepaid, refund_of, wish_for

pytestmark = pytest.mark.django_db


@pytest.mark.both_databases
@pytest.mark.parametrize("schema", [PAIN_09, PAIN_03])
def test_a_file_is_valid_and_says_what_its_rows_say(outbox: Outbox, schema: str) -> None:
    first, second = refund_of(prepaid(11_900)), payback_of(5_001)
    outbox.drain()
    batch = file_of(first, second, schema=schema, in_one_sum=False)
    root = valid(batch)
    assert etree.QName(root).namespace.endswith(schema)
    assert texts(root, "MsgId") == texts(root, "PmtInfId") == [batch.message_id]
    assert texts(root, "NbOfTxs") == ["2", "2"]
    assert texts(root, "CtrlSum") == ["169.01", "169.01"]
    assert sorted(texts(root, "InstdAmt")) == ["119.00", "50.01"]
    assert texts(root, "BtchBookg") == ["false"]
    assert set(texts(root, "EndToEndId")) == {f"REFUND-{first.pk:06d}", f"PAYBACK-{second.pk:06d}"}
    assert texts(root, "IBAN") == [OURS, THEIRS, THEIRS]
    assert "Juergen Gross" in texts(root, "Nm")
    assert (batch.count, batch.amount_minor) == (2, 16_901)
    assert hashlib.sha256(bytes(batch.content)).hexdigest() == batch.sha256
    assert breaches() == []


def test_the_text_names_order_refund_and_credit_note(outbox: Outbox) -> None:
    order = prepaid()
    dispatch(order)
    outbox.drain()
    refund = refund_of(order, 1_900)
    [row] = waiting()
    assert row.text == f"Erstattung der Bestellung {order.number} REFUND-{refund.pk:06d}"
    assert (row.iban, row.account_from, row.problem) == (THEIRS, "bank", "")
    invoice = Invoice.objects.get(order=order)
    note = credit_note(invoice=invoice, source="g:1", reason="a scratch", amount_minor=1_900)
    credit_note(invoice=invoice, source="g:2", reason="another", amount_minor=100)
    [row] = waiting()
    assert row.text == (
        f"Erstattung der Bestellung {order.number}, Gutschrift {note.number} REFUND-{refund.pk:06d}"
    )
    assert texts(valid(file_of(refund)), "Ustrd") == [row.text]


@override("en")
@pytest.mark.parametrize(
    ("iban", "said"),
    [
        ("", "not known"),
        ("DE02120300000000202052", "wrong"),
        ("XK051212012345678906", "outside SEPA"),
        (OURS, "ours"),
    ],
)
def test_what_cannot_be_sent_says_why(outbox: Outbox, iban: str, said: str) -> None:
    our_account()
    refund = refund_of(prepaid(iban=iban))
    [row] = waiting()
    assert said in row.problem
    with pytest.raises(actions.Refused, match=said):
        file_of(refund)
    assert Refund.objects.get().state == "requested"
    assert not TransferBatch.objects.exists()


@override("en")
def test_held_and_disputed_orders_are_not_paid_out(outbox: Outbox) -> None:
    order = prepaid()
    refund_of(order)
    Order.objects.filter(pk=order.pk).update(on_hold=True)
    assert "on hold" in waiting()[0].problem
    Order.objects.filter(pk=order.pk).update(on_hold=False)
    Payment.objects.filter(order=order).update(state="disputed")
    assert "disputed" in waiting()[0].problem


@override("en")
def test_two_payers_are_a_question_that_staff_answer(outbox: Outbox, accountant: Any) -> None:
    order = prepaid(10_000)
    from fulfilment.finance.reconciliation.actions import assign

    more = told(500, "x", counterparty="Otto", counterparty_iban="DE75512108001245126199")
    assign(receipt=more, order=order, amount_minor=500)
    refund = refund_of(order, 10_000)
    assert "Several accounts" in waiting()[0].problem
    actions.give_account(
        thing=refund, name="Hanna", iban="de02 1203 0000 0000 2020 51", source="mail", by=accountant
    )
    assert (waiting()[0].iban, waiting()[0].problem) == (THEIRS, "")


@override("en")
def test_a_wrong_account_is_not_taken(outbox: Outbox, accountant: Any) -> None:
    refund = refund_of(prepaid(iban=""))
    for name, iban, source in (("Hanna", "DE1", "mail"), ("💶", THEIRS, "mail"), ("Hanna", THEIRS, " ")):
        with pytest.raises(actions.Refused):
            actions.give_account(thing=refund, name=name, iban=iban, source=source, by=accountant)
    assert not ReceiverAccount.objects.exists()


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Müller & Söhne GmbH //x", "Mueller + Soehne GmbH /x"),
        ("Łukasz Żółw", "Lukasz Zolw"),
        ("Ελένη Ωνάση", "Elene Onase"),
        ("Иван", "Ivan"),
        ("<script>alert(1)</script>", "script alert(1) /script"),
        ("]]></Nm><Amt>1</Amt>", ")) /Nm Amt 1 /Amt"),
        ("a\x00b\r\nc\u202ed", "ab cd"),
        ("💶", ""),
        ("///", ""),
        ("ß" * 60, "s" * 70),
    ],
)
def test_names_are_written_in_sepas_letters(typed: str, written: str) -> None:
    assert plain(typed, 70) == written
    assert not re.search(r"[^A-Za-z0-9/\-?:().,'+ ]", written)


@pytest.mark.parametrize(
    "hostile",
    [
        "]]></Nm><CdtTrfTxInf/>",
        "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
        "=1+1",
        "x" * 140,
    ],
)
def test_a_hostile_name_is_only_a_name(outbox: Outbox, hostile: str) -> None:
    refund = refund_of(prepaid(payer=hostile))
    root = valid(file_of(refund))
    assert len(texts(root, "CdtTrfTxInf")) == 1
    assert all(len(name) <= 70 for name in texts(root, "Nm"))


def test_the_schema_refuses_what_the_writer_would_let_pass() -> None:
    """Red before the check at making: sepaxml itself writes a file of 0.00 to a wrong IBAN without a word."""
    one = pain.Payment("Hanna", THEIRS, 100, "x", "REFUND-000001")
    facts: dict[str, Any] = {
        "schema": PAIN_09, "message_id": "SEPA-1", "made_at": dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
        "execute_on": dt.date(2026, 11, 27), "in_one_sum": True, "payer": pain.Payer("Kontor", OURS),
    }  # fmt: skip
    assert pain.write(**facts, payments=[one]) == pain.write(**facts, payments=[one])
    bad = [
        pain.Payment("Hanna", "nonsense!", 100, "x", "A"),
        pain.Payment("Hanna", THEIRS, 0, "x", "A"),
        pain.Payment("Hanna", THEIRS, -5, "x", "A"),
        pain.Payment("Hanna", THEIRS, 100_000_000_000, "x", "A"),
        pain.Payment("", THEIRS, 100, "x", "A"),
        pain.Payment("Jürgen", THEIRS, 100, "x", "A"),
        pain.Payment("H" * 71, THEIRS, 100, "x", "A"),
        pain.Payment("Hanna", THEIRS, 100, "x" * 141, "A"),
        pain.Payment("Hanna", THEIRS, 100, "x", "A" * 36),
    ]
    for wrong in bad:
        with pytest.raises(pain.Invalid):
            pain.write(**facts, payments=[wrong])
    with pytest.raises(pain.Invalid):
        pain.write(**facts, payments=[])
    with pytest.raises(pain.Invalid):
        pain.write(**facts, payments=[one, one])
    with pytest.raises(pain.Invalid):
        pain.write(**facts | {"payer": pain.Payer("Kontor", OURS, "NO BIC")}, payments=[one])


def test_bank_days_and_masks() -> None:
    assert not is_bank_day(dt.date(2026, 12, 25))
    assert not is_bank_day(dt.date(2026, 11, 28))
    assert bank_day_from(dt.date(2027, 3, 26)) == dt.date(2027, 3, 30)  # Good Friday to after Easter Monday
    assert masked(THEIRS) == "DE02 … 2051"
    assert problem_of("FR1420041010050500013M02606") == ""


@override("en")
def test_days_and_accounts_that_do_not_fit_are_refused(outbox: Outbox) -> None:
    refund = refund_of(prepaid())
    for changes in (
        {"execute_on": today() - dt.timedelta(days=1)},
        {"execute_on": today() + dt.timedelta(days=31)},
        {"execute_on": dt.date(2026, 12, 25)},
        {"account_id": 0},
        {"schema": "pain.008"},
        {"key": "x"},
        {"seen": "x"},
        {"targets": ()},
        {"targets": ("refund:999999", "x:1", "refund:x")},
    ):
        with pytest.raises(actions.Refused):
            file_of(refund, **changes)
    assert not TransferBatch.objects.exists()


@pytest.mark.both_databases
def test_what_is_in_a_file_is_sent_by_nobody_else(outbox: Outbox) -> None:
    refund, payback = refund_of(prepaid()), payback_of()
    stale, old = Refund.objects.get(), PayBack.objects.get()
    wish = wish_for(refund, payback)
    batch = actions.write(wish=wish, by=None)
    assert waiting() == []
    assert not note_refund_sent(refund=stale, reference="by hand")
    assert not note_payback_sent(payback=old, reference="by hand")
    with pytest.raises(actions.Refused):
        actions.write(wish=wish_for(refund, payback, seen=wish.seen), by=None)
    assert actions.make(wish=wish, by=None).batch == batch, "a double click is one file"
    with pytest.raises(ValueError):  # what is on its way back is not called off beside the file
        undo(assignment=Assignment.objects.get(kind=Assignment.GIVE_BACK), why="oops")
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.create(
            batch=batch,
            position=9,
            refund=refund,
            amount_minor=1,
            name="x",
            iban="x",
            text="x",
            end_to_end_id="x",
        )
    assert breaches() == []


@pytest.mark.both_databases
def test_a_file_called_off_frees_its_rows_and_the_next_has_ids_of_its_own(outbox: Outbox) -> None:
    refund, payback = refund_of(prepaid()), payback_of()
    outbox.drain()
    batch = file_of(refund, payback)
    with pytest.raises(actions.Refused):
        actions.cancel(batch=batch, why=" ", by=None)
    actions.cancel(batch=batch, why="wrong day", by=None)
    outbox.drain()
    assert [row.problem for row in waiting()] == ["", ""]
    again = file_of(Refund.objects.get(), PayBack.objects.get())
    ids = set(texts(valid(again), "EndToEndId"))
    assert ids == {f"REFUND-{refund.pk:06d}-1", f"PAYBACK-{payback.pk:06d}-1"}
    assert set(batch.transfers.values_list("end", flat=True)) == {"cancelled"}
    with pytest.raises(actions.Refused):
        actions.hand_over(batch=batch, by=None)
    assert breaches() == []


@pytest.mark.both_databases
def test_handed_over_it_is_on_its_way_and_the_banks_sum_settles_it(outbox: Outbox) -> None:
    refund, payback = refund_of(prepaid()), payback_of(5_000)
    outbox.drain()
    batch = file_of(refund, payback)
    actions.hand_over(batch=batch, by=None)
    outbox.drain()
    assert (balance_minor("money_transit"), balance_minor("receivable")) == (-16_900, 0)
    told(-16_900, "SAMMLER", counterparty="", bank_reference=f"X {batch.message_id}", is_collective=True)
    assert match_open().booked == 1
    outbox.drain()
    batch.refresh_from_db()
    assert batch.state == "booked"
    assert set(Assignment.objects.filter(kind="refund").values_list("amount_minor", flat=True)) == {
        11_900,
        5_000,
    }
    assert (balance_minor("money_transit"), balance_minor("bank"), unexplained_minor()) == (0, 0, 0)
    with pytest.raises(actions.Refused):
        actions.cancel(batch=batch, why="x", by=None)
    assert breaches() == []
    undo(assignment=Assignment.objects.filter(kind="refund").first(), why="wrong line")
    outbox.drain()
    batch.refresh_from_db()
    assert batch.state == "handed"
    assert breaches() == []


def test_single_debits_settle_the_file_one_by_one(outbox: Outbox) -> None:
    first, second = refund_of(prepaid()), refund_of(prepaid(2_000))
    outbox.drain()
    batch = file_of(first, second, in_one_sum=False)
    actions.hand_over(batch=batch, by=None)
    told(-11_900, "x", end_to_end_id=f"REFUND-{first.pk:06d}")
    match_open()
    outbox.drain()
    batch.refresh_from_db()
    assert batch.state == "handed"
    told(-2_000, "x", end_to_end_id=f"REFUND-{second.pk:06d}")
    match_open()
    outbox.drain()
    batch.refresh_from_db()
    assert (batch.state, unexplained_minor(), balance_minor("money_transit")) == ("booked", 0, 0)
    assert breaches() == []


def test_a_sum_without_the_files_number_is_proposed_and_not_booked(outbox: Outbox) -> None:
    batch = file_of(refund_of(prepaid()), payback_of(5_000))
    actions.hand_over(batch=batch, by=None)
    outbox.drain()
    line = told(-16_900, "Sammelueberweisung", counterparty="", is_collective=True)
    assert match_open().booked == 0
    [[first, *_]] = match_these([line]).values()
    assert (first.kind, first.confidence) == (TOGETHER, 85)


def test_a_line_of_a_file_nobody_noted_as_handed_over_hands_it_over(outbox: Outbox) -> None:
    batch = file_of(refund_of(prepaid()), payback_of(5_000))
    told(-16_900, f"SEPA {batch.message_id}", counterparty="")
    assert match_open().booked == 1
    outbox.drain()
    batch.refresh_from_db()
    assert batch.state == "booked"
    assert breaches() == []


def test_a_refund_sent_by_hand_and_never_noted_is_noted_by_its_line(outbox: Outbox) -> None:
    order = prepaid()
    refund_of(order)
    outbox.drain()
    told(-11_900, f"Erstattung {order.number}")
    assert match_open().booked == 1
    outbox.drain()
    assert Refund.objects.get().state == "succeeded"
    assert (balance_minor("money_transit"), unexplained_minor()) == (0, 0)
    assert breaches() == []
