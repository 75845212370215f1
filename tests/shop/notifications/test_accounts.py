"""Mails of the account pages go through the same table, and none is sent within a request."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail as django_mail
from django.test import Client
from django.urls import reverse

from shop.customers.models import User
from shop.notifications.models import OutgoingMail

pytestmark = pytest.mark.django_db


def test_who_registers_is_asked_to_confirm_and_the_link_does_it(client: Any, outbox: Any) -> None:
    data = {"email": "neu@example.org", "password1": "hafen-kontor-26"}
    assert client.post(reverse("account_signup"), data).status_code == 302
    assert django_mail.outbox == [], "nothing is sent within the request"
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get(kind="account")
    assert (mail.recipient, mail.confidential) == ("neu@example.org", True)
    assert mail.subject == "Bitte bestätigen Sie Ihre E-Mail-Adresse"
    (url,) = re.findall(r"https?://\S*confirm-email\S*", mail.text)
    path = re.sub(r"^https?://[^/]+", "", url)
    client.post(path)
    from allauth.account.models import EmailAddress

    assert EmailAddress.objects.get(email="neu@example.org").verified


def test_who_forgot_a_password_gets_a_link_in_the_language_of_the_page(client: Any, outbox: Any) -> None:
    from django.utils import translation

    User.objects.create_user(email="erika@example.org", password="hafen-kontor-26", first_name="Erika")
    with translation.override("en"):
        address = reverse("account_reset_password")
    client.post(address, {"email": "erika@example.org"})
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="account")
    assert (mail.language, mail.subject) == ("en", "Choose a new password")
    assert "Dear Erika," in mail.text
    (url,) = re.findall(r"https?://\S*reset\S*", mail.text)
    assert client.get(re.sub(r"^https?://[^/]+", "", url)).status_code in (200, 302)


def test_a_link_to_a_new_password_opens_once_and_ends_by_itself(
    outbox: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_user(email="erika@example.org", password="hafen-kontor-26", first_name="Erika")

    def link() -> str:
        Client().post(reverse("account_reset_password"), {"email": "erika@example.org"})
        outbox.drain()
        mail = OutgoingMail.objects.filter(kind="account").latest("pk")
        (url,) = re.findall(r"https?://\S*reset\S*", mail.text)
        return str(re.sub(r"^https?://[^/]+", "", url))

    def use(address: str, word: str) -> None:
        client = Client()
        page = client.get(address, follow=True)
        place = page.redirect_chain[-1][0] if page.redirect_chain else address
        client.post(place, {"password1": word, "password2": word})

    def knows(word: str) -> bool:
        return User.objects.get(email="erika@example.org").check_password(word)

    first, second = link(), link()
    use(first, "elbe-speicher-7")
    assert knows("elbe-speicher-7"), "it opens"
    for spent in (first, second):
        use(spent, "kutter-anleger-8")
    assert knows("elbe-speicher-7"), "neither it nor another from before opens any more"
    late = link()
    after = dt.datetime.now() + dt.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 60)
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: after)
    use(late, "kutter-anleger-8")
    assert knows("elbe-speicher-7"), "in time it ends by itself"


def test_an_unknown_address_gets_words_that_help(client: Any, outbox: Any) -> None:
    client.post(reverse("account_reset_password"), {"email": "niemand@example.org"})
    outbox.drain()
    mail = OutgoingMail.objects.get()
    assert "kein Kundenkonto mit dieser Adresse" in " ".join(mail.text.split())
