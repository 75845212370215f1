"""What is written down of signing in: what, who by number, where, and nothing that opens or names an account."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from shop.customers.models import User
from tests.factories.people import make_staff, make_user
from tests.shop.customers.test_second_factor import SECRET, code
from tests.shop.customers.test_sessions import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    """Somebody with a password."""
    made = make_user("erika@example.org")
    made.set_password(PASSWORD)
    made.save()
    return made


def lines(caplog: Any) -> list[tuple[Any, ...]]:
    """(what, number of the person) of each line."""
    return [
        (one.what, one.person)
        for one in caplog.records
        if one.name == "shop.security" and hasattr(one, "what")
    ]


def test_signing_in_and_out_and_failing_are_written_with_the_number_and_no_address(
    person: User, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    client = Client()
    for word in ("falsch-und-lang", PASSWORD):
        client.post(reverse("account_login"), {"login": person.email, "password": word})
    client.post(reverse("account_logout"))
    assert lines(caplog) == [("sign-in failed", None), ("signed in", person.pk), ("signed out", person.pk)]
    failed = next(one for one in caplog.records if getattr(one, "what", "") == "sign-in failed")
    assert failed.path == reverse("account_login") and len(failed.tried) == 20
    assert "erika" not in caplog.text and PASSWORD not in caplog.text and "falsch-und-lang" not in caplog.text


def test_a_factor_shown_a_new_password_and_ended_sessions_are_written(person: User, caplog: Any) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(person, SECRET)
    caplog.set_level(logging.INFO)
    client = Client()
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": code()})
    new = {"password1": "elbe-speicher-7", "password2": "elbe-speicher-7"}
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    client.post(reverse("account_reauthenticate"), {"password": "elbe-speicher-7"})
    client.post("/account/sessions/", {"end": "others"})
    assert [what for what, _who in lines(caplog)] == [
        "factor shown",
        "signed in",
        "new password",
        "sessions ended",
    ]
    assert {who for _what, who in lines(caplog)} == {person.pk} and code() not in caplog.text


def test_a_room_of_others_a_forged_form_and_a_limit_are_written(caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    staff, forger, room = Client(), Client(enforce_csrf_checks=True), reverse("finance:invoices")
    staff.force_login(make_staff("lager@example.org", "dashboard.enter"))
    assert staff.get(room).status_code == 403
    forger.post(
        reverse("account_login"), {"login": "x@example.org"}, headers={"sec-fetch-site": "cross-site"}
    )
    guesser = Client(REMOTE_ADDR="93.184.216.10")
    for _try in range(6):
        guesser.post(reverse("account_login"), {"login": "x@example.org", "password": "falsch"})
    said = [(one.name, one.getMessage()) for one in caplog.records]
    for logger, begins in (
        ("django.request", f"Forbidden (Permission denied): {room}"),
        ("django.security.csrf", "Forbidden ("),
        ("shop.security", f"too many tries at {reverse('account_login')}"),
    ):
        assert any(name == logger and text.startswith(begins) for name, text in said), (logger, said)
