"""The newsletter: double opt-in with proof, and out again by one click."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import translation

from shop.customers import deletion, newsletter
from shop.customers.models import NewsletterConsent as Consent
from shop.kernel.models import AppendOnlyError
from shop.notifications.models import OutgoingMail
from shop.notifications.sending import compose
from tests.factories.people import make_staff
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
EMAIL = "erika@example.org"


def link(mail: OutgoingMail, what: str) -> str:
    (url,) = re.findall(rf"https?://\S*newsletter/{what}/\S+", mail.text)
    return re.sub(r"^https?://[^/]+", "", url)


def asked(client: Client, outbox: Any, email: str = EMAIL, **more: Any) -> OutgoingMail:
    assert client.post("/newsletter/", {"email": email}, **more).status_code == 200
    outbox.drain()
    return OutgoingMail.objects.filter(kind="newsletter_asked").order_by("-pk")[0]


def kinds() -> list[str]:
    return [row.kind for row in Consent.objects.order_by("pk")]


def test_only_the_button_behind_the_link_of_the_mail_puts_somebody_on_the_list(
    client: Client, outbox: Any
) -> None:
    mail = asked(client, outbox, "Erika@Example.org", REMOTE_ADDR="203.0.113.77")
    assert (mail.recipient, mail.confidential) == (EMAIL, True)
    assert not newsletter.is_subscribed(EMAIL) and newsletter.subscribers().count() == 0
    url = link(mail, "confirm")
    assert client.get(url).status_code == 200
    assert not newsletter.is_subscribed(EMAIL), "mail programs look too"
    assert client.post(url, REMOTE_ADDR="2001:db8:1:2::3").status_code == 200
    assert newsletter.is_subscribed(EMAIL) and [one.email for one in newsletter.subscribers()] == [EMAIL]
    first, second = Consent.objects.order_by("pk")
    assert (first.place, second.place) == ("203.0.113.0/24", "2001:db8:1::/48"), "never the whole address"
    assert "Newsletter" in first.words and second.words == first.words
    assert first.version == newsletter.version_of(first.words)
    assert first.at <= second.at
    client.post(url)
    assert kinds() == ["asked", "confirmed"], "a second click adds nothing"


def test_the_welcome_carries_the_one_click_headers_and_one_post_ends_it(client: Client, outbox: Any) -> None:
    client.post(link(asked(client, outbox), "confirm"))
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="newsletter")
    message = compose(mail).message()
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = str(message["List-Unsubscribe"]).replace("\n ", "").strip("<> \n")
    assert url.startswith("http") and "/newsletter/leave/" in url
    path = re.sub(r"^https?://[^/]+", "", url)
    stranger = Client(enforce_csrf_checks=True)  # the mail program: no cookie, no form token
    assert stranger.get(path).status_code == 200 and newsletter.is_subscribed(EMAIL)
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not newsletter.is_subscribed(EMAIL) and newsletter.subscribers().count() == 0
    assert Consent.objects.order_by("-pk")[0].via == "one-click"
    assert stranger.post(path).status_code == 200 and len(kinds()) == 3


def test_order_mails_carry_no_link_that_would_end_them(client: Client, outbox: Any) -> None:
    assert "List-Unsubscribe" not in compose(asked(client, outbox)).message()


def test_a_link_from_before_a_withdrawal_puts_nobody_back(client: Client, outbox: Any) -> None:
    url = link(asked(client, outbox), "confirm")
    client.post(url)
    newsletter.leave(email=EMAIL, place="", via="account")
    assert client.post(url).status_code == 410
    assert not newsletter.is_subscribed(EMAIL)
    client.post(link(asked(client, outbox), "confirm"))
    assert newsletter.is_subscribed(EMAIL)


def test_a_link_older_than_a_week_and_a_forged_one_do_nothing(
    client: Client, outbox: Any, monkeypatch: Any
) -> None:
    url = link(asked(client, outbox), "confirm")
    monkeypatch.setattr(newsletter, "CONFIRM_VALID_S", -1)
    assert client.post(url).status_code == 410
    for what in ("confirm", "leave"):
        for token in ("abc", "x" * 300, "MQ:1abc:forged"):
            for deed in (client.get, client.post):
                assert deed(f"/newsletter/{what}/{token}/").status_code in (200, 410)
    leave_as_confirm = url.replace("/confirm/", "/leave/")
    assert client.post(leave_as_confirm).status_code == 410
    assert kinds() == ["asked"]


def test_the_page_does_not_tell_who_is_on_the_list_and_fills_nobodys_mailbox(
    client: Client, outbox: Any
) -> None:
    client.post(link(asked(client, outbox), "confirm"))
    texts = {
        client.post("/newsletter/", {"email": email}).content.decode().replace(email, "")
        for email in (EMAIL, "neu@example.org")
    }
    assert len({re.sub(r"nonce=\S+|value=\"\S+\"", "", text) for text in texts}) == 1
    for _ in range(6):
        client.post("/newsletter/", {"email": "neu@example.org"})
    outbox.drain()
    assert Consent.objects.filter(email="neu@example.org").count() == newsletter.MAILS_PER_DAY_MAX


@pytest.mark.parametrize("email", ["", "keine", "a@b", "x" * 200 + "@example.org", "💶", "İ" * 145 + "@a.de"])
def test_what_is_no_address_is_said_beside_the_field(client: Client, email: str) -> None:
    answer = client.post("/newsletter/", {"email": email})
    assert answer.status_code == 422 and not Consent.objects.exists()


def test_one_place_of_the_internet_cannot_ask_without_end(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("shop.pages.newsletter.ASKED_PER_VISITOR_MAX", 2)
    codes = [
        client.post("/newsletter/", {"email": f"a{n}@example.org"}, REMOTE_ADDR="93.184.216.34").status_code
        for n in range(3)
    ]
    assert codes == [200, 200, 429]


def test_a_member_asks_and_leaves_in_the_account(client: Client, outbox: Any) -> None:
    person = make_user(EMAIL)
    EmailAddress.objects.create(user=person, email=EMAIL, primary=True, verified=True)
    client.force_login(person)
    assert "Sie bekommen keinen Newsletter" in client.get("/account/newsletter/").content.decode()
    client.post("/account/newsletter/", {"want": "yes"})
    outbox.drain()
    assert "noch nicht bestätigt" in client.get("/account/newsletter/").content.decode()
    client.post(link(OutgoingMail.objects.get(), "confirm"))
    assert client.get("/account/newsletter/").context["latest"].kind == "confirmed"
    client.post("/account/newsletter/", {"want": "no"})
    assert kinds() == ["asked", "confirmed", "withdrawn"]
    assert Consent.objects.order_by("-pk")[0].via == "account"


@pytest.mark.parametrize("known", [None, False])
def test_who_has_not_confirmed_the_address_neither_sees_nor_ends_a_strangers(
    client: Client, outbox: Any, known: bool | None
) -> None:
    client.post(link(asked(client, outbox, REMOTE_ADDR="203.0.113.77"), "confirm"))
    stranger = make_user(EMAIL)
    if known is not None:
        EmailAddress.objects.create(user=stranger, email=EMAIL, primary=True, verified=known)
    client.force_login(stranger)
    page = client.get("/account/newsletter/")
    text = page.content.decode()
    assert "203.0.113" not in text and "Sie bekommen" not in text and "nicht bestätigt" in text
    assert (page.context["latest"], page.context["steps"]) == (None, [])
    client.post("/account/newsletter/", {"want": "no"})
    assert kinds() == ["asked", "confirmed"]
    deletion.carry_out(wish=deletion.ask(person=stranger))
    assert newsletter.is_subscribed(EMAIL), "deleting such an account ends it no more"


def test_staff_see_the_consent_and_its_proof_in_the_customers_file(client: Client, outbox: Any) -> None:
    person = make_user(EMAIL)
    client.post(link(asked(client, outbox, REMOTE_ADDR="203.0.113.77"), "confirm"))
    staff = Client()
    staff.force_login(make_staff("service@example.org", "customer.view_user"))
    text = staff.get(reverse("dashboard:customer", args=[person.pk])).content.decode()
    proof = Consent.objects.order_by("pk")[0]
    assert "bekommt ihn" in text and "203.0.113.0/24" in text and proof.version in text


def test_the_mail_speaks_the_language_of_the_page(client: Client, outbox: Any) -> None:
    with translation.override("en"):
        url = reverse("newsletter")
    client.post(url, {"email": EMAIL})
    outbox.drain()
    mail = OutgoingMail.objects.get()
    assert (mail.language, mail.subject) == ("en", "Please confirm the newsletter")
    assert "/en/newsletter/confirm/" in mail.text


def test_a_proof_is_never_changed_or_deleted(client: Client, outbox: Any) -> None:
    asked(client, outbox)
    row = Consent.objects.get()
    for deed in (row.save, row.delete):
        with pytest.raises(AppendOnlyError):
            deed()
