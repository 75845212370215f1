"""An order over 0.00: confirmed at once, sent, invoiced, taken back, and no money moves anywhere."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation

from catalogue.partner.models import Reservation
from checkout.basket.offers import apply_offers
from checkout.order.actions import PriceChanged, cancel, cancel_pieces, place
from checkout.order.models import Order
from checkout.payment import tasks
from checkout.payment.actions import capture
from checkout.payment.models import CustomerCredit, MethodRule, Payment, Refund
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.finance.invoicing import documents
from fulfilment.finance.invoicing.facts import einvoice_for
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from fulfilment.finance.invoicing.queries import invoice_pdf_bytes, invoice_xml_bytes
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.invariants import verify
from shop.kernel.models import Message
from shop.notifications.models import OutgoingMail
from shop.notifications.tasks import send_due
from tests.checkout.test_steps import CONTACT, order_button, put_in_basket
from tests.factories.offers import make_voucher
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import book, dock_bins
from tests.factories.shopping import make_basket, make_placement, make_user, make_variant, place_order
from tests.factories.shortages import in_stock
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.test_withdrawals import declare

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def free_order(*wanted: Any, method: str = "card", user: Any = None) -> Order:
    """An order whose price a voucher takes whole, placed with ``method`` on the form; fetched, so without delivery."""
    voucher = make_voucher(f"ALLES{Order.objects.count()}", percent=100)
    basket = make_basket(*wanted, owner=user)
    basket.vouchers.add(voucher)
    apply_offers(basket, user or AnonymousUser())
    return place(make_placement(basket, method=method, user=user, shipping_minor=0))


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches]


def send(outbox: Any, order: Order) -> Invoice:
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff())
    outbox.drain()
    assert outbox.failures() == []
    order.refresh_from_db()
    return Invoice.objects.claims().get(order=order)


@pytest.mark.parametrize("method", ["card", "prepayment", "invoice"])
def test_whatever_way_to_pay_was_on_the_form_it_is_confirmed_sent_and_invoiced(
    method: str, outbox: Any
) -> None:
    order = free_order((in_stock(3, price_minor=8_990), 2), method=method)
    assert (order.total_minor, order.status, order.payment_method) == (0, "confirmed", "nothing")
    assert not Payment.objects.filter(order=order).exists()
    assert Message.objects.filter(name="OrderConfirmed", payload__order_id=order.pk).count() == 1
    assert Reservation.objects.get(order_id=order.pk).expires_at is None
    invoice = send(outbox, order)
    assert order.status == "completed"
    assert (invoice.gross_minor, invoice.vat_minor, invoice.open_minor, invoice.state) == (0, 0, 0, "paid")
    line = invoice.lines.get()
    assert (line.quantity, line.gross_minor, line.discount_minor) == (2, 0, 2 * 8_990)
    assert not Entry.objects.filter(source__contains=invoice.number).exists(), (
        "no money moves, none is booked"
    )
    assert breaches() == []


def test_its_papers_and_mails_show_the_discount_and_ask_for_nothing(outbox: Any) -> None:
    order = free_order((in_stock(1, price_minor=8_990), 1))
    invoice = send(outbox, order)
    with pikepdf.open(BytesIO(invoice_pdf_bytes(invoice.pk))) as pdf:
        assert list(pdf.attachments) == ["factur-x.xml"]
    xml = invoice_xml_bytes(invoice.pk).decode()
    assert "<ram:DuePayableAmount>0.00</ram:DuePayableAmount>" in xml
    assert "<ram:ChargeAmount>75.55</ram:ChargeAmount>" in xml and "<ram:ActualAmount>75.55" in xml
    with translation.override("de"):
        printed = documents._data(einvoice_for(invoice), documents.totals(einvoice_for(invoice)), "de")
    assert printed["payment"] is not None
    assert printed["payment"]["heading"] == "Es ist nichts zu bezahlen." and not printed["payment"]["qr_svg"]
    assert any("89,90" in detail for detail in printed["lines"][0]["details"])
    send_due()
    assert len(mail.outbox) == OutgoingMail.objects.count()
    bodies = {one.subject: " ".join(str(one.body).split()) for one in mail.outbox}
    (confirmed,) = [body for subject, body in bodies.items() if "bestätigt" in subject]
    (billed,) = [body for subject, body in bodies.items() if "Rechnung" in subject]
    assert "Nichts zu bezahlen" in confirmed
    assert "Es ist nichts zu bezahlen" in billed and "IBAN" not in billed


def test_what_is_withdrawn_comes_back_and_nothing_is_refunded(outbox: Any) -> None:
    make_country()
    ensure_vat()
    dock_bins()
    shoe = in_stock(2, price_minor=8_990)
    order = free_order((shoe, 1))
    send(outbox, order)
    withdrawal = declare(key="one", contract=order.number, email=order.email, order=order)
    outbox.drain()
    returning = Return.objects.get(order=order)
    person = make_staff()
    book(returning, shoe.partner_sku, 1, "a", "shelf", "A-01", by=person)
    dock.finish(returning=Return.objects.get(pk=returning.pk), by=person)
    outbox.drain()
    assert outbox.failures() == []
    found = Settlement.objects.get(returning=returning)
    assert (found.state, found.credited_minor, found.refunded_minor, found.left_minor) == ("done", 0, 0, 0)
    withdrawal.refresh_from_db()
    assert withdrawal.state == "closed"
    assert not Refund.objects.exists() and not Invoice.objects.filter(kind=CREDIT_NOTE).exists()
    assert breaches() == []


def test_it_is_cancelled_without_a_refund(outbox: Any) -> None:
    shoe = in_stock(1)
    order = free_order((shoe, 1))
    outbox.drain()
    assert cancel(order=order, why="the customer called")
    outbox.drain()
    shoe.refresh_from_db()
    assert (order.status, shoe.num_allocated) == ("cancelled", 0)
    assert not Refund.objects.exists() and outbox.failures() == []
    assert breaches() == []


@pytest.mark.parametrize("method", ["prepayment", "card"])
def test_an_order_that_comes_to_owe_nothing_waits_no_longer_and_late_money_goes_back(
    method: str, outbox: Any
) -> None:
    order = place_order(
        (in_stock(1), 1), (in_stock(1, bin="A-02", price_minor=0), 1), method=method, shipping_minor=0
    )
    payment = Payment.objects.get(order=order)
    if method == "card":  # declined and closed at Stripe: the order waits for another try
        Payment.objects.filter(pk=payment.pk).update(state="cancelled", intent_id="pi_late")
    dear = order.lines.order_by("pk")[0]
    assert cancel_pieces(order=order, lines={dear.pk: 1}, source="test", why="sold out") == dear.gross_minor
    assert (order.status, order.total_minor, order.payment_method) == ("confirmed", 0, "nothing")
    payment.refresh_from_db()
    assert payment.state == "cancelled"
    outbox.drain()
    assert outbox.failures() == [] and breaches() == []
    capture(payment=payment, reference="pi_late", why="paid by card")
    assert [one.amount_minor for one in Refund.objects.all()] == [payment.amount_minor]
    order.refresh_from_db()
    assert order.status == "confirmed"


def test_the_sweep_confirms_one_that_an_older_version_left_waiting() -> None:
    order = place_order((make_variant(price_minor=0), 1), shipping_minor=0)
    Order.objects.filter(pk=order.pk).update(status="awaiting_payment", payment_method="prepayment")
    Payment.objects.create(order=order, method="prepayment", amount_minor=0)
    tasks.expire()
    order.refresh_from_db()
    assert (order.status, order.payment_method) == ("confirmed", "nothing")
    assert not Payment.objects.exclude(state="cancelled").exists()


def test_a_price_that_came_back_is_asked_again() -> None:
    placement = make_placement(make_basket((make_variant(), 1)), method="nothing")
    with pytest.raises(PriceChanged):
        place(placement)
    assert not Order.objects.exists()


def test_a_free_order_opens_no_purchase_on_account(outbox: Any) -> None:
    anna = make_user("anna@example.org")
    send(outbox, free_order((in_stock(1), 1), user=anna))
    assert CustomerCredit.objects.get(user=anna).paid_orders == 0


def _to_payment(client: Client, **basket: Any) -> Any:
    put_in_basket(client, make_variant(**basket))
    client.post(reverse("checkout:contact"), CONTACT)
    client.post(reverse("checkout:delivery"), {"delivery": "pickup"})
    return client.get(reverse("checkout:payment"))


def test_the_checkout_asks_for_no_way_to_pay(client: Client) -> None:
    make_voucher("ALLES", percent=100)
    put_in_basket(client, make_variant(price_minor=8_990))
    client.post(reverse("basket:voucher_add"), {"code": "ALLES"})
    client.post(reverse("checkout:contact"), CONTACT)
    client.post(reverse("checkout:delivery"), {"delivery": "pickup"})
    page = client.get(reverse("checkout:payment")).content.decode()
    assert "Nichts zu bezahlen" in page and 'name="payment"' not in page
    summary = client.post(reverse("checkout:payment"), {}, follow=True)
    text = summary.content.decode()
    assert "Kostenlos bestellen" in text and "zahlungspflichtig" not in text
    done = client.post(reverse("checkout:summary"), order_button(summary), follow=True)
    order = Order.objects.get()
    assert (order.status, order.payment_method) == ("confirmed", "nothing")
    assert done.redirect_chain[-1][0] == reverse("orders:detail", kwargs={"number": order.number})
    assert (
        "Nichts zu bezahlen" in done.content.decode()
        and "Zahlung ist noch offen" not in done.content.decode()
    )
    assert "Nichts zu bezahlen" in order.accepted_summary.html


def test_a_voucher_in_another_tab_makes_the_chosen_card_needless_and_its_end_asks_again(
    client: Client,
) -> None:
    voucher = make_voucher("ALLES", percent=100)
    _to_payment(client, price_minor=8_990)
    assert client.post(reverse("checkout:payment"), {"payment": "card"}).status_code == 302
    client.post(reverse("basket:voucher_add"), {"code": "ALLES"})
    summary = client.get(reverse("checkout:summary"))
    assert "Kostenlos bestellen" in summary.content.decode()
    client.post(reverse("checkout:payment"), {"payment": "card"})  # the page was open since before
    voucher.delete()
    again = client.get(reverse("checkout:summary"), follow=True)
    assert again.redirect_chain[-1][0] == reverse("checkout:payment")
    assert "Bitte wählen Sie, wie" in again.content.decode()
    client.post(reverse("checkout:summary"), order_button(summary))
    assert not Order.objects.exists(), "nobody ordered at a price they had not seen"


def test_below_what_a_card_can_be_charged_other_ways_are_offered_and_it_says_why(client: Client) -> None:
    page = _to_payment(client, price_minor=49).content.decode()
    assert "Karten können erst ab 0,50" in page
    refused = client.post(reverse("checkout:payment"), {"payment": "card"})
    assert refused.status_code == 422
    assert client.post(reverse("checkout:payment"), {"payment": "prepayment"}).status_code == 302


def test_a_shop_with_cards_alone_takes_such_an_order_by_prepayment(client: Client) -> None:
    MethodRule.objects.exclude(method="card").update(enabled=False)
    page = _to_payment(client, price_minor=30).content.decode()
    assert 'value="prepayment"' in page and 'value="card" disabled' in page
    client.post(reverse("checkout:payment"), {"payment": "prepayment"})
    summary = client.get(reverse("checkout:summary"))
    client.post(reverse("checkout:summary"), order_button(summary))
    assert Payment.objects.get().method == "prepayment"


def test_of_an_order_that_cannot_be_charged_the_way_to_pay_is_not_changed_to_card(client: Client) -> None:
    _to_payment(client, price_minor=30)
    client.post(reverse("checkout:payment"), {"payment": "prepayment"})
    client.post(reverse("checkout:summary"), order_button(client.get(reverse("checkout:summary"))))
    order = Order.objects.get()
    url = reverse("checkout:pay-otherwise", kwargs={"number": order.number})
    answer = client.post(url, {"payment": "card"}, follow=True)
    assert "Karten können erst ab 0,50" in answer.content.decode()
    assert Payment.objects.get().method == "prepayment"
