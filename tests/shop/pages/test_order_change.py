"""Change or cancel an order on its page: see what it means, confirm, once; never somebody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import override

from checkout.order import access
from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.actions import start_card_payment
from checkout.payment.models import Payment, Refund
from checkout.payment.standin.process import StandIn
from fulfilment.customer_service.changes.models import OrderChange
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from shop.notifications.models import OutgoingMail
from tests.factories.changes import ordered, sibling
from tests.factories.shopping import make_user, place_order
from tests.factories.shortages import in_stock

pytestmark = pytest.mark.django_db


def page_of(order: Order) -> str:
    return reverse("orders:change", args=[order.number])


def by_link(client: Client, order: Order) -> Client:
    """A guest who opened the link in our mail."""
    client.get(reverse("orders:open", args=[access.token(order)]))
    return client


def text_of(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


def confirmed(client: Client, order: Order, **data: Any) -> Any:
    """Look at what it means, then confirm exactly that."""
    seen = client.post(page_of(order), {**data, "step": "preview"})
    assert seen.status_code == 200, text_of(seen)
    last = {
        **data,
        "step": "confirm",
        "token": seen.context["token"],
        "seen": seen.context["seen"].after_minor,
    }
    return client.post(page_of(order), last, follow=True)


def test_a_guest_takes_a_piece_out_by_the_link_of_the_mail(client: Client, outbox: Any) -> None:
    shoe, boot = in_stock(5, price_minor=3_000), in_stock(5, price_minor=5_000)
    order = ordered(outbox, (shoe, 2), (boot, 1))
    by_link(client, order)
    assert page_of(order) in client.get(reverse("orders:detail", args=[order.number])).content.decode()
    first, second = order.lines.order_by("pk")
    wish = {"kind": "pieces", f"line-{first.pk}": 1, f"line-{second.pk}": 1}
    seen = client.post(page_of(order), {**wish, "step": "preview"})
    text = text_of(seen)
    assert "30,00" in text and "gehen auf Ihre Karte zurück" in text
    assert not OrderChange.objects.exists()

    answer = confirmed(client, order, **wish)
    assert "Ihre Bestellung ist geändert." in text_of(answer)
    assert "Stücke Ihrer Bestellung geändert" in text_of(answer)
    assert Refund.objects.get().amount_minor == 3_000
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get(kind="order_amended")
    assert order.number in mail.subject and "30,00" in mail.text


def test_the_whole_order_is_cancelled_and_the_mail_says_so(client: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    by_link(client, order)
    answer = confirmed(client, order, kind="cancel")
    assert "Ihre Bestellung ist storniert." in text_of(answer)
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert OutgoingMail.objects.filter(order=order, kind="order_cancelled").count() == 1
    gone = client.get(page_of(order))
    assert gone.status_code == 200 and "Diese Bestellung ist storniert." in text_of(gone)


def test_an_order_that_nobody_paid_is_cancelled_too(client: Client) -> None:
    order = place_order((in_stock(5), 2), method="prepayment")
    by_link(client, order)
    seen = client.post(page_of(order), {"kind": "cancel", "step": "preview"})
    assert "Sie zahlen nichts." in text_of(seen)
    confirmed(client, order, kind="cancel")
    order.refresh_from_db()
    assert order.status == "cancelled"


def test_prepayment_asks_for_the_new_total(client: Client, outbox: Any) -> None:
    shoe = in_stock(5, price_minor=3_000)
    order = place_order((shoe, 1), method="prepayment")
    by_link(client, order)
    wish = {"kind": "pieces", f"line-{order.lines.get().pk}": 2}
    seen = client.post(page_of(order), {**wish, "step": "preview"})
    assert "Bitte überweisen Sie dann insgesamt 64,90" in text_of(seen)
    confirmed(client, order, **wish)
    assert Payment.objects.get().amount_minor == 6_490
    outbox.drain()
    assert "64,90" in OutgoingMail.objects.get(kind="order_amended").text


def test_another_size_and_another_address(client: Client, outbox: Any) -> None:
    shoe = in_stock(5)
    other = sibling(shoe)
    order = ordered(outbox, (shoe, 1))
    by_link(client, order)
    line = order.lines.get()
    confirmed(client, order, kind="pieces", **{f"line-{line.pk}": 1, f"size-{line.pk}": other.pk})
    assert order.lines.get(replaces=line).stockrecord == other
    address = {
        "first_name": "Erika", "last_name": "Beispiel", "line1": "Neuer Weg 5", "line2": "", "line4": "Hamburg",
        "postcode": "22765",
    }  # fmt: skip
    wrong = client.post(page_of(order), {**address, "kind": "address", "step": "preview", "postcode": "1"})
    assert wrong.status_code == 422 and "keine Postleitzahl" in text_of(wrong)
    assert "Neuer Weg 5" in wrong.content.decode(), "what was typed is kept"
    assert "Die Lieferadresse ist geändert." in text_of(confirmed(client, order, kind="address", **address))
    outbox.drain()
    assert "Neuer Weg 5" in OutgoingMail.objects.filter(kind="order_amended").latest("pk").text


def test_a_double_click_changes_once(client: Client, outbox: Any) -> None:
    shoe = in_stock(5, price_minor=3_000)
    order = ordered(outbox, (shoe, 3))
    by_link(client, order)
    wish = {"kind": "pieces", f"line-{order.lines.get().pk}": 2}
    seen = client.post(page_of(order), {**wish, "step": "preview"})
    last = {
        **wish,
        "step": "confirm",
        "token": seen.context["token"],
        "seen": seen.context["seen"].after_minor,
    }
    for _again in range(2):
        assert client.post(page_of(order), last).status_code == 302
    assert OrderChange.objects.count() == Refund.objects.count() == 1


def test_after_picking_began_the_page_says_what_is_possible(client: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    by_link(client, order)
    wish = {"kind": "pieces", f"line-{order.lines.get().pk}": 1}
    seen = client.post(page_of(order), {**wish, "step": "preview"})
    picking.start(pick_list=PickList.objects.get(order=order), by=make_user(is_staff=True))
    last = {
        **wish,
        "step": "confirm",
        "token": seen.context["token"],
        "seen": seen.context["seen"].after_minor,
    }
    late = client.post(page_of(order), last)
    text = text_of(late)
    assert late.status_code == 409 and "Wir packen Ihre Bestellung schon" in text
    for way in ("Vertrag widerrufen", "nehmen Sie das Paket nicht an", "Schreiben Sie uns"):
        assert way in text
    assert f"{reverse('withdrawal')}?order={order.number}" in late.content.decode()
    assert 'name="step" value="preview"' not in late.content.decode()
    assert not OrderChange.objects.exists()


def test_a_paid_order_that_gets_dearer_leads_to_the_card_page(
    client: Client, outbox: Any, standin: Any
) -> None:
    shoe = in_stock(9, price_minor=3_000)
    order = ordered(outbox, (shoe, 1))
    by_link(client, order)
    wish = {"kind": "pieces", f"line-{order.lines.get().pk}": 3}
    seen = client.post(page_of(order), {**wish, "step": "preview"})
    assert "Den Unterschied von 60,00" in text_of(seen)
    pay = confirmed(client, order, **wish)
    assert pay.redirect_chain[-1][0] == reverse("checkout:pay", args=[order.number])
    assert "60,00" in text_of(pay) and "ohne das bleibt sie, wie sie ist" in text_of(pay)
    detail = text_of(client.get(reverse("orders:detail", args=[order.number])))
    assert "Ihre Änderung wartet auf den Unterschied" in detail
    change_page = client.get(page_of(order))
    assert "Diese Änderung verwerfen" in text_of(change_page)
    assert reverse("checkout:pay", args=[order.number]) in change_page.content.decode()
    dropped = client.post(page_of(order), {"kind": "drop"}, follow=True)
    assert "Die Änderung ist verworfen" in text_of(dropped)
    assert "Es wartet nichts mehr" in text_of(client.post(page_of(order), {"kind": "drop"}, follow=True))
    order.refresh_from_db()
    assert (order.on_hold, order.total_minor) == (False, 3_490)


def test_a_card_payment_that_was_begun_is_closed_at_the_provider_and_begun_anew(
    client: Client, standin: StandIn
) -> None:
    shoe = in_stock(9, price_minor=3_000)
    order = place_order((shoe, 3))
    first = Payment.objects.get(order=order)
    start_card_payment(payment=first)
    by_link(client, order)
    answer = confirmed(client, order, kind="pieces", **{f"line-{order.lines.get().pk}": 1})
    assert answer.redirect_chain[-1][0] == reverse("checkout:pay", args=[order.number])
    first.refresh_from_db()
    second = Payment.objects.exclude(pk=first.pk).get()
    assert (first.state, second.state, second.amount_minor) == ("cancelled", "created", 3_490)
    assert stripe_client.retrieve_intent(first.intent_id or "").status == "canceled"
    assert stripe_client.retrieve_intent(second.intent_id or "").status != "canceled"


def test_a_provider_that_is_down_changes_nothing(client: Client, standin: StandIn, settings: Any) -> None:
    order = place_order((in_stock(9), 3))
    start_card_payment(payment=Payment.objects.get(order=order))
    by_link(client, order)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    wish = {"kind": "pieces", f"line-{order.lines.get().pk}": 1}
    seen = client.post(page_of(order), {**wish, "step": "preview"})
    last = {
        **wish,
        "step": "confirm",
        "token": seen.context["token"],
        "seen": seen.context["seen"].after_minor,
    }
    answer = client.post(page_of(order), last)
    assert answer.status_code == 503 and "in einer Minute" in text_of(answer)
    assert not OrderChange.objects.exists()


def test_strangers_see_nothing_and_change_nothing(client: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    wish = {"kind": "cancel", "step": "confirm", "token": "x" * 32, "seen": "0"}
    assert client.get(page_of(order)).status_code == 404
    assert client.post(page_of(order), wish).status_code == 404
    client.force_login(make_user())
    assert client.post(page_of(order), wish).status_code == 404
    assert client.get(reverse("orders:change", args=["K99999"])).status_code == 404
    assert not OrderChange.objects.exists()


def test_a_token_of_another_order_does_not_answer_for_this_one(client: Client, outbox: Any) -> None:
    one, two = ordered(outbox, (in_stock(5), 2)), ordered(outbox, (in_stock(5), 2))
    by_link(by_link(client, one), two)
    last = {"kind": "cancel", "step": "confirm", "token": "t" * 32, "seen": "0"}
    for order in (one, two):
        client.post(page_of(order), last)
    assert set(Order.objects.values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"kind": "\x00"}, 400),
        ({"kind": "pieces", "step": "preview"}, 422),
        ({"kind": "pieces", "step": "preview", "line-{line}": "9" * 40}, 422),
        ({"kind": "pieces", "step": "preview", "line-{line}": "-1"}, 422),
        ({"kind": "pieces", "step": "preview", "line-{line}": "2"}, 409),
        ({"kind": "pieces", "step": "preview", "line-{line}": "0"}, 409),
        ({"kind": "delivery", "step": "preview", "delivery": "rocket"}, 422),
        ({"kind": "address", "step": "preview", "line1": "\u202e"}, 422),
        ({"kind": "cancel", "step": "confirm"}, 400),
        ({"kind": "cancel", "step": "confirm", "token": "../../x", "seen": "0"}, 400),
        ({"kind": "cancel", "step": "confirm", "token": "x" * 32, "seen": "²"}, 400),
        ({"kind": "cancel", "step": "confirm", "token": "x" * 32, "seen": "9" * 60}, 400),
    ],
)
def test_nonsense_is_answered_in_words(
    client: Client, outbox: Any, data: dict[str, str], status: int
) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    by_link(client, order)
    line = order.lines.get()
    sent = {name.format(line=line.pk): value for name, value in data.items()}
    assert client.post(page_of(order), sent).status_code == status
    assert not OrderChange.objects.exists()


def test_the_page_asks_the_database_the_same_for_many_lines(
    client: Client, outbox: Any, django_assert_max_num_queries: Any
) -> None:
    few = ordered(outbox, (in_stock(5), 1))
    many = ordered(outbox, *[(in_stock(5), 2) for _ in range(8)])
    by_link(by_link(client, few), many)
    client.get(page_of(few))
    counts = []
    for order in (few, many):
        with django_assert_max_num_queries(30) as seen:
            client.get(page_of(order))
        counts.append(len(seen))
    assert counts[0] == counts[1], counts


def test_the_page_speaks_english_too(client: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    by_link(client, order)
    with override("en"):  # and back again: the page leaves its language behind
        text = text_of(client.get(page_of(order)))
    assert "Change or cancel order" in text
