"""The archived files of an invoice: made once, after the transaction, and never different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse

from checkout.order import access
from checkout.order.models import Order
from fulfilment.finance.invoicing import files, tasks
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.einvoice import validate
from fulfilment.finance.invoicing.einvoice.validation import SchematronUnavailable
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.open_matters import without_files
from fulfilment.finance.invoicing.queries import einvoice_for, invoice_pdf_bytes, invoice_xml_bytes
from shop.kernel.transactions import InTransaction, retrying
from tests.factories.people import make_staff
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order
from tests.support.helpers import Outbox, Queue

pytestmark = pytest.mark.django_db


def invoiced(outbox: Outbox, *wishes: Wish, method: str = "invoice", shipping_minor: int = 0) -> Invoice:
    order = make_order(*wishes, method=method, shipping_minor=shipping_minor)
    if method == "card":
        capture(order)
    dispatch(order)
    outbox.drain()
    return Invoice.objects.get(order=order)


def test_issuing_makes_no_file_but_asks_a_worker_to(
    outbox: Outbox, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invoice = invoiced(outbox)
    assert invoice.pdf_sha256 == ""
    assert ("invoicing.make_documents", (invoice.pk,), {}) in queue.asked
    tasks.make_documents(invoice.pk)
    invoice.refresh_from_db()
    assert invoice.pdf_sha256
    assert invoice.xml_sha256


def test_what_a_crash_left_out_is_asked_for_again(outbox: Outbox, queue: Queue) -> None:
    missing, made = invoiced(outbox), invoiced(outbox)
    files.make(made.pk)
    tasks.make_missing()
    assert [args for name, args, _ in queue.asked if name == "invoicing.make_documents"][-1] == (missing.pk,)
    assert ("invoicing.make_documents", (made.pk,), {}) not in queue.asked[-1:]


def test_making_twice_changes_nothing(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    first = invoice_pdf_bytes(invoice.pk), invoice_xml_bytes(invoice.pk)
    files.make(invoice.pk)
    assert (invoice_pdf_bytes(invoice.pk), invoice_xml_bytes(invoice.pk)) == first


def test_a_crash_between_xml_and_pdf_keeps_the_xml(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    files.make(invoice.pk)
    before = invoice_xml_bytes(invoice.pk)
    Invoice.objects.filter(pk=invoice.pk).update(pdf_key="", pdf_sha256="")
    assert invoice_pdf_bytes(invoice.pk).startswith(b"%PDF")
    assert invoice_xml_bytes(invoice.pk) == before


def test_a_changed_file_is_not_handed_out(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    invoice_xml_bytes(invoice.pk)
    invoice.refresh_from_db()
    path = Path(storages["documents"].path(invoice.xml_key))
    path.write_bytes(path.read_bytes().replace(b"119.00", b"911.00"))
    with pytest.raises(files.FileDamaged):
        invoice_xml_bytes(invoice.pk)


def test_no_file_is_made_inside_a_transaction(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    with pytest.raises(InTransaction):
        retrying(lambda: files.make(invoice.pk))


def test_invoice_credit_note_and_card_invoice_keep_the_rules_of_en_16931(outbox: Outbox) -> None:
    plain = invoiced(outbox, Wish(3, 9_999), Wish(2, 777, 700), shipping_minor=495)
    paid = invoiced(outbox, Wish(1, 11_900, discount_minor=1_000), method="card")
    note = credit_note(invoice=plain, source="a", reason="sorry", amount_minor=1_234)
    for document in (plain, paid, note):
        try:
            assert list(validate(invoice_xml_bytes(document.pk))) == [], document.number
        except SchematronUnavailable as error:
            pytest.skip(str(error))


def test_the_document_is_made_of_the_facts_of_its_day(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    order = invoice.order
    order.billing_address.last_name = "Married"
    order.billing_address.save()
    assert einvoice_for(Invoice.objects.get(pk=invoice.pk)).buyer.name == "Hanna Petersen"


def test_a_month_is_not_closed_unawares_while_documents_have_no_file(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    days = (invoice.issued_on, invoice.issued_on)
    assert [matter.count for matter in without_files(*days)] == [1]
    files.make(invoice.pk)
    assert [matter.count for matter in without_files(*days)] == [0]


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_what_was_tampered_with_is_said_in_words_and_never_an_error_page(
    harm: str, outbox: Outbox, client: Client
) -> None:
    desk = Client()
    desk.force_login(
        make_staff("f@example.org", "dashboard.enter", "invoicing.view_invoices", "dunning.view_dunning")
    )
    invoice = invoiced(outbox)
    files.make(invoice.pk)
    invoice.refresh_from_db()
    for key in (invoice.xml_key, invoice.pdf_key):
        stored = Path(storages["documents"].path(key))
        stored.write_bytes(stored.read_bytes() + b" ") if harm == "changed" else stored.unlink()
    pages = [reverse(f"finance:invoice-{cut}", args=[invoice.number]) for cut in ("pdf", "xml")]
    pages.append(reverse("finance:dunning-dossier", args=[invoice.number]))
    for page in pages:
        answer = desk.get(page)
        assert answer.status_code == 409, page
        text = answer.content.decode()
        assert "Diese Datei ist nicht, was archiviert wurde" in text
        assert reverse("finance:invoice", args=[invoice.number]) in text
    order = Order.objects.get(pk=invoice.order_id)
    client.get(reverse("orders:open", args=[access.token(order)]))
    shopper = client.get(reverse("orders:invoice", args=[order.number, invoice.number]))
    assert shopper.status_code == 409
    assert "Dieses Dokument kann nicht gezeigt werden" in shopper.content.decode()
