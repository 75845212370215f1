"""What mails say: in German and English, complete, the same in both bodies, harmless whatever customers enter."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import html5lib
import pytest
from django.db import transaction
from django.utils import translation

from checkout.order.actions import cancel, note_dispatch
from checkout.order.actions.life import revive
from checkout.order.events import OrderLinkRequested
from checkout.order.models import BillingAddress, Order, OrderLink
from checkout.payment.events import PaymentReminderDue, RefundSucceeded
from checkout.payment.models import Payment
from fulfilment.finance.dunning.actions import run
from fulfilment.finance.dunning.basedata import ensure as dunning_levels
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import assign
from fulfilment.finance.reconciliation.actions import record as record_receipt
from fulfilment.warehouse.dispatch.events import ParcelDispatched
from shop.customers.events import AccountMailRequested
from shop.kernel.clock import now, today
from shop.kernel.outbox import record
from shop.kernel.text import clean_line
from shop.notifications import facts
from shop.notifications.letters.accounts import LETTERS, NOTICES
from shop.notifications.models import OutgoingMail
from shop.ui.numbers import money_text

Ordered = Callable[..., Order]
LANGUAGES = ["de", "en"]
#: What shows that a template or a translation was forgotten.
LEFT_OVER = re.compile(r"%\(|\{\{|\{%|\bNone\b|__proxy__|&amp;amp;|&lt;br")


def tell(event: Any, outbox: Any) -> None:
    with transaction.atomic():
        record(event)
    outbox.drain()
    assert outbox.failures() == []


def words(mail: OutgoingMail) -> str:
    """The plain text without its line breaks."""
    return " ".join(mail.text.split())


def dispatch(
    order: Order, outbox: Any, *, pieces: int | None = None, carrier: str = "DHL", tracking: str = "KT123"
) -> None:
    lines = [{"order_line_id": line.pk, "quantity": pieces or line.quantity} for line in order.lines.all()]
    tell(
        ParcelDispatched(order.pk, order.pk, order.number, tracking, carrier, now().isoformat(), lines),
        outbox,
    )


def write_each(ordered: Ordered, outbox: Any, language: str, clock: Any) -> list[OutgoingMail]:
    """Every kind of mail there is, in one language; no due day falls on a holiday, which would move it."""
    clock.on(dt.date(2026, 9, 1))
    prepaid = ordered(method="prepayment", language=language)
    payment = Payment.objects.get(order=prepaid)
    tell(PaymentReminderDue(payment.pk, prepaid.pk, (today() + dt.timedelta(days=4)).isoformat()), outbox)
    cancel(order=prepaid, why="not paid in time", expired=True)
    order = ordered(method="invoice", language=language)
    dispatch(order, outbox)
    tell(RefundSucceeded(1, 1, order.pk, order.number, "card", 1_290, "EUR", "re_1"), outbox)
    asked = OrderLink.objects.create(
        order=order, nonce=f"n-{language}", expires_at=now() + dt.timedelta(hours=1)
    )
    tell(OrderLinkRequested(asked.pk, order.pk), outbox)
    for template in [*LETTERS, *NOTICES]:
        known = {
            "activate_url": "/a",
            "password_reset_url": "/b",
            "signup_url": "/c",
            "to_email": "x@example.org",
            "due": "2026-12-10T23:30:00+00:00",
        }
        name, key = f"account/email/{template}", f"{template}-{language}"
        event = AccountMailRequested(key, name, "erika@example.org", language, None, known, "", "")
        tell(event, outbox)
    dunning_levels()
    clock.advance(days=30)
    run(day=today())
    outbox.drain()
    assert outbox.failures() == []
    return list(OutgoingMail.objects.filter(language=language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_mail_is_complete_in_the_language_of_the_order(
    ordered: Ordered, outbox: Any, clock: Any, language: str
) -> None:
    mails = write_each(ordered, outbox, language, clock)
    kinds = {mail.kind for mail in mails}
    assert kinds == {"order_placed", "order_confirmed", "order_cancelled", "order_link", "parcel_dispatched",
                     "invoice_issued", "payment_reminder", "refund_succeeded", "dunning_notice", "account"}  # fmt: skip
    for mail in mails:
        for part in (mail.subject, mail.html, mail.text):
            assert part.strip(), mail.source
            assert not LEFT_OVER.search(part), f"{mail.source}: {LEFT_OVER.search(part)}"
        assert f'lang="{language}"' in mail.html
        hello, bye = (
            ("Guten Tag", "Mit freundlichen Grüßen") if language == "de" else ("Dear ", "With kind regards")
        )
        assert hello in mail.text or mail.kind == "account", mail.source
        assert bye in mail.text, mail.source


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_bodies_say_the_same(ordered: Ordered, outbox: Any, clock: Any, language: str) -> None:
    for mail in write_each(ordered, outbox, language, clock):
        body = html5lib.parse(mail.html, namespaceHTMLElements=False).find("body")
        shown = " ".join("".join(body.itertext()).split())
        for amount in re.findall(r"\d+[.,]\d\d\s?€|€\d+\.\d\d", mail.text):
            assert " ".join(amount.split()) in shown, f"{mail.source}: {amount}"
        for url in re.findall(r"https?://\S+", mail.text):
            assert url in mail.html.replace("&amp;", "&"), f"{mail.source}: {url}"


def test_mails_load_nothing_from_anywhere_and_run_nothing(ordered: Ordered, outbox: Any, clock: Any) -> None:
    for mail in write_each(ordered, outbox, "de", clock):
        assert not re.search(r"<script|<link|@import|url\(|<iframe|\son\w+=", mail.html), mail.source
        assert set(re.findall(r'src="(\w+):', mail.html)) <= {"cid"}, mail.source
        assert "prefers-color-scheme" in mail.html, "the rules for dark screens stay in the head"
        assert 'class="go-link"' not in mail.html or "background" in mail.html


def test_plain_text_keeps_to_the_width_of_a_letter(ordered: Ordered, mail_of: Any) -> None:
    mail = mail_of(ordered(), "order_confirmed")
    long = [line for line in mail.text.split("\n") if len(line) > 78 and "http" not in line]
    assert [line for line in long if not line.startswith(("Kontor", "Amtsgericht", "+49"))] == []


NAUGHTY = [
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "%(amount)s %s %d",
    'Zoë‮ O\'Brien "& Söhne"',
    "👩‍👩‍👧 名前 עברית",
    "a\r\nBcc: x@example.org",
]


@pytest.mark.parametrize("name", NAUGHTY)
def test_whatever_a_customer_is_called_stays_text(ordered: Ordered, outbox: Any, name: str) -> None:
    order = ordered(method="prepayment")
    BillingAddress.objects.filter(pk=order.billing_address_id).update(last_name=name)
    payment = Payment.objects.get(order=order)
    tell(PaymentReminderDue(payment.pk, order.pk, today().isoformat()), outbox)
    mail = OutgoingMail.objects.get(kind="payment_reminder")
    assert "<script>" not in mail.html
    assert clean_line(name) in mail.text
    assert "\nBcc:" not in mail.text


def test_the_confirmation_holds_lines_sums_tax_addresses_and_a_working_link(
    ordered: Ordered, mail_of: Any, client: Any
) -> None:
    order = ordered()
    text = mail_of(order, "order_confirmed").text.replace("\xa0", " ")
    for line in order.lines.all():
        assert f"{line.quantity} x {line.title}"[:40] in text
        assert line.partner_sku in text
    for phrase in (
        "255,80 €",
        "4,90 €",
        "Umsatzsteuer (19 %)",
        "Rechnungsanschrift",
        "Musterweg 1",
        "20457 Hamburg",
    ):
        assert phrase in text, phrase
    (url,) = [url for url in re.findall(r"https?://\S+", text) if "/orders/link/" in url]
    path = url.removeprefix("http://127.0.0.1:8000")
    answer = client.get(path)
    assert answer.status_code in (200, 302)


def test_the_vat_in_the_mail_is_taken_from_the_sum_of_each_rate(ordered: Ordered) -> None:
    order = ordered()
    with translation.override("de"):
        notes = facts.vat_notes(order, order.lines.all(), "de")
    assert [note.replace("\xa0", " ") for note in notes] == [
        "In der Gesamtsumme sind 40,84 € Umsatzsteuer (19 %) enthalten."
    ]


def test_a_part_delivery_says_what_is_still_to_come(ordered: Ordered, outbox: Any, mail_of: Any) -> None:
    order = ordered()
    first, _second = order.lines.order_by("pk")
    note_dispatch(order=order, lines={first.pk: 1})
    dispatch(order, outbox, pieces=1)
    assert "2 weitere Stück Ihrer Bestellung folgen" in words(mail_of(order, "parcel_dispatched"))


def test_goods_handed_over_in_the_store_are_no_parcel(ordered: Ordered, outbox: Any, mail_of: Any) -> None:
    order = ordered()
    dispatch(order, outbox, carrier="pickup", tracking="")
    mail = mail_of(order, "parcel_dispatched")
    assert "abgeholt" in mail.subject
    assert "Sendungsnummer" not in mail.text


def test_an_invoice_on_account_asks_for_its_amount_and_carries_its_pdf(
    ordered: Ordered, outbox: Any, mail_of: Any
) -> None:
    order = ordered()
    dispatch(order, outbox)
    invoice = Invoice.objects.get(order=order)
    mail = mail_of(order, "invoice_issued")
    assert "Bitte überweisen Sie" in words(mail)
    assert [(row.name, row.source) for row in mail.attachments.filter(content_id="")] == [
        (f"{invoice.number}.pdf", f"invoice:{invoice.pk}")
    ]


def test_an_order_that_was_never_paid_is_not_called_refunded(
    ordered: Ordered, outbox: Any, mail_of: Any
) -> None:
    order = ordered(method="prepayment")
    cancel(order=order, why="internal: customer is on the list", expired=False)
    outbox.drain()
    mail = mail_of(order, "order_cancelled")
    assert "nicht rechtzeitig" in words(mail)
    assert "on the list" not in mail.text + mail.html, "reasons of staff stay with staff"


def test_a_reminder_of_money_that_came_in_the_meantime_is_not_written(ordered: Ordered, outbox: Any) -> None:
    order = ordered(method="prepayment")
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(state="captured")
    tell(PaymentReminderDue(payment.pk, order.pk, today().isoformat()), outbox)
    assert not OutgoingMail.objects.filter(kind="payment_reminder").exists()


def test_a_card_order_hears_from_us_when_it_is_confirmed_not_before(ordered: Ordered) -> None:
    order = ordered(method="card")
    assert not OutgoingMail.objects.filter(order=order).exists()


def test_the_day_to_pay_by_is_that_of_the_shop_not_of_greenwich(
    ordered: Ordered, outbox: Any, clock: Any
) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC))  # half past midnight of the 23rd in Hamburg
    order = ordered(method="prepayment")
    outbox.drain()
    mail = OutgoingMail.objects.get(order=order, kind="order_placed")
    assert "30. November 2026" in mail.text and "29. November" not in mail.text


def test_a_reminder_asks_only_for_what_is_still_missing(ordered: Ordered, outbox: Any) -> None:
    order = ordered(method="prepayment")
    payment = Payment.objects.get(order=order)
    receipt = record_receipt(booked_on=today(), amount_minor=payment.amount_minor - 1_234, reference="1/1")
    assign(receipt=receipt, order=order, amount_minor=receipt.amount_minor)
    tell(PaymentReminderDue(payment.pk, order.pk, (today() + dt.timedelta(days=4)).isoformat()), outbox)
    text = OutgoingMail.objects.get(order=order, kind="payment_reminder").text
    assert "12,34" in text
    assert money_text(payment.amount_minor, order.currency) not in text


def test_an_order_cancelled_a_second_time_is_told_a_second_time(ordered: Ordered, outbox: Any) -> None:
    order = ordered(method="prepayment")
    cancel(order=order, why="not paid in time", expired=True)
    revive(order=order, why="paid after it had expired")
    for _ in range(2):
        cancel(order=Order.objects.get(pk=order.pk), why="changed her mind")
        outbox.drain()
    assert OutgoingMail.objects.filter(order=order, kind="order_cancelled").count() == 2
