"""A customer's letterbox over the life of an order: what arrives, in which order, with which papers."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pytest

from checkout.order.models import Order
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation import actions as bank
from fulfilment.warehouse.picking.models import PickList
from shop.kernel.clock import today
from shop.notifications import sending
from shop.notifications.verify import CHECKS
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.shopping import place_order
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import send_everything
from tests.shop.notifications.conftest import MailServer
from tests.shop.notifications.conftest import mail_server as mail_server
from tests.shop.notifications.conftest import stopped_server as stopped_server


def subjects(server: MailServer) -> list[str]:
    return [str(message["Subject"]) for message in server.received]


@pytest.mark.both_databases
def test_a_prepaid_order_brings_bank_details_confirmation_parcel_and_invoice_each_once(
    fresh_database: None, outbox: Any, mail_server: MailServer
) -> None:
    make_country()
    picker = make_staff()
    order = place_order((make_stockrecord(bins={"A-01": 5}), 2), method="prepayment")
    outbox.drain()
    sending.send_due()
    receipt = bank.record(booked_on=today(), amount_minor=order.total_minor, reference="1", text=order.number)
    bank.assign(receipt=receipt, order=order, amount_minor=order.total_minor)
    outbox.drain()
    sending.send_due()
    send_everything(PickList.objects.get(order=order), by=picker)
    outbox.drain()
    assert outbox.failures() == []
    for _ in range(3):
        sending.send_due()
    invoice = Invoice.objects.get(order=order)
    assert sorted(subjects(mail_server)[2:]) == sorted(
        [
            f"Ihre Bestellung {order.number} ist unterwegs",
            f"Rechnung {invoice.number} zu Ihrer Bestellung {order.number}",
        ]
    )
    assert subjects(mail_server)[0].startswith(f"Ihre Bestellung {order.number}: bitte überweisen Sie")
    assert subjects(mail_server)[1] == f"Ihre Bestellung {order.number} ist bestätigt"
    assert Order.objects.get(pk=order.pk).status == "completed"
    assert [sentence for _name, check in CHECKS for sentence in check()] == []

    letter = next(
        message for message in mail_server.received if str(message["Subject"]).startswith("Rechnung")
    )
    assert "Sie ist bezahlt" in " ".join(letter.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    (file,) = letter.iter_attachments()
    assert file.get_filename() == f"{invoice.number}.pdf"
    with pikepdf.open(io.BytesIO(file.get_content())) as pdf:
        assert "factur-x.xml" in pdf.attachments
