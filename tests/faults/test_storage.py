"""The store of files (S3) away, slow or mad: the shop goes on, documents are made later, nothing false goes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from django.core.files.storage import storages

from catalogue.partner.models import StockRecord
from fulfilment.finance.archive import FileDamaged
from fulfilment.finance.invoicing import files
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from shop.notifications import sending
from shop.notifications.models import OutgoingMail
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.shopping import make_user
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import send_everything
from tests.faults.conftest import within
from tests.faults.shopper import buy, read, visitor
from tests.faults.wire import Wire, http

TIMEOUT_S = 0.3


@pytest.fixture
def s3(wire: Wire, settings: Any) -> Wire:
    """Uploads and documents are kept at the end of the wire."""
    kept = {
        "bucket_name": "kontor",
        "endpoint_url": f"http://127.0.0.1:{wire.port}",
        "access_key": "kontor",
        "secret_key": "kontor",
        "region_name": "eu-central-1",
        "file_overwrite": False,
        "client_config": Config(
            connect_timeout=TIMEOUT_S,
            read_timeout=TIMEOUT_S,
            retries={"total_max_attempts": 1, "mode": "standard"},
            s3={"addressing_style": "path"},
        ),
    }
    backend = "storages.backends.s3.S3Storage"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": backend, "OPTIONS": kept},
        "documents": {"BACKEND": backend, "OPTIONS": kept},
    }
    return wire


@pytest.fixture
def invoiced(outbox: Any) -> Callable[[], Invoice]:
    """A sent order of Anna's with its invoice, no document made yet."""

    def make() -> Invoice:
        anna = make_user("anna@example.org")
        record = make_stockrecord("SKU-1", bins={"A-01": 50})
        order = make_order((record, 2), payment_method="invoice", user=anna)
        outbox.drain()
        send_everything(PickList.objects.get(order=order), by=make_staff("lager@example.org"))
        outbox.drain()
        assert outbox.failures() == []
        return Invoice.objects.get(order=order)

    return make


def download(invoice: Invoice) -> Any:
    client = visitor()
    client.force_login(invoice.order.user)
    return client.get(f"/orders/{invoice.order.number}/invoices/{invoice.number}/")


def the_shop_goes_on(shoe: StockRecord, invoice: Invoice) -> None:
    client = visitor()
    read(client, shoe)
    buy(client, shoe)
    with within(12 * TIMEOUT_S + 15, "a download over a bad store of files"):
        answer = download(invoice)
    assert answer.status_code == 503, answer.status_code
    assert "gleich wieder da" in answer.content.decode()
    assert answer.headers["Retry-After"]
    mail = OutgoingMail.objects.get(kind="invoice_issued")
    sending.send(mail.pk)
    mail.refresh_from_db()
    assert (mail.shown_state, mail.attempts) == ("retrying", 1), "the mail waits for its attachment"
    invoice.refresh_from_db()
    assert invoice.pdf_sha256 == ""


def made_when_it_is_back(invoice: Invoice, settings: Any, tmp_path: Any) -> None:
    folder = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "documents": folder}
    assert files.pdf_bytes(invoice.pk).startswith(b"%PDF-")


@pytest.mark.cell("storage", "down")
def test_without_it_the_shop_goes_on(
    s3: Wire, shoe: StockRecord, invoiced: Any, settings: Any, tmp_path: Any
) -> None:
    s3.refuse()
    invoice = invoiced()
    the_shop_goes_on(shoe, invoice)
    made_when_it_is_back(invoice, settings, tmp_path)


@pytest.mark.cell("storage", "slow")
def test_a_silent_one_is_given_up_after_the_time_limit(
    s3: Wire, shoe: StockRecord, invoiced: Any, settings: Any, tmp_path: Any
) -> None:
    s3.silence()
    invoice = invoiced()
    the_shop_goes_on(shoe, invoice)
    made_when_it_is_back(invoice, settings, tmp_path)


@pytest.mark.cell("storage", "errors")
@pytest.mark.parametrize("status", ["403 Forbidden", "500 Internal Error", "503 Slow Down"])
def test_one_that_refuses_is_as_down(
    status: str, s3: Wire, shoe: StockRecord, invoiced: Any, settings: Any, tmp_path: Any
) -> None:
    code = b"<Error><Code>SlowDown</Code><Message>not now</Message></Error>"
    s3.say(http(code, status, kind="application/xml"))
    invoice = invoiced()
    the_shop_goes_on(shoe, invoice)
    made_when_it_is_back(invoice, settings, tmp_path)


@pytest.mark.cell("storage", "wrong answer")
def test_other_bytes_than_were_archived_are_not_handed_out(s3: Wire, invoiced: Any, tmp_path: Any) -> None:
    invoice = invoiced()
    body = b"%PDF-1.7 another document altogether"
    s3.say(http(body, kind="application/pdf", ETag='"x"', Last_Modified="Thu, 26 Nov 2026 12:00:00 GMT"))
    Invoice.objects.filter(pk=invoice.pk).update(
        pdf_key="invoices/1.pdf", pdf_sha256="0" * 64, xml_key="invoices/1.xml", xml_sha256="0" * 64
    )
    with pytest.raises(FileDamaged):
        files.pdf_bytes(invoice.pk)
    answer = download(invoice)
    assert answer.status_code == 409
    assert b"another document" not in answer.content


@pytest.mark.cell("storage", "wrong answer")
def test_somebody_elses_page_is_no_file(s3: Wire, shoe: StockRecord, invoiced: Any) -> None:
    s3.say(http(b"<html>Welcome to nginx</html>", "404 Not Found", kind="text/html"))
    invoice = invoiced()
    assert download(invoice).status_code in (409, 503)
    invoice.refresh_from_db()
    assert invoice.pdf_sha256 == ""
    assert storages["documents"].exists("x") in (True, False)
