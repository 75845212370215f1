"""The withdrawal function of § 356a BGB as a shopper meets it: found on every page, two steps, a receipt at once."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order import access
from checkout.order.models import Order
from fulfilment.customer_service.withdrawals.models import Withdrawal
from shop.notifications import sending
from shop.notifications.models import OutgoingMail
from shop.pages.withdrawal_form import DeclarationForm
from tests.factories.orders import make_order
from tests.factories.shopping import make_user, make_variant
from tests.shop.notifications.conftest import MailServer
from tests.shop.notifications.conftest import mail_server as mail_server
from tests.shop.notifications.conftest import stopped_server as stopped_server
from tests.walks.withdrawing import SAID, URL, buttons, form_of, walk
from tests.walks.withdrawing import ground as ground

pytestmark = pytest.mark.django_db


def test_a_guest_withdraws_in_two_steps_and_the_receipt_tells_the_second(
    client: Client, clock: Any, outbox: Any, mail_server: MailServer
) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 13, 3, 27, 999_000, tzinfo=dt.UTC))
    first = client.get(URL)
    assert set(form_of(first)) - {"csrfmiddlewaretoken"} == {"name", "contract", "email"}
    second = client.post(URL, {**form_of(first), **SAID, "step": "declare"})
    assert not Withdrawal.objects.exists(), "nothing is declared before the second step"
    assert set(buttons(second)) == {"Widerruf bestätigen", "Etwas ändern"}
    for words in SAID.values():
        assert words in second.content.decode()
    done = client.post(URL, {**form_of(second), "step": "confirm"}, follow=True)
    found = Withdrawal.objects.get()
    html = done.content.decode()
    assert done.redirect_chain[0][1] == 302
    for words in (found.number, "22. November 2026 um 14:03:27 Uhr (CET)", *SAID.values()):
        assert words in html
    assert (found.name, found.contract, found.email) == tuple(SAID.values())
    outbox.drain()
    assert outbox.failures() == []
    sending.send_due()
    (mail,) = mail_server.received
    assert mail_server.recipients == [[SAID["email"]]]
    assert str(mail["Subject"]) == f"Eingangsbestätigung Ihres Widerrufs {found.number}"
    for part in ("plain", "html"):
        text = " ".join(mail.get_body((part,)).get_content().split())  # type: ignore[union-attr]
        for words in (found.number, "22. November 2026 um 14:03:27 Uhr (CET)", *SAID.values()):
            assert words in text
    found.refresh_from_db()
    assert found.receipt_mail_id == OutgoingMail.objects.get().pk


def test_in_english_everything_is_english(client: Client, outbox: Any) -> None:
    first = client.get("/en/withdrawal/")
    second = client.post("/en/withdrawal/", {**form_of(first), **SAID, "step": "declare"})
    assert set(buttons(second)) == {"Confirm withdrawal", "Change something"}
    html = client.post(
        "/en/withdrawal/", {**form_of(second), "step": "confirm"}, follow=True
    ).content.decode()
    assert "We have received your withdrawal" in html and "Widerruf" not in _main(html)
    outbox.drain()
    mail = OutgoingMail.objects.get()
    assert mail.subject.startswith("Receipt of your withdrawal W") and mail.language == "en"


def _main(html: str) -> str:
    return re.sub(r"\s+", " ", html.split("<main", 1)[1].split("</main>", 1)[0])


def test_nothing_asks_for_a_reason(client: Client) -> None:
    assert set(DeclarationForm.base_fields) == {"name", "contract", "email", "scope"}
    order = seen_order(client)
    for url in (URL, "/en/withdrawal/", f"{URL}?order={order.number}"):
        names = set(form_of(client.get(url))) - {"csrfmiddlewaretoken", "order", "scope"}
        assert {name for name in names if not name.startswith("line-")} == {"name", "contract", "email"}


def test_a_double_click_is_one_withdrawal_and_one_mail(client: Client, outbox: Any) -> None:
    second = client.post(URL, {**SAID, "step": "declare"})
    sent = {**form_of(second), "step": "confirm"}
    answers = [client.post(URL, sent) for _ in range(3)]
    # The address is signed with its time; both lead to the same receipt.
    assert {answer.status_code for answer in answers} == {302}
    number = Withdrawal.objects.get().number
    assert all(number in client.get(answer["Location"]).content.decode() for answer in answers)
    outbox.drain()
    assert OutgoingMail.objects.count() == 1


def test_going_back_and_changing_a_word_is_another_declaration(client: Client) -> None:
    second = client.post(URL, {**SAID, "step": "declare"})
    sent = {**form_of(second), "step": "confirm"}
    client.post(URL, sent)
    client.post(URL, {**sent, "contract": "die anderen Stiefel"})
    assert Withdrawal.objects.count() == 2


def test_changing_something_loses_nothing(client: Client) -> None:
    words = {**SAID, "contract": 'Erste Zeile\nzweite <Zeile> & "mehr"'}
    second = client.post(URL, {**words, "step": "declare"})
    again = client.post(URL, {**form_of(second), "step": "edit"})
    assert {name: form_of(again)[name] for name in SAID} == words
    assert not Withdrawal.objects.exists()


def test_a_slip_in_the_number_is_accepted_and_kept_as_typed(client: Client) -> None:
    order = make_order((make_variant(), 1))
    walk(client, {**SAID, "contract": f"{order.number}0"})
    found = Withdrawal.objects.get()
    assert (found.contract, found.order) == (f"{order.number}0", None)


def test_number_and_address_of_an_order_find_it_without_login(client: Client, outbox: Any) -> None:
    order = make_order((make_variant(), 1))
    walk(client, {**SAID, "contract": order.number})
    assert Withdrawal.objects.get().order == order
    outbox.drain()
    assert OutgoingMail.objects.get(kind="withdrawal_received").order == order


def seen_order(client: Client) -> Order:
    """An order of two lines that this browser came to by its link."""
    order = make_order((make_variant(title="Elbschuh"), 3), (make_variant(title="Schuhcreme"), 2))
    client.get(reverse("orders:open", kwargs={"token": access.token(order)}))
    return order


def test_whoever_sees_the_order_withdraws_two_of_five_pieces(client: Client, outbox: Any) -> None:
    order = seen_order(client)
    html = client.get(f"/orders/{order.number}/").content.decode()
    assert f"{URL}?order={order.number}" in html
    first = client.get(f"{URL}?order={order.number}")
    fields = form_of(first)
    assert (fields["contract"], fields["email"], fields["scope"]) == (
        order.number,
        "erika@example.org",
        "whole",
    )
    shoe, cream = order.lines.order_by("pk")
    done = walk(
        client,
        {"scope": "part", f"line-{shoe.pk}": "1", f"line-{cream.pk}": "1"},
        f"{URL}?order={order.number}",
    )
    found = Withdrawal.objects.get()
    assert found.order == order
    assert [(line["order_line_id"], line["quantity"]) for line in found.lines] == [
        (shoe.pk, 1),
        (cream.pk, 1),
    ]
    assert f"1 × {shoe.title}" in client.get(done["Location"]).content.decode()
    outbox.drain()
    text = " ".join(OutgoingMail.objects.get(kind="withdrawal_received").text.split())
    assert f"1 x {shoe.title}" in text and f"1 x {cream.title}" in text
    assert "Ihr Widerruf" in client.get(f"/orders/{order.number}/").content.decode()


def test_the_whole_order_is_said_to_be_the_whole(client: Client, outbox: Any) -> None:
    order = seen_order(client)
    done = walk(client, {}, f"{URL}?order={order.number}")
    assert Withdrawal.objects.get().is_whole_order
    assert "Die ganze Bestellung" in client.get(done["Location"]).content.decode()
    outbox.drain()
    assert "Die ganze Bestellung" in OutgoingMail.objects.get(kind="withdrawal_received").text


def test_a_typed_number_of_an_order_that_may_be_seen_offers_its_lines_too(client: Client) -> None:
    order = seen_order(client)
    second = client.post(URL, {**SAID, "contract": order.number, "step": "declare"})
    assert "Nur einige der Artikel" in buttons(second)
    chosen = client.post(URL, {**form_of(second), "step": "choose"})
    assert {f"line-{line.pk}" for line in order.lines.all()} <= set(form_of(chosen))
    assert form_of(chosen)["name"] == SAID["name"]


def test_strangers_are_shown_no_lines_and_foreign_lines_are_refused(client: Client) -> None:
    order, foreign = seen_order(client), make_order((make_variant(), 1))
    stranger = Client()
    assert "line-" not in stranger.get(f"{URL}?order={order.number}").content.decode()
    line = foreign.lines.get()
    for browser, number in ((client, order.number), (client, foreign.number), (stranger, order.number)):
        sent = {**SAID, "order": number, "scope": "part", f"line-{line.pk}": "1"}
        for step in ("declare", "confirm"):
            answer = browser.post(URL, {**sent, "step": step, "token": "x" * 30})
            assert answer.status_code == 422
            assert form_of(answer)["name"] == SAID["name"], "what was typed stays"
    assert not Withdrawal.objects.exists()


def test_a_foreign_line_beside_an_own_one_is_refused_too(client: Client) -> None:
    order, foreign = seen_order(client), make_order((make_variant(), 1))
    own = order.lines.order_by("pk")[0]
    for stranger in (f"line-{foreign.lines.get().pk}", "line-", "line-x", f"line-{'9' * 40}"):
        sent = {**SAID, "order": order.number, "scope": "part", f"line-{own.pk}": "1", stranger: "1"}
        answer = client.post(URL, {**sent, "step": "confirm", "token": "x" * 30})
        assert answer.status_code == 422 and "gilt genauso" in answer.content.decode()
    assert not Withdrawal.objects.exists()


@pytest.mark.parametrize("pieces", ["-1", "4", "1.5", "viele", "9" * 40, "", "0"])
def test_pieces_that_cannot_be_are_said_beside_the_field(client: Client, pieces: str) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    sent = {**SAID, "order": order.number, "scope": "part", f"line-{shoe.pk}": pieces, "step": "declare"}
    answer = client.post(URL, sent)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


JUNK = ["", "   ", "\u202e\u200b", "x" * 5000]


@pytest.mark.parametrize("field", SAID)
@pytest.mark.parametrize("value", JUNK, ids=["empty", "blank", "invisible", "too-long"])
def test_fields_without_sense_are_answered_with_words(client: Client, field: str, value: str) -> None:
    for step in ("declare", "confirm"):
        answer = client.post(URL, {**SAID, field: value, "step": step, "token": "x" * 30})
        assert answer.status_code == 422
    assert not Withdrawal.objects.exists()


NAUGHTY = [
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "{{ 7*7 }}%(x)s%n",
    "田中さん 👟",
    "a\r\nBcc: x@example.org",
    "=1+1",
]


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_words_are_kept_shown_and_never_run(client: Client, text: str, outbox: Any) -> None:
    done = walk(client, {**SAID, "name": text, "contract": text})
    html = client.get(done["Location"]).content.decode()
    assert "<script>alert" not in html
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get()
    assert "<script>alert" not in mail.html and "\n" not in mail.subject
    assert Withdrawal.objects.get().name == " ".join(text.split())


@pytest.mark.parametrize("email", ["x", "a@b", "a@b.de\nBcc: c@d.de", "a@b.de, c@d.de", "<a@b.de>"])
def test_an_address_nobody_can_write_to_is_refused_before_the_receipt_is_lost(
    client: Client, email: str
) -> None:
    assert client.post(URL, {**SAID, "email": email, "step": "declare"}).status_code == 422


def test_nul_is_refused_with_a_clear_page(client: Client) -> None:
    assert client.post(URL, {**SAID, "contract": "a\x00b"}).status_code == 400
    assert client.get(URL, {"order": "K1\x00"}).status_code == 400


@pytest.mark.parametrize("step", ["", "quark", "confirm"])
def test_without_a_token_of_ours_the_second_step_is_shown_again(client: Client, step: str) -> None:
    answer = client.post(URL, {**SAID, "step": step, "token": "<kurz>"})
    assert answer.status_code == 200
    assert "Widerruf bestätigen" in buttons(answer)
    assert not Withdrawal.objects.exists()


@pytest.mark.parametrize("token", ["x", "x" * 2000, "eyJ3IjoxfQ:1abc:def"])
def test_a_forged_receipt_shows_nothing(client: Client, token: str) -> None:
    assert client.get(f"{URL}receipt/{token}/").status_code == 410


def test_a_receipt_is_not_shown_for_ever(client: Client, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from shop.pages import withdrawal

    done = walk(client, SAID)
    assert client.get(done["Location"]).status_code == 200
    monkeypatch.setattr(withdrawal, "RECEIPT_VALID_S", -1)
    assert client.get(done["Location"]).status_code == 410


def test_a_flood_to_one_address_is_stopped_with_words_and_nothing_is_lost(client: Client, clock: Any) -> None:
    clock.stop()
    for number in range(10):
        walk(client, {**SAID, "contract": f"Schuhe {number}"})
    busy = walk(client, SAID)
    assert busy.status_code == 429 and busy["Retry-After"] == "3600"
    assert form_of(busy)["contract"] == SAID["contract"] and "Noch nicht gesendet" in busy.content.decode()
    assert walk(client, {**SAID, "email": "andere@example.org"}).status_code == 302
    clock.advance(hours=1, seconds=1)
    assert client.post(URL, {**form_of(busy), "step": "confirm"}).status_code == 302


def test_one_place_of_the_internet_cannot_flood_us_but_a_proxy_may_stand_before_everybody(
    client: Client,
) -> None:
    def send(number: int, place: str) -> int:
        said = {**SAID, "email": f"kunde{number}@example.org", "step": "confirm", "token": "x" * 30}
        return client.post(URL, said, REMOTE_ADDR=place).status_code

    answers = [send(number, "8.8.8.8") for number in range(61)]
    assert answers[:60] == [302] * 60 and answers[60] == 429
    assert send(100, "8.8.4.4") == send(101, "10.0.0.1") == 302


def test_the_forms_of_a_shop_without_cookies_are_refused_politely() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(URL, {**SAID, "step": "confirm", "token": "x" * 30}).status_code == 403
    token = form_of(strict.get(URL))["csrfmiddlewaretoken"]
    assert strict.post(URL, {**SAID, "csrfmiddlewaretoken": token}).status_code == 200


def test_a_member_finds_the_own_orders_and_the_own_name(client: Client) -> None:
    person = make_user("kundin@example.org", first_name="Karla", last_name="Kunde")
    order = make_order((make_variant(), 1), user=person)
    make_order((make_variant(), 1))
    client.force_login(person)
    first = client.get(URL)
    assert form_of(first)["name"] == "Karla Kunde" and form_of(first)["email"] == person.email
    assert re.findall(r"\?order=(K\d+)", _main(first.content.decode())) == [order.number]
