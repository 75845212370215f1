"""A corrected address: cancelled and issued anew in one step, the books as before, the money moves over."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from fulfilment.finance.invoicing.actions import (
    Correction,
    NotReplaced,
    cancel_invoice,
    credit_note,
    hold,
    replace_invoice,
)
from fulfilment.finance.invoicing.einvoice import to_xml, validate_many
from fulfilment.finance.invoicing.models import Allocation, Invoice
from fulfilment.finance.invoicing.queries import einvoice_for
from fulfilment.finance.invoicing.retax import WITH_VAT, WITHOUT_VAT
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.queries import balance_minor
from shop.notifications.models import OutgoingMail
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.invoicing.firms import FRENCH, firm_order, invoice_of, proof
from tests.fulfilment.finance.orders import Wish, dispatch, make_order, order_lines
from tests.support.helpers import Clock, Outbox

pytestmark = pytest.mark.django_db
NEW = {"name": "Petersen Schuhe GmbH", "street": "Kaiweg 2", "postcode": "20457", "city": "Hamburg"}
ROLES = ("receivable", "revenue_19", "vat_19", "revenue_7", "vat_7")


def test_the_new_invoice_says_the_same_to_somebody_else(outbox: Outbox) -> None:
    order = make_order(Wish(3, 10_000), Wish(1, 1_070, 700), shipping_minor=490)
    old = invoice_of(outbox, order)
    before = {role: balance_minor(role) for role in ROLES}
    done = replace_invoice(invoice=old, correction=Correction(NEW), reason="wrong company")
    new, cancellation = done.invoice, done.cancellation
    assert (cancellation.corrects, new.replaces) == (old, old)
    assert (old.state, old.open_minor) == ("cancelled", 0)
    assert new.buyer == old.buyer | NEW
    assert cancellation.buyer == old.buyer
    assert (new.net_minor, new.vat_minor, new.gross_minor) == (old.net_minor, old.vat_minor, old.gross_minor)
    assert new.taxes == old.taxes
    assert new.charges == old.charges
    facts = ("sku", "quantity", "gross_minor", "vat_minor", "rate_bp", "order_line_id")
    assert list(new.lines.values_list(*facts)) == list(old.lines.values_list(*facts))
    assert {role: balance_minor(role) for role in ROLES} == before, "the ledger is neutral"
    assert new.open_minor == old.gross_minor
    assert problems() == []


def test_what_was_paid_moves_to_the_new_invoice(outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order(Wish(1, 11_900), method="card"))
    assert old.state == "paid"
    new = replace_invoice(invoice=old, correction=Correction(NEW), reason="wrong company").invoice
    assert (new.state, new.paid_minor, new.prepaid_minor) == ("paid", 11_900, 11_900)
    active = Allocation.objects.filter(reversed_at__isnull=True, money__kind="card")
    assert [(one.invoice_id, one.amount_minor) for one in active] == [(new.pk, 11_900)]
    assert problems() == []


def test_the_goods_went_where_they_went(outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order())
    assert old.ship_to is None
    new = replace_invoice(invoice=old, correction=Correction(NEW), reason="moved").invoice
    assert new.ship_to == {
        "name": "Hanna Petersen",
        "street": "Deichstraße 9",
        "extra": "",
        "postcode": "20459",
        "city": "Hamburg",
        "country": "DE",
    }
    other = invoice_of(outbox, make_order())
    named = replace_invoice(
        invoice=other, correction=Correction({"name": "Hanna Petersen KG"}), reason="name"
    )
    assert named.invoice.ship_to is None


def test_both_documents_are_valid_and_the_new_one_names_the_old(outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order(Wish(2, 5_001), shipping_minor=490))
    done = replace_invoice(invoice=old, correction=Correction(NEW), reason="wrong company")
    xmls = [to_xml(einvoice_for(one)) for one in (done.cancellation, done.invoice)]
    assert validate_many(xmls) == [[], []]
    assert old.number.encode() in xmls[1]
    assert b"Kaiweg 2" in xmls[1]


def test_a_second_part_follows_the_corrected_first(outbox: Outbox) -> None:
    order = make_order(Wish(3, 10_000), shipping_minor=490)
    line = order_lines(order)[0]
    dispatch(order, {line.pk: 1})
    outbox.drain()
    first = Invoice.objects.get(order=order)
    replace_invoice(invoice=first, correction=Correction(NEW), reason="wrong company")
    dispatch(order, {line.pk: 2})
    outbox.drain()
    standing = Invoice.objects.claims().exclude(state="cancelled").filter(order=order)
    assert sum(one.gross_minor for one in standing) == order.total_minor
    assert [len(one.charges) for one in standing.order_by("pk")] == [1, 0], "shipping is charged once"
    assert problems() == []


def test_a_retry_returns_the_same_documents_and_a_colleagues_other_one_is_refused(outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order())
    done = replace_invoice(invoice=old, correction=Correction(NEW), reason="wrong company")
    again = replace_invoice(invoice=old, correction=Correction(NEW), reason="wrong company")
    assert again == done
    with pytest.raises(NotReplaced):
        replace_invoice(invoice=old, correction=Correction({"name": "Somebody"}), reason="other")
    assert Invoice.objects.filter(order=old.order).count() == 3


def test_what_cannot_be_corrected_is_refused_in_words_and_uses_no_number(outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order())
    for correction, reason in [
        (Correction({}), "nothing"),
        (Correction(NEW), "  "),
        (Correction({"name": "  "}), "no name"),
    ]:
        with pytest.raises(NotReplaced) as refused:
            replace_invoice(invoice=old, correction=correction, reason=reason)
        assert len(str(refused.value)) > 10
    with pytest.raises(ValueError, match="no part of a buyer"):
        replace_invoice(invoice=old, correction=Correction({"iban": "x"}), reason="x")
    note = credit_note(invoice=old, source="g:1", reason="sorry", amount_minor=100)
    for document in (old, note):
        with pytest.raises(NotReplaced):
            replace_invoice(invoice=document, correction=Correction(NEW), reason="late")
    other = invoice_of(outbox, make_order())
    cancel_invoice(invoice=other, reason="wrong")
    with pytest.raises(NotReplaced):
        replace_invoice(invoice=other, correction=Correction(NEW), reason="late")
    assert Invoice.objects.filter(replaces__isnull=False).count() == 0
    assert problems() == []


def test_a_hold_stays_and_the_term_begins_anew(outbox: Outbox, clock: Clock) -> None:
    clock.on(dt.date(2026, 11, 1))
    old = invoice_of(outbox, make_order())
    hold(invoice=old, why="complaint")
    clock.on(dt.date(2026, 12, 1))
    old.refresh_from_db()
    new = replace_invoice(invoice=old, correction=Correction(NEW), reason="wrong company").invoice
    assert (new.held, new.held_reason) == (True, "complaint")
    assert new.due_on == dt.date(2026, 12, 1) + (old.due_on - old.issued_on)
    assert new.delivered_on == old.delivered_on


def test_the_customer_gets_both_documents_in_one_mail(outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order())
    with transaction.atomic():
        done = replace_invoice(invoice=old, correction=Correction(NEW), reason="wrong company")
    outbox.drain()
    assert outbox.failures() == []
    mails = OutgoingMail.objects.filter(order=old.order, kind="invoice_issued").order_by("pk")
    assert len(mails) == 2, "one for the first invoice, one for the correction"
    names = [one.name for one in mails[1].attachments.order_by("pk")]
    assert names[:2] == [f"{done.invoice.number}.pdf", f"{done.cancellation.number}.pdf"]
    assert old.number in mails[1].html


def test_a_vat_id_that_proves_valid_later_takes_the_vat_off(outbox: Outbox) -> None:
    """The register was away, the firm paid with VAT; now it is proved: the VAT becomes the firm's credit."""
    order = firm_order(
        Wish(2, 24_000, 2000, discount_minor=1_200),
        check=proof("unanswered"),
        method="card",
        shipping_minor=1_190,
    )
    type(order).objects.filter(pk=order.pk).update(shipping_rate_bp=2000)
    old = invoice_of(outbox, order)
    check = proof()
    done = replace_invoice(
        invoice=old, correction=Correction({}, tax=WITHOUT_VAT, check=check), reason="VAT id proved"
    )
    new = done.invoice
    assert (new.vat_minor, new.net_minor) == (0, old.net_minor)
    assert {row["category"] for row in new.taxes} == {"K"}
    assert (new.vat_check, new.state) == (check, "paid")
    assert balance_minor("revenue_eu") == -old.net_minor
    assert balance_minor("revenue_abroad") == 0
    assert balance_minor("receivable") == -old.vat_minor, "what was paid too much"
    assert validate_many([to_xml(einvoice_for(new))]) == [[]]
    assert problems() == []


