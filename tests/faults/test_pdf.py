"""The typesetter away, slow or mad: goods are sold, sent and invoiced, documents are made later."""

from __future__ import annotations

import time
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from fulfilment.finance.invoicing import files
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from shop.kernel import pdf
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import send_everything
from tests.faults.shopper import buy, read, visitor

SLOW_S = 3.0


class Typesetter:
    """In place of typst's compiler; ``does`` is what it does instead of a page."""

    def __init__(self, does: Any) -> None:
        self.does, self.asked = does, 0

    def __call__(self, *args: Any, **kwargs: Any) -> Typesetter:
        return self

    def compile(self, **options: Any) -> Any:
        self.asked += 1
        if isinstance(self.does, Exception):
            raise self.does
        if callable(self.does):
            return self.does()
        return self.does


def broken(monkeypatch: pytest.MonkeyPatch, does: Any) -> Typesetter:
    setter = Typesetter(does)
    monkeypatch.setattr(pdf.typst, "Compiler", setter)
    return setter


def sold_sent_and_invoiced(shoe: StockRecord, outbox: Any) -> Invoice:
    client = visitor()
    read(client, shoe)
    buy(client, shoe)
    order = make_order((make_stockrecord("SKU-1", bins={"A-01": 50}), 2), payment_method="invoice")
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff("lager@example.org"))
    outbox.drain()
    assert outbox.failures() == []
    return Invoice.objects.get(order=order)


def made_later(invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was archived, the number stays, and the sweep makes the document once it can."""
    invoice.refresh_from_db()
    assert invoice.pdf_sha256 == ""
    number = invoice.number
    monkeypatch.undo()
    assert files.pdf_bytes(invoice.pk).startswith(b"%PDF-")
    invoice.refresh_from_db()
    assert (invoice.number, bool(invoice.pdf_sha256)) == (number, True)
    assert Invoice.objects.count() == 1


@pytest.mark.cell("PDF", "down")
def test_without_it_goods_are_sold_and_invoiced(
    shoe: StockRecord, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, OSError("cannot load the library"))
    invoice = sold_sent_and_invoiced(shoe, outbox)
    with pytest.raises(OSError, match="cannot load"):
        files.make(invoice.pk)
    made_later(invoice, monkeypatch)


@pytest.mark.cell("PDF", "slow")
def test_nobody_who_buys_waits_for_it(
    shoe: StockRecord, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    setter = broken(monkeypatch, lambda: time.sleep(SLOW_S) or b"")
    client = visitor()
    read(client, shoe)
    buy(client, shoe)
    assert setter.asked == 0
    invoice = sold_sent_and_invoiced(shoe, outbox)
    assert setter.asked == 0, "no event waits for a document either"
    made_later(invoice, monkeypatch)


@pytest.mark.cell("PDF", "errors")
def test_an_error_leaves_the_document_due(
    shoe: StockRecord, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, RuntimeError("unexpected end of font"))
    invoice = sold_sent_and_invoiced(shoe, outbox)
    with pytest.raises(RuntimeError):
        files.make(invoice.pk)
    made_later(invoice, monkeypatch)


@pytest.mark.cell("PDF", "wrong answer")
@pytest.mark.parametrize("answer", [b"", b"<html>", None, "a text"])
def test_what_is_no_pdf_is_not_archived(
    answer: Any, shoe: StockRecord, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, answer)
    invoice = sold_sent_and_invoiced(shoe, outbox)
    with pytest.raises(TypeError, match="no PDF"):
        files.make(invoice.pk)
    made_later(invoice, monkeypatch)
