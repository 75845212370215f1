"""What stands still says why in words, is tried again once, and tells what people or money it waits for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.models import Payment, Refund
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.dispatch.models import Label
from fulfilment.warehouse.picking.models import PickList
from shop.connect.actions import add_endpoint
from shop.connect.models import ORDER_CONFIRMED, Push
from shop.dashboard.why_causes import CAUSES, UNKNOWN, in_words
from shop.kernel.clock import now
from shop.kernel.models import Delivery, InboxMessage
from shop.notifications.models import OutgoingMail
from tests.factories.shopping import make_variant, place_order
from tests.shop.dashboard.whys import a_sent_order, page

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def a_refund_to_send(order: Order) -> Refund:
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(method="card", intent_id="pi_1")
    return Refund.objects.create(
        payment=payment, amount_minor=100, state="requested", source="t", reason="x",
        next_attempt_at=now() - dt.timedelta(hours=1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ProviderRefused("charge already refunded", "charge_already_refunded"), "charge already refunded"),
        (ProviderDown("timed out"), "nicht erreichbar"),
    ],
)
def test_a_refund_that_the_provider_did_not_take_is_not_said_to_be_sent(
    answer: Exception, said: str, as_role: Any, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = a_sent_order(outbox)
    refund = a_refund_to_send(order)

    def refuse(**_request: Any) -> None:
        raise answer

    monkeypatch.setattr(stripe_client, "create_refund", refuse)
    verb = reverse("dashboard:order-why-again", args=[order.number, "refund", refund.pk])
    shown = as_role("administrator").post(verb, follow=True)
    told = " ".join(str(one) for one in shown.context["messages"])
    assert said in told and "Schlüssel" not in told


def test_a_refund_that_failed_a_moment_ago_stands_still_although_its_next_try_is_ahead(
    as_role: Any, outbox: Any
) -> None:
    order = a_sent_order(outbox)
    refund = a_refund_to_send(order)
    client = as_role("administrator")

    def stands() -> list[Any]:
        return [one for one, _button in client.get(page(order)).context["stuck"] if one.kind == "refund"]

    ahead = now() + dt.timedelta(minutes=50)
    Refund.objects.filter(pk=refund.pk).update(next_attempt_at=ahead)
    assert stands() == []  # not tried yet, and its time has not come
    Refund.objects.filter(pk=refund.pk).update(failure_text="timed out")
    assert [one.note for one in stands()] == ["timed out"]


def test_a_provider_that_refuses_to_answer_for_a_payment_is_not_said_to_be_out_of_reach(
    as_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place_order((make_variant(), 1), method="card")
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(intent_id="pi_unknown")

    def refuse(**_request: Any) -> None:
        raise ProviderRefused("No such payment_intent", "resource_missing")

    monkeypatch.setattr("shop.dashboard.why.settle", refuse)
    verb = reverse("dashboard:order-why-again", args=[order.number, "payment", payment.pk])
    shown = as_role("administrator").post(verb, follow=True)
    told = " ".join(str(one) for one in shown.context["messages"])
    assert "No such payment_intent" in told and "erreichbar" not in told


def dead_delivery(order: Order) -> tuple[str, int]:
    row = Delivery.objects.filter(message__correlation_id=order.correlation_id).first()
    assert row is not None
    Delivery.objects.filter(pk=row.pk).update(
        state="dead", attempts=12, last_error="PeriodClosed: the period is closed"
    )
    return "delivery", row.pk


def dead_mail(order: Order) -> tuple[str, int]:
    row = OutgoingMail.objects.filter(order=order).first()
    assert row is not None
    OutgoingMail.objects.filter(pk=row.pk).update(
        state="dead", attempts=12, last_error="ServerDown: no route"
    )
    return "mail", row.pk


def dead_webhook(order: Order) -> tuple[str, int]:
    row = InboxMessage.objects.create(
        source="stripe", external_id="e1", body="{}", state="dead", last_error="OperationalError: database is locked",
        correlation_id=order.correlation_id,
    )  # fmt: skip
    return "inbox", row.pk


def dead_push(order: Order) -> tuple[str, int]:
    endpoint = add_endpoint(name="ERP", url="https://erp.example.org/in", events=[ORDER_CONFIRMED], by=None)
    row = Push.objects.create(
        endpoint=endpoint, event=ORDER_CONFIRMED, source="t", body="{}", state="dead", last_error="NotReached: late",
        correlation_id=order.correlation_id,
    )  # fmt: skip
    return "push", row.pk


def refused_label(order: Order) -> tuple[str, int]:
    label = Label.objects.filter(parcel__order=order).first()
    assert label is not None
    Label.objects.filter(pk=label.pk).update(
        stage="wanted", state="dead", last_error="ConnectionError: refused"
    )
    return "label", label.pk


STANDS_STILL: list[tuple[Callable[[Order], tuple[str, int]], str]] = [
    (dead_delivery, "Monat"),
    (dead_mail, "Mailserver"),
    (dead_webhook, "Datenbank"),
    (dead_push, "System"),
    (refused_label, "System"),
]


@pytest.mark.parametrize(("breaks", "word"), STANDS_STILL, ids=lambda value: getattr(value, "__name__", ""))
def test_what_stands_still_says_why_in_words_and_is_tried_again_once(
    breaks: Callable[[Order], tuple[str, int]], word: str, as_role: Any, outbox: Any
) -> None:
    order = a_sent_order(outbox)
    kind, pk = breaks(order)
    client = as_role("administrator")
    answer = client.get(page(order))
    [(one, button)] = [(one, button) for one, button in answer.context["stuck"] if one.kind == kind]
    assert word in one.why and button and one.tone == "bad"
    assert one.note or kind == "label"
    verb = reverse("dashboard:order-why-again", args=[order.number, kind, pk])
    assert f'action="{verb}"' in answer.content.decode()
    answer = client.post(verb, follow=True)
    assert answer.status_code == 200
    assert not any(one.kind == kind and one.tone == "bad" for one, _b in answer.context["stuck"])
    assert client.get(verb).status_code == 405


def test_trying_deliveries_again_and_again_has_its_effect_once(as_role: Any, outbox: Any) -> None:
    client, order = as_role("manager"), a_sent_order(outbox)

    def effects() -> list[int]:
        models = (OutgoingMail, PickList, Invoice, Entry, Label)
        return [model.objects.count() for model in models]

    before = effects()
    told = list(
        Delivery.objects.filter(message__correlation_id=order.correlation_id).values_list("pk", flat=True)
    )
    assert len(told) > 5
    for pk in told:
        Delivery.objects.filter(pk=pk).update(state="dead", last_error="x")
        client.post(reverse("dashboard:order-why-again", args=[order.number, "delivery", pk]))
        outbox.drain()
        assert Delivery.objects.get(pk=pk).state == "done"
    assert effects() == before


def test_only_what_is_this_orders_and_stands_still_is_tried_again(as_role: Any, outbox: Any) -> None:
    mine, other = a_sent_order(outbox), a_sent_order(outbox)
    kind, pk = dead_mail(other)
    client = as_role("manager")
    answer = client.post(reverse("dashboard:order-why-again", args=[mine.number, kind, pk]), follow=True)
    assert "nichts getan" in answer.content.decode()
    assert OutgoingMail.objects.get(pk=pk).state == "dead"
    assert (
        client.post(reverse("dashboard:order-why-again", args=[mine.number, "nonsense", 1])).status_code
        == 404
    )
    assert client.post(reverse("dashboard:order-why-again", args=["K99999", "mail", pk])).status_code == 404


def test_who_may_not_do_it_gets_no_button_and_is_refused(as_role: Any, outbox: Any) -> None:
    order = a_sent_order(outbox)
    kind, pk = dead_push(order)
    client = as_role("service")
    [button] = [button for one, button in client.get(page(order)).context["stuck"] if one.kind == kind]
    assert not button
    assert client.post(reverse("dashboard:order-why-again", args=[order.number, kind, pk])).status_code == 403


def titles(client: Client, order: Order) -> list[str]:
    return [one.title for one, _button in client.get(page(order)).context["stuck"]]


def test_what_waits_for_people_or_money_is_said_with_its_reason(
    as_role: Any, outbox: Any, clock: Any
) -> None:
    client = as_role("manager")
    prepaid = place_order((make_variant(), 1), method="prepayment")
    assert titles(client, prepaid) == ["Wartet auf das Geld"]
    held = place_order((make_variant(), 1), method="invoice")
    Order.objects.filter(pk=held.pk).update(on_hold=True, hold_reason="Adresse prüfen")
    answer = client.get(page(held))
    [(one, _button)] = [
        (one, b) for one, b in answer.context["stuck"] if one.title == "Die Bestellung ist angehalten"
    ]
    assert one.why == "Adresse prüfen"
    sent = a_sent_order(outbox)
    payment = Payment.objects.get(order=sent)
    Refund.objects.create(
        payment=payment, amount_minor=100, state="failed", source="t", reason="x", failure_text="closed"
    )
    Invoice.objects.filter(order=sent).update(pdf_sha256="")
    assert titles(client, sent) == ["Eine Erstattung ist gescheitert"]
    clock.advance(minutes=10)
    assert f"Das Dokument zu {Invoice.objects.get(order=sent).number} ist noch nicht erstellt" in titles(
        client, sent
    )


def test_what_is_tried_again_by_itself_says_when_and_what_was_given_up_says_that(
    as_role: Any, outbox: Any
) -> None:
    client, order = as_role("manager"), a_sent_order(outbox)
    _kind, pk = dead_mail(order)

    def said() -> Any:
        [one] = [one for one, _button in client.get(page(order)).context["stuck"] if one.pk == pk]
        return one

    assert said().tone == "bad" and "nach 12 Versuchen aufgegeben" in said().why
    OutgoingMail.objects.filter(pk=pk).update(
        state="pending", next_attempt_at=now() + dt.timedelta(minutes=4)
    )
    assert said().tone == "warn" and "von selbst" in said().why and "aufgegeben" not in said().why
    OutgoingMail.objects.filter(pk=pk).update(next_attempt_at=now() - dt.timedelta(minutes=9))
    assert "Worker" in said().why


def test_every_cause_has_a_sentence_and_the_unknown_has_one_too() -> None:
    known = {
        "GiveUp: nobody named 'a.b' hears X any more", "GiveUp: 'x' is no e-mail address", "550 user unknown",
        "ServerDown: [Errno 111]", "NotThereYet: the file x is not made yet", "ProviderDown: ", "ProviderRefused: no",
        "PeriodClosed: x", "LedgerError: no account", "InsufficientStock: SKU", "StaleState: order 5",
        "OperationalError: database is locked", "GiveUp: every worker that tried this died over it",
        "NotReached: erp: timed out", "NotAcknowledged: HTTP 500", "Order.DoesNotExist: x",
    }  # fmt: skip
    said = {in_words(note) for note in known}
    assert len(said) == len(CAUSES) == len(known)
    assert in_words("ValueError: something odd") not in said and in_words("ValueError: something odd")
    assert in_words("") == "" and UNKNOWN


@pytest.mark.parametrize(
    ("note", "same_as"),
    [
        ("StateError: order K10550 is on hold", "StaleState: x"),
        ("StaleState: case C10551 was taken; 550 pieces", "StaleState: x"),
        ("PeriodClosed: invoice 2026-05530 of account 5510", "PeriodClosed: x"),
        ("ValueError: customer 553 is b-locked", "ValueError: something odd"),
        ("ValueError: the customer is blocked", "ValueError: something odd"),
        ("ValueError: invoice 2026-05512 of 551 lines", "ValueError: something odd"),
        ("GiveUp: the mail server refuses the address (550: no such user)", "550 user unknown"),
        ("GiveUp: the mail server answered 553: mailbox name not allowed", "550 user unknown"),
        ("ServerDown: the mail server answered 451: try later", "ServerDown: [Errno 111]"),
        ("OperationalError: database table is locked", "OperationalError: database is locked"),
        ("GiveUp: the mail server answered 552: K10550 is too large", "NotAcknowledged: HTTP 500"),
    ],
)
def test_numbers_and_names_in_a_note_are_no_cause(note: str, same_as: str) -> None:
    assert in_words(note) == in_words(same_as)


def test_markup_in_what_machines_note_is_shown_as_text(as_role: Any, outbox: Any) -> None:
    order = a_sent_order(outbox)
    _kind, pk = dead_mail(order)
    OutgoingMail.objects.filter(pk=pk).update(last_error="<script>alert(1)</script>")
    assert "<script>alert(1)" not in as_role("manager").get(page(order)).content.decode()