@pytest.mark.parametrize("outcome", ["invalid", "unanswered", None])
def test_the_vat_stays_on_without_a_proof(outbox: Outbox, outcome: str | None) -> None:
    old = invoice_of(outbox, firm_order(Wish(1, 12_000, 2000), check=proof("unanswered")))
    check = proof(outcome) if outcome else None
    with pytest.raises(NotReplaced, match=r"EU|Register"):
        replace_invoice(invoice=old, correction=Correction({}, tax=WITHOUT_VAT, check=check), reason="please")
    german = Correction({"vat_id": "DE123456788"}, tax=WITHOUT_VAT, check=proof("valid", "DE123456788"))
    with pytest.raises(NotReplaced):
        replace_invoice(invoice=old, correction=german, reason="please")
    assert Invoice.objects.filter(order=old.order).count() == 1


def test_an_answer_of_long_before_the_order_proves_nothing(outbox: Outbox) -> None:
    old = invoice_of(outbox, firm_order(Wish(1, 12_000, 2000), check=proof("unanswered")))
    check = proof()
    type(check).objects.filter(pk=check.pk).update(asked_at=old.order.date_placed - dt.timedelta(days=30))
    check.refresh_from_db()
    with pytest.raises(NotReplaced, match=r"EU|Register"):
        replace_invoice(invoice=old, correction=Correction({}, tax=WITHOUT_VAT, check=check), reason="please")


