"""Staff pages of invoices: open items, credit notes, cancellations, files, the merchant's data."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fulfilment.finance.invoicing.models import Invoice
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.filled import invoiced
from tests.fulfilment.finance.orders import Wish
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def test_open_items_are_counted_by_age(outbox: Outbox, desk: Client, clock: Any) -> None:
    clock.on(dt.date(2026, 9, 1))
    old = invoiced(outbox)
    clock.on(dt.date(2026, 11, 22))
    new = invoiced(outbox, Wish(1, 5_000))
    context = desk.get(reverse("finance:open-items")).context
    shown = {bucket["code"]: bucket["minor"] for bucket in context["buckets"]}
    assert shown == {"not_due": 5_000, "d1_30": 0, "d31_60": 0, "d61_90": 11_900, "d91": 0}
    assert [row.number for row in context["page"]] == [old.number, new.number]
    [only] = desk.get(reverse("finance:open-items"), {"age": "not_due"}).context["page"]
    assert only.number == new.number


def test_a_credit_note_is_shown_first_and_issued_once(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox, Wish(2, 10_000))
    address = reverse("finance:credit-note", args=[invoice.number])
    key = desk.get(address).context["form"].initial["key"]
    form = {"key": str(key), "reason": "returned", f"line-{invoice.lines.get().pk}": "1", "step": "preview"}
    preview = desk.post(address, form)
    assert preview.context["preview"]["gross_minor"] == 5_000
    assert Invoice.objects.count() == 1
    for _ in range(2):
        desk.post(address, form | {"step": "issue"})
    note = Invoice.objects.get(kind="credit_note")
    assert (note.gross_minor, note.number[-6:]) == (5_000, "000001")
    assert desk.get(reverse("finance:invoice", args=[note.number])).status_code == 200
    assert problems() == []


@pytest.mark.parametrize(
    "bad",
    [{"amount": "5000"}, {"line": "3"}, {"reason": "", "amount": "5"}, {}, {"line": "1", "amount": "5"}],
)
def test_a_wrong_credit_note_is_refused_in_words(outbox: Outbox, desk: Client, bad: dict[str, str]) -> None:
    invoice = invoiced(outbox, Wish(2, 10_000))
    address = reverse("finance:credit-note", args=[invoice.number])
    form = {"key": str(desk.get(address).context["form"].initial["key"]), "reason": "x", "step": "issue"}
    line = f"line-{invoice.lines.get().pk}"
    form |= {line if name == "line" else name: value for name, value in bad.items()}
    assert desk.post(address, form).status_code == 400
    assert not Invoice.objects.filter(kind="credit_note").exists()


def test_cancelling_says_why_and_leads_to_the_cancellation(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    address = reverse("finance:cancel-invoice", args=[invoice.number])
    assert desk.post(address, {"reason": ""}).status_code == 400
    response = desk.post(address, {"reason": "wrong address"})
    document = Invoice.objects.get(kind="cancellation")
    assert response["Location"] == reverse("finance:invoice", args=[document.number])
    assert desk.get(address).status_code == 404
    assert problems() == []


def test_the_pdf_and_the_xml_are_made_when_asked_for_and_stay_the_same(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    pdf = desk.get(reverse("finance:invoice-pdf", args=[invoice.number]))
    assert pdf.content.startswith(b"%PDF")
    assert desk.get(reverse("finance:invoice-pdf", args=[invoice.number])).content == pdf.content
    xml = desk.get(reverse("finance:invoice-xml", args=[invoice.number]))
    assert invoice.number.encode() in xml.content
    invoice.refresh_from_db()
    assert len(invoice.pdf_sha256) == len(invoice.xml_sha256) == 64


def test_the_merchants_data_are_checked_and_only_later_documents_carry_them(
    outbox: Outbox, desk: Client
) -> None:
    before = invoiced(outbox)
    address = reverse("finance:merchant")
    form = dict(desk.get(address).context["form"].initial)
    assert desk.post(address, form | {"iban": "DE00 1234"}).status_code == 400
    assert desk.post(address, form | {"vat_id": "DE1"}).status_code == 400
    assert desk.post(address, form | {"vat_id": "", "tax_number": ""}).status_code == 400
    assert desk.post(address, form | {"name": "Neue Firma GmbH"}).status_code == 302
    after = invoiced(outbox)
    assert Invoice.objects.get(pk=before.pk).seller["name"] != "Neue Firma GmbH"
    assert after.seller["name"] == "Neue Firma GmbH"
