"""The shopper's door, met in odd ways: bad and hostile input, floods, the ways that lead here, the back button."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.order import access as order_access
from fulfilment.customer_service.cases import access
from fulfilment.customer_service.cases.models import Case
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.outcomes import arrive
from shop.notifications.models import OutgoingMail
from tests.checkout.test_steps import put_in_basket
from tests.factories.orders import make_order
from tests.factories.returns import dock_bins, sent_order
from tests.factories.shopping import make_user, make_variant
from tests.factories.stock import make_stockrecord
from tests.shop.pages.help_steps import (
    SAID,
    TOKEN,
    URL,
    everything,
    seen_order,
    shoes_and_polish,
    text_of,
    walk,
)
from tests.walks.withdrawing import form_of
from tests.walks.withdrawing import ground as ground

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "changes",
    [{"reason": "x"}, {"reason": ""}, {"email": "x"}, {"body": ""}, {"name": ""}, {"wish": "alles"},
     {"name": "x" * 500}, {"body": "x" * 20_000}, {"email": "a@b.de\nBcc: c@d.de"}, {"email": "a@b.de, c@d.de"},
     {"body": "\u202e\u200b"}],
)  # fmt: skip
def test_bad_input_is_shown_beside_what_was_typed(client: Client, changes: dict[str, str]) -> None:
    for step in ("what", "send"):
        answer = client.post(URL, everything(step=step, **changes))
        assert answer.status_code == 422
    assert not Case.objects.exists()


@pytest.mark.parametrize("pieces", ["-1", "4", "1.5", "viele", "9" * 40])
def test_pieces_that_cannot_be_are_said_beside_the_field(client: Client, pieces: str) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    for step in ("goods", "what", "send"):
        answer = client.post(URL, everything(order=order.number, step=step, **{f"line-{shoe.pk}": pieces}))
        assert answer.status_code == 422 and 'role="alert"' in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    ["?reason=x", "?order=K1'--", "?reason=faulty&order=<script>", "?reason=faulty&line=" + "9" * 40,
     "?reason=changed_mind", "?key=x", "?key=", "?reason=faulty&order=K99999&line=²"],
)  # fmt: skip
def test_odd_addresses_still_show_a_page(client: Client, query: str) -> None:
    answer = client.get(URL + query, follow=True)
    assert answer.status_code == 200 and "<script>" not in answer.content.decode().split("<main", 1)[1]


@pytest.mark.parametrize("step", ["", "quark"])
def test_an_unknown_step_begins_with_the_goods(client: Client, step: str) -> None:
    answer = client.post(URL, everything(step=step))
    assert answer.status_code == 200 and form_of(answer)["body"] == SAID["body"] and not Case.objects.exists()


def test_words_that_would_be_a_mail_header_or_markup_stay_words(client: Client, outbox: Any) -> None:
    evil = "Erika\r\nBcc: opfer@example.org"
    client.post(URL, everything(name=evil, body="<script>alert(1)</script>\r\nBcc: opfer@example.org"))
    case = Case.objects.get()
    assert case.name == "Erika Bcc: opfer@example.org"
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="case_received")
    assert mail.recipient == SAID["email"] and "\n" not in mail.subject and "<script>alert" not in mail.html
    assert (
        "<script>alert(1)" not in client.get(reverse("help-case", args=[access.token(case)])).content.decode()
    )


def test_a_flood_is_stopped_with_words_and_nothing_is_lost(client: Client, clock: Any) -> None:
    clock.stop()
    for number in range(10):
        assert client.post(URL, everything(body=f"Nr. {number}")).status_code == 302
    busy = client.post(URL, everything())
    assert busy.status_code == 429 and busy["Retry-After"] == "3600"
    assert form_of(busy)["body"] == SAID["body"] and "Noch nicht gesendet" in text_of(busy)
    assert client.post(URL, everything(body="Nr. 3")).status_code == 302, "a second click is no flood"
    clock.advance(hours=1, seconds=1)
    assert client.post(URL, {**form_of(busy), "step": "send"}).status_code == 302


def test_one_place_of_the_internet_cannot_flood_us(client: Client) -> None:
    answers = [
        client.post(URL, everything(email=f"k{n}@example.org"), REMOTE_ADDR="8.8.8.8").status_code
        for n in range(61)
    ]
    assert answers[:60] == [302] * 60 and answers[60] == 429


def test_mails_lead_here_with_the_order_open_for_choosing(client: Client, outbox: Any) -> None:
    order, title = shoes_and_polish(), "Elbschuh"
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="order_confirmed")
    for path in ("help", "withdrawal"):
        (link,) = re.findall(rf"https?://\S+?(/{path}/\?order={order.number}\S*)", mail.text)
        guest = Client()
        answer = guest.get(link)
        assert answer.status_code == 302 and "key=" not in answer["Location"]
        assert answer["Location"] == f"/{path}/?order={order.number}"
        assert title in guest.get(f"/withdrawal/?order={order.number}").content.decode()
        looker = Client()
        looker.head(link)
        assert title not in looker.get(f"/withdrawal/?order={order.number}").content.decode()
    assert 'href="http' in mail.html and "/help/?order=" in mail.html


def test_the_mail_of_the_delivery_asks_whether_it_arrived_damaged(client: Client, outbox: Any) -> None:
    dock_bins()
    order = sent_order((make_stockrecord(bins={"A-01": 5}), 1))
    for parcel in Parcel.objects.filter(order=order):
        arrive(parcel=parcel, outcome="delivered", by=None)
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="parcel_delivered")
    (link,) = re.findall(r"https?://[^/\s]+(/help/\S*reason=damaged\S*)", mail.text)
    answer = client.get(link)
    assert answer["Location"] == f"{URL}?order={order.number}&reason=damaged"
    assert order.lines.get().title in client.get(answer["Location"]).content.decode()


def test_the_quiet_pages_of_the_checkout_lead_here_too(client: Client) -> None:
    put_in_basket(client, make_variant())
    assert f'href="{URL}"' in client.get(reverse("checkout:contact")).content.decode().split("<footer", 1)[1]


def test_a_one_time_link_is_no_key(client: Client) -> None:
    order, title = shoes_and_polish(), "Elbschuh"
    for key in (order_access.token(order, nonce="einmal"), "x", order_access.token(order)[:-1]):
        answer = client.get(f"{URL}?order={order.number}&key={key}")
        assert answer["Location"] == f"{URL}?order={order.number}"
        assert title not in client.get(f"{URL}?reason=faulty&order={order.number}").content.decode()


def test_the_order_page_leads_here_for_the_order_and_for_each_line(client: Client) -> None:
    order = seen_order(client)
    html = client.get(f"/orders/{order.number}/").content.decode()
    assert f'href="{URL}?order={order.number}"' in html
    for line in order.lines.all():
        assert f'href="{URL}?order={order.number}&amp;line={line.pk}"' in html


def test_a_member_chooses_from_own_orders_and_finds_own_name(client: Client) -> None:
    person = make_user("kundin@example.org", first_name="Karla", last_name="Kunde")
    order = make_order((make_variant(), 1), user=person)
    make_order((make_variant(), 1))
    client.force_login(person)
    first = client.get(f"{URL}?reason=faulty")
    assert re.findall(r"order=(K\d+)", first.content.decode().split("<main", 1)[1]) == [order.number]
    assert form_of(first)["name"] == "Karla Kunde" and form_of(first)["email"] == person.email
    walk(client)
    assert Case.objects.get().user == person


def test_every_step_costs_the_same_however_many_lines(client: Client) -> None:
    def cost(lines: int) -> int:
        order = make_order(*[(make_variant(), 2) for _ in range(lines)])
        client.get(reverse("orders:open", kwargs={"token": order_access.token(order)}))
        sent = everything(order=order.number)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(f"{URL}?reason=faulty&order={order.number}")
            for step in ("goods", "what", "back-what", "back-goods"):
                client.post(URL, {**sent, "step": step})
        return len(seen)

    cost(1)
    assert cost(2) == cost(9)


@pytest.mark.parametrize("url", [URL, "/withdrawal/"])
def test_the_back_button_finds_each_step_and_nobody_else_keeps_it(client: Client, url: str) -> None:
    for answer in (client.get(url), client.post(url, {"reason": "faulty", "step": "goods", "token": TOKEN})):
        assert "private" in answer["Cache-Control"] and "no-cache" in answer["Cache-Control"]
        assert "no-store" not in answer["Cache-Control"]