def test_goods_that_stayed_here_never_go_without_vat(outbox: Outbox) -> None:
    old = invoice_of(outbox, firm_order(Wish(1, 11_900), country="DE", check=proof()))
    with pytest.raises(NotReplaced):
        replace_invoice(
            invoice=old, correction=Correction({}, tax=WITHOUT_VAT, check=proof()), reason="please"
        )


def test_a_vat_id_that_proves_invalid_later_brings_the_vat_on_top(outbox: Outbox) -> None:
    old = invoice_of(
        outbox, firm_order(Wish(2, 20_000, 0), category="K", check=proof(), shipping_minor=1_000)
    )
    done = replace_invoice(
        invoice=old,
        correction=Correction({}, tax=WITH_VAT, check=proof("invalid")),
        reason="VAT id not valid",
    )
    new = done.invoice
    assert (new.net_minor, new.vat_minor, new.gross_minor) == (21_000, 4_200, 25_200)
    assert [(row["category"], row["rate_bp"]) for row in new.taxes] == [("S", 2000)]
    assert balance_minor("revenue_eu") == 0
    assert EntryLine.objects.filter(account__role="vat_abroad", vat_country="FR").count() == 1
    assert validate_many([to_xml(einvoice_for(new))]) == [[]]
    assert problems() == []


def test_an_address_of_a_tax_free_invoice_is_corrected_without_asking_anew(outbox: Outbox) -> None:
    check = proof()
    old = invoice_of(outbox, firm_order(Wish(1, 10_000, 0), category="K", check=check))
    new = replace_invoice(
        invoice=old, correction=Correction({"street": "14 rue de la Paix"}), reason="typo"
    ).invoice
    assert (new.vat_check, new.vat_minor) == (check, 0)
    with pytest.raises(NotReplaced):
        replace_invoice(invoice=new, correction=Correction({"vat_id": "ATU12345675"}), reason="other id")
    assert new.buyer["vat_id"] == FRENCH
