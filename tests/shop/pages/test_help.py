"""The shopper's door, step by step: a complaint with a picture is a case; going back, a second click, a wrong file and
an ended session lose nothing; what belongs to somebody else is neither shown nor believed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order import access as order_access
from checkout.order.models import Order
from fulfilment.customer_service.cases import access, drafts
from fulfilment.customer_service.cases.models import Case, Picture
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.outcomes import arrive
from shop.notifications.models import OutgoingMail
from tests.factories.orders import make_order
from tests.factories.returns import dock_bins, sent_order
from tests.factories.shopping import make_variant
from tests.factories.stock import make_stockrecord
from tests.shop.pages.help_steps import (
    SAID,
    TOKEN,
    URL,
    everything,
    kept,
    photo,
    seen_order,
    text_of,
    walk,
)
from tests.walks.withdrawing import form_of
from tests.walks.withdrawing import ground as ground

pytestmark = pytest.mark.django_db


def test_six_plain_choices_lead_on_and_carry_the_order(client: Client) -> None:
    order = seen_order(client)
    html = client.get(f"{URL}?order={order.number}").content.decode()
    for code in ("changed_mind", "faulty", "damaged", "wrong_or_missing", "guarantee", "question"):
        assert f'href="?reason={code}&amp;order={order.number}"' in html
    assert html.count("help__reason-text") == 6


def test_a_guest_complains_with_a_picture_step_by_step(client: Client, outbox: Any) -> None:
    answer = walk(client, pictures=[photo()], wish="repair")
    case = Case.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("help-sent", args=[access.token(case)])
    assert (case.reason, case.kind, case.wish, case.email) == ("faulty", "warranty", "repair", SAID["email"])
    receipt = text_of(client.get(answer["Location"]))
    assert case.number in receipt and "Sie hören von uns bis" in receipt
    page = client.get(reverse("help-case", args=[access.token(case)]))
    assert "Die Naht ist gerissen." in text_of(page)
    shown = client.get(reverse("help-picture", args=[access.token(case), Picture.objects.get().pk]))
    assert shown["Content-Type"] == "image/jpeg" and shown.content.startswith(b"\xff\xd8")
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get(kind="case_received")
    assert case.number in mail.subject and "/help/case/" in mail.text


def test_whoever_sees_the_order_says_which_pieces(client: Client) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    first = client.get(f"{URL}?reason=faulty&order={order.number}&line={shoe.pk}")
    assert form_of(first)[f"line-{shoe.pk}"] == "3", "the line that was clicked is chosen"
    start = f"?reason=faulty&order={order.number}&line={shoe.pk}"
    walk(client, start=start, goods={f"line-{shoe.pk}": "2"})
    case = Case.objects.get()
    assert case.order == order
    assert [(line["order_line_id"], line["quantity"]) for line in case.lines] == [(shoe.pk, 2)]


def test_a_typed_number_that_may_be_seen_offers_its_lines(client: Client) -> None:
    order = seen_order(client)
    second = client.post(
        URL, {"token": TOKEN, "reason": "faulty", "number": order.number.lower(), "step": "goods"}
    )
    assert {f"line-{line.pk}" for line in order.lines.all()} <= set(form_of(second))


def test_the_look_over_repeats_everything_and_nothing_is_sent_before(client: Client) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    sent = everything(order=order.number, wish="repair", step="what", **{f"line-{shoe.pk}": "2"})
    look = client.post(URL, sent)
    for words in (*SAID.values(), f"2 × {shoe.title}", "Reparatur", order.number):
        assert words in text_of(look)
    assert not Case.objects.exists()


def test_going_back_loses_nothing(client: Client) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    words = {**SAID, "body": 'Erste Zeile\nzweite <Zeile> & "mehr"'}
    look = client.post(
        URL, everything(order=order.number, wish="repair", step="what", **{f"line-{shoe.pk}": "2"}, **words)
    )
    what = client.post(URL, {**form_of(look), "step": "back-what"})
    assert {name: form_of(what)[name] for name in SAID} == words and form_of(what)["wish"] == "repair"
    goods = client.post(URL, {**form_of(what), "step": "back-goods"})
    assert form_of(goods)[f"line-{shoe.pk}"] == "2"
    again = client.post(URL, {**form_of(goods), "step": "goods"})
    assert {name: form_of(again)[name] for name in SAID} == words and form_of(again)["wish"] == "repair"


def test_a_double_click_is_one_case_and_other_words_are_another(client: Client, outbox: Any) -> None:
    answers = [client.post(URL, everything()) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {302} and Case.objects.count() == 1
    client.post(URL, everything(body="Noch etwas anderes."))
    assert Case.objects.count() == 2
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="case_received").count() == 2


# What the law says, in words


def test_the_page_says_what_the_law_gives(client: Client) -> None:
    what = text_of(client.post(URL, {"token": TOKEN, "reason": "faulty", "step": "goods"}))
    assert "zwei Jahre ab Lieferung" in what and "müssen Sie nichts beweisen" in what
    damaged = text_of(client.post(URL, {"token": TOKEN, "reason": "damaged", "step": "goods"}))
    assert "Wir tragen das Risiko" in damaged


def delivered(client: Client, clock: Any, *, days_ago: int) -> Order:
    """An order that was handed over so many days ago, seen by this browser."""
    dock_bins()
    order = sent_order((make_stockrecord(bins={"A-01": 5}), 1))
    for parcel in Parcel.objects.filter(order=order):
        arrive(parcel=parcel, outcome="delivered", by=None)
    clock.advance(days=days_ago)
    client.get(reverse("orders:open", kwargs={"token": order_access.token(order)}))
    return order


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (30, "müssen Sie nichts beweisen"),
        (500, "mehr als zwölf Monate"),
        (800, "endete am"),
    ],
)
def test_the_clock_of_the_warranty_is_told_by_its_delivery(
    client: Client, clock: Any, days: int, words: str
) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=days)
    sent = {"token": TOKEN, "reason": "faulty", "order": order.number, "step": "goods"}
    what = text_of(client.post(URL, sent))
    assert words in what
    client.post(URL, everything(order=order.number))
    assert Case.objects.get().kind == ("goodwill" if days == 800 else "warranty")


def test_who_changed_their_mind_is_led_to_the_withdrawal_with_order_and_line(client: Client) -> None:
    order = seen_order(client)
    line = order.lines.order_by("pk")[1]
    answer = client.get(f"{URL}?reason=changed_mind&order={order.number}&line={line.pk}")
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('withdrawal')}?order={order.number}&line={line.pk}"
    fields = form_of(client.get(answer["Location"]))
    assert fields["scope"] == "part" and fields[f"line-{line.pk}"] == "2"
    assert client.post(URL, everything(reason="changed_mind"))["Location"].startswith(reverse("withdrawal"))
    assert not Case.objects.exists()


def test_after_the_14_days_the_page_says_so_and_offers_goodwill(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=15)
    page = client.get(f"{URL}?reason=changed_mind&order={order.number}")
    assert "Die 14 Tage sind vorbei" in text_of(page) and "16. November 2026" in text_of(page)
    assert f'{reverse("withdrawal")}?order={order.number}"' in page.content.decode(), (
        "the function still accepts"
    )
    walk(client, start=f"?reason=changed_mind&goodwill=1&order={order.number}", wish="voucher")
    case = Case.objects.get()
    assert (case.kind, case.wish, case.order) == ("goodwill", "voucher", order)


def test_a_session_that_ended_loses_nothing_of_a_request_for_goodwill(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=15)
    first = client.get(f"{URL}?reason=changed_mind&goodwill=1&order={order.number}")
    second = client.post(URL, {**form_of(first), "step": "goods"})
    client.cookies.clear()
    wishes = {**SAID, "body": "Sie passen nicht.", "wish": "exchange"}
    third = client.post(URL, {**form_of(second), **wishes, "pictures": [photo()], "step": "what"})
    assert third.status_code == 422, "its articles cannot be shown here any more"
    assert (
        len(kept(client.post(URL, {**form_of(third), **wishes, "pictures": [photo()], "step": "back-goods"})))
        == 1
    )
    fourth = client.post(URL, {**form_of(third), **wishes, "step": "goods"})
    assert form_of(fourth)["body"] == "Sie passen nicht." and form_of(fourth)["goodwill"] == "1"
    last = client.post(URL, {**form_of(fourth), "step": "what"})
    client.post(URL, {**form_of(last), "step": "send"})
    case = Case.objects.get()
    assert "Sie passen nicht." in case.messages.get().body
    assert (case.kind, case.order) == ("goodwill", order)
    clock.advance(days=3)
    drafts.clear_old()


def test_on_the_14th_day_the_withdrawal_is_still_in_time(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=14)
    assert client.get(f"{URL}?reason=changed_mind&order={order.number}").status_code == 302


# What belongs to others


def test_number_and_address_together_find_the_order_and_a_foreign_one_stays_words(client: Client) -> None:
    order = make_order((make_variant(), 1))
    client.post(URL, everything(number=order.number, email="andere@example.org"))
    assert Case.objects.get().order is None and order.number in Case.objects.get().messages.get().body
    client.post(URL, everything(number=order.number, email=order.email))
    assert Case.objects.order_by("-pk")[0].order == order


def test_number_and_address_of_another_open_no_order_and_do_not_tell_whether_they_fit(
    client: Client, clock: Any
) -> None:
    clock.stop()
    order = make_order((make_variant(), 1))
    # Named now: a link followed below may lead into English.
    pages, lookup, its_page = [], reverse("orders:lookup"), reverse("orders:detail", args=[order.number])
    for number in (order.number, "K99999"):
        sent = client.post(URL, everything(number=number, email=order.email, body="Naht"))
        case = Case.objects.order_by("-pk")[0]
        page = client.get(reverse("help-case", args=[access.token(case)])).content.decode()
        for link in sorted(set(re.findall(r'href="(/[^"]*)"', page))):
            client.get(link)
        main = re.sub(r'(value|href|action)="[^"]*"', "", page.split("<main", 1)[1].split("</main", 1)[0])
        pages.append(main.replace(case.number, "").replace(number, ""))
        assert sent.status_code == 302 and lookup in page
    assert pages[0] == pages[1]
    assert client.get(its_page).status_code == 302, "still a stranger"


def test_who_may_see_the_order_is_led_to_it_from_the_case(client: Client) -> None:
    order = seen_order(client)
    client.post(URL, everything(order=order.number))
    page = client.get(reverse("help-case", args=[access.token(Case.objects.get())])).content.decode()
    assert f'href="{reverse("orders:detail", args=[order.number])}"' in page


def test_a_foreign_order_shows_nothing_and_its_lines_are_refused(client: Client) -> None:
    order, stranger = seen_order(client), Client()
    line = order.lines.order_by("pk")[0]
    for start in (
        f"?reason=faulty&order={order.number}&line={line.pk}",
        f"?reason=faulty&order={order.number}",
    ):
        html = stranger.get(URL + start).content.decode()
        assert line.title not in html and order.email not in html
    assert form_of(stranger.get(f"{URL}?reason=faulty&order={order.number}"))["number"] == order.number
    for step in ("goods", "what", "send"):
        answer = stranger.post(URL, everything(order=order.number, step=step, **{f"line-{line.pk}": "1"}))
        assert answer.status_code == 422 and line.title not in answer.content.decode()
    assert not Case.objects.exists()


def test_an_ended_session_loses_nothing_and_the_number_stays(client: Client) -> None:
    order = seen_order(client)
    line = order.lines.order_by("pk")[0]
    look = client.post(URL, everything(order=order.number, step="what", **{f"line-{line.pk}": "1"}))
    client.cookies.clear()
    answer = client.post(URL, {**form_of(look), "step": "send"})
    assert answer.status_code == 422
    fields = form_of(answer)
    assert fields["number"] == order.number and fields["body"] == SAID["body"] and "order" not in fields
    what = client.post(URL, {**fields, "step": "goods"})
    done = client.post(URL, {**form_of(what), "step": "send"})
    assert done.status_code == 302
    assert Case.objects.get().order == order, "number and address agree"


@pytest.mark.parametrize("link", ["x" * 40, "eyJjIjoxfQ:1abc:def", "x" * 2000])
def test_guessed_links_open_nothing(client: Client, link: str) -> None:
    for name in ("help-case", "help-sent"):
        assert client.get(reverse(name, args=[link])).status_code == 410
    assert client.post(reverse("help-settled", args=[link])).status_code == 410
    assert client.get(reverse("help-draft", args=[link])).status_code == 404
    assert client.get(reverse("help-picture", args=[link, 1])).status_code == 404


def test_a_token_of_a_case_opens_no_draft_and_the_other_way_round(client: Client) -> None:
    client.post(URL, everything())
    token = access.token(Case.objects.get())
    (draft,) = kept(client.post(URL, everything(step="what", pictures=[photo()])))
    assert client.get(reverse("help-draft", args=[token])).status_code == 404
    assert client.get(reverse("help-case", args=[draft])).status_code == 410
