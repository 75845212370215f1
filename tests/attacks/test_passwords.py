"""Passwords and sessions as OWASP ASVS asks for them; the second factor has its own tests (shop/customers)."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import CommonPasswordValidator, get_default_password_validators
from django.test import Client

from shop.customers.models import User
from shop.customers.passwords import is_breached
from shop.kernel.checks import breached_passwords_are_there
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
GOOD = "Hafen Möwe 🐦 und 7 Leuchttürme"


def sign_up(password: str, email: str = "neu@example.org") -> bool:
    """Whether an account came to be."""
    Client().post("/accounts/signup/", {"email": email, "password1": password})
    return User.objects.filter(email=email).exists()


@pytest.mark.parametrize(
    "password", ["kurz-9zei", "password123", "1234567890", "qwertyuiop", "neu@example.org"]
)
def test_short_common_and_own_words_are_refused(password: str) -> None:
    assert not sign_up(password)


def test_the_list_of_common_words_is_read_when_somebody_chooses_and_not_kept() -> None:
    assert not sign_up("1234567890")
    (common,) = [one for one in get_default_password_validators() if isinstance(one, CommonPasswordValidator)]
    assert common.get_help_text()
    assert not hasattr(common, "passwords")


@pytest.mark.parametrize(
    "password", ["Kontor2026!!", "kontor-SHOP-2026", "Sommer.2026.Schuhe", "admin-1234567", "Kiekbuexen24"]
)
def test_what_consists_of_the_words_of_the_house_is_refused(password: str, settings: Any) -> None:
    settings.SITE_URL, settings.PASSWORD_WORDS = "https://www.kiekbuexen.example", ["Elbe & Söhne"]
    assert not sign_up(password)
    assert not sign_up("Söhne Elbe 1999") and sign_up("Söhne Elbe Leuchtturm")


def test_what_was_stolen_somewhere_is_refused_by_a_list_on_the_disk(tmp_path: Path, settings: Any) -> None:
    stolen = [f"leuchtturm {number}" for number in range(300)]
    sums = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in stolen)
    path = tmp_path / "pwned.txt"
    path.write_text(
        "".join(f"{one}:{len(one) * 9 ** (n % 7)}\n" for n, one in enumerate(sums)), encoding="ascii"
    )
    assert all(is_breached(one, path) for one in stolen)
    assert not any(is_breached(f"speicher {number}", path) for number in range(300))
    settings.PASSWORDS_BREACHED_FILE = str(path)
    assert not sign_up("leuchtturm 299") and sign_up("leuchtturm 300")


def test_a_list_that_is_away_refuses_nobody_and_is_said(tmp_path: Path, settings: Any, caplog: Any) -> None:
    settings.PASSWORDS_BREACHED_FILE = str(tmp_path / "none.txt")
    assert sign_up(GOOD)
    assert "list of breached passwords cannot be read" in caplog.text and GOOD not in caplog.text
    assert [one.id for one in breached_passwords_are_there(None)] == ["kernel.E113"]


@pytest.mark.parametrize(
    "password", [GOOD, "nurkleinebuchstabenundlang", "x" + "ä~\\'\"<>" * 20, "p" * 3 + "q9-z7w2v"]
)
def test_whatever_is_long_enough_is_taken_as_it_is(password: str, client: Client) -> None:
    assert sign_up(password)
    login = {"login": "neu@example.org"}
    for other in (password.swapcase(), password[:-1], f"{password} "):
        assert client.post("/accounts/login/", {**login, "password": other}).status_code == 200
    assert client.post("/accounts/login/", {**login, "password": password}).status_code == 302


def test_changing_it_asks_for_the_one_before(client: Client) -> None:
    person = make_user("anna@example.org")
    client.force_login(person)
    new = {"password1": GOOD, "password2": GOOD}
    for old in ("", "falsch"):
        client.post("/accounts/password/change/", {"oldpassword": old, **new})
        person.refresh_from_db()
        assert person.check_password("test-password")
    client.post("/accounts/password/change/", {"oldpassword": "test-password", **new})
    person.refresh_from_db()
    assert person.check_password(GOOD)


def test_fields_are_masked_and_programs_may_fill_and_paste_into_them(client: Client) -> None:
    for path in ("/accounts/login/", "/accounts/signup/"):
        fields = re.findall(r"<input[^>]*name=\"password1?\"[^>]*>", client.get(path).content.decode())
        assert fields
        for field in fields:
            assert (
                'type="password"' in field and "autocomplete=" in field and 'autocomplete="off"' not in field
            )
    scripts = (Path(__file__).resolve().parents[2] / "static" / "js").rglob("*.js")
    assert not [one.name for one in scripts if re.search(r"[\"']paste[\"']", one.read_text(encoding="utf-8"))]


def test_they_are_kept_as_slow_hashes_and_there_is_no_account_from_the_start() -> None:
    from django.contrib.auth.hashers import get_hasher
    from django.test.utils import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        assert getattr(get_hasher("default"), "iterations", 0) >= 600_000
    assert (
        not User.objects.filter(is_staff=True).exists()
        and not User.objects.filter(is_superuser=True).exists()
    )


def test_signing_out_and_closing_an_account_end_the_session_on_our_side(client: Client) -> None:
    person = make_user("anna@example.org")
    client.force_login(person)
    stolen = Client()
    stolen.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    assert stolen.get("/account/").status_code == 200
    client.post("/accounts/logout/")
    assert stolen.get("/account/").status_code == 302
    client.force_login(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get("/account/").status_code == 302


def test_a_session_is_a_long_random_key_that_an_address_never_carries(client: Client) -> None:
    keys = set()
    for number in range(20):
        one = Client()
        one.force_login(make_user(f"p{number}@example.org"))
        key = one.session.session_key or ""
        keys.add(key)
        assert len(key) >= 32
    assert len(keys) == 20
    fixed = Client()
    answer: Any = fixed.get("/account/", {"sessionid": keys.pop(), "sessionid ": keys.pop()})
    assert answer.status_code == 302
