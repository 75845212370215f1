"""The shopper's door: a complaint with a picture is a case, followed by a link; bad input loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from fulfilment.customer_service.cases import access, actions
from fulfilment.customer_service.cases.models import Case, Picture
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case, picture_bytes
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.returns import dock_bins, sent_order
from tests.factories.stock import make_stockrecord

pytestmark = pytest.mark.django_db
TOKEN = "abcdefghijklmnopqrstuvwxyz123456"


def said(**changes: Any) -> dict[str, Any]:
    return {
        "token": TOKEN, "reason": "faulty", "name": "Erika Muster", "email": "erika@example.org",
        "body": "Die Naht ist gerissen.", **changes,
    }  # fmt: skip


def test_a_guest_complains_with_a_picture_and_follows_the_case(client: Client, outbox: Any) -> None:
    picture = SimpleUploadedFile("naht.jpg", picture_bytes("JPEG"), "image/jpeg")
    answer = client.post(reverse("help"), said(pictures=[picture]))
    case = Case.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("help-case", args=[access.token(case)])
    page = client.get(answer["Location"])
    assert "Die Naht ist gerissen." in page.content.decode()
    shown = client.get(reverse("help-picture", args=[access.token(case), Picture.objects.get().pk]))
    assert shown["Content-Type"] == "image/jpeg" and shown.content.startswith(b"\xff\xd8")
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get(kind="case_received")
    assert case.number in mail.subject and "/help/case/" in mail.text


def test_the_form_sent_twice_is_one_case(client: Client) -> None:
    client.post(reverse("help"), said())
    client.post(reverse("help"), said())
    client.post(reverse("help"), said(body="Noch etwas anderes."))
    assert Case.objects.count() == 2


def test_what_is_internal_is_never_on_the_customers_page(client: Client) -> None:
    case, clerk = make_case(), make_staff("service@example.org")
    actions.note(case=case, body="ruft oft an", key="n", by=clerk)
    actions.answer(
        case=case, body="Wir sehen es uns an.", key="a", seen=Case.objects.get().last_message_id, by=clerk
    )
    text = client.get(reverse("help-case", args=[access.token(case)])).content.decode()
    assert "Wir sehen es uns an." in text and "ruft oft an" not in text


def test_the_customer_adds_something(client: Client) -> None:
    url = reverse("help-case", args=[access.token(make_case())])
    assert client.post(url, {"token": TOKEN, "body": ""}).status_code == 422
    assert client.post(url, {"token": TOKEN, "body": "Beide Schuhe."}).status_code == 302
    assert client.post(url, {"token": TOKEN, "body": "Beide Schuhe."}).status_code == 302
    assert Case.objects.get().messages.count() == 2


def test_who_changed_their_mind_is_led_to_the_withdrawal(client: Client) -> None:
    answer = client.post(reverse("help"), said(reason="changed_mind"))
    assert answer.status_code == 302 and answer["Location"].startswith(reverse("withdrawal"))
    assert not Case.objects.exists()


def test_number_and_address_together_find_the_order_and_a_foreign_one_stays_words(client: Client) -> None:
    make_country()
    dock_bins()
    order = sent_order((make_stockrecord(bins={"A-01": 5}), 1))
    client.post(reverse("help"), said(number=order.number, email="andere@example.org"))
    assert Case.objects.get().order is None and order.number in Case.objects.get().messages.get().body
    client.post(reverse("help"), said(number=order.number, email=order.email))
    assert Case.objects.order_by("-pk")[0].order == order


@pytest.mark.parametrize(
    "changes",
    [{"reason": "x"}, {"reason": ""}, {"email": "x"}, {"body": ""}, {"name": ""}, {"token": "short"},
     {"name": "x" * 500}, {"body": "x" * 20_000}],
)  # fmt: skip
def test_bad_input_is_shown_beside_what_was_typed(client: Client, changes: dict[str, str]) -> None:
    answer = client.post(reverse("help"), said(**changes))
    assert answer.status_code == 422 and not Case.objects.exists()


def test_a_file_that_lies_about_its_kind_is_refused(client: Client) -> None:
    liar = SimpleUploadedFile("naht.jpg", b"<script>alert(1)</script>", "image/jpeg")
    answer = client.post(reverse("help"), said(pictures=[liar]))
    assert answer.status_code == 422 and "JPEG, PNG" in answer.content.decode()


def test_markup_in_words_is_shown_as_words(client: Client) -> None:
    case = make_case(body="<script>alert(1)</script>", subject="<b>x</b>", name="<i>y</i>")
    text = client.get(reverse("help-case", args=[access.token(case)])).content.decode()
    assert "<script>alert(1)" not in text and "&lt;script&gt;" in text and "<i>y</i>" not in text


def test_guessed_links_open_nothing(client: Client) -> None:
    case = make_case()
    assert client.get(reverse("help-case", args=["x" * 40])).status_code == 410
    assert client.get(reverse("help-picture", args=[access.token(case), 1])).status_code == 404
