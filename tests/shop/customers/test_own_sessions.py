"""Everybody sees where they are signed in, and ends what is not theirs; signing out leaves nothing in the browser."""

from __future__ import annotations

import datetime as dt
import re
from importlib import import_module
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from shop.customers import own_sessions
from shop.customers.devices import words_of
from shop.customers.models import PersonSession, User
from tests.factories.people import make_staff, make_user
from tests.shop.customers.test_sessions import PASSWORD, is_in

pytestmark = pytest.mark.django_db
PAGE = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Safari/604.1"
)


@pytest.fixture
def person() -> User:
    """Somebody with a password."""
    made = make_user("erika@example.org")
    made.set_password(PASSWORD)
    made.save()
    return made


def sign_in(person: User, agent: str = FIREFOX) -> Client:
    """A device of the person."""
    device = Client(headers={"user-agent": agent})
    words = {"login": person.email, "password": PASSWORD}
    assert device.post(reverse("account_login"), words).status_code == 302
    return device


def confirm(device: Client) -> None:
    """Show the password again, as the page before a change asks."""
    assert device.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302


def page_of(device: Client) -> str:
    answer = device.get(PAGE)
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def marks_of(device: Client) -> list[str]:
    return re.findall(r'name="end" value="(\w{32})"', page_of(device))


def test_devices_are_shown_in_words_the_own_one_first_and_no_key_is_written(person: User) -> None:
    phone, here = sign_in(person, IPHONE), sign_in(person)
    shown = page_of(here)
    assert shown.index("Firefox, Windows") < shown.index("Safari, iPhone")
    assert (
        shown.count("dieses Gerät") == 1
        and "Where you are signed in" in here.get(f"/en{PAGE}").content.decode()
    )
    for device in (phone, here):
        assert str(device.session.session_key) not in shown


def test_one_is_ended_after_the_password_was_shown_again(person: User) -> None:
    phone, here = sign_in(person, IPHONE), sign_in(person)
    [mark] = marks_of(here)
    asked = here.post(PAGE, {"end": mark})
    assert asked["Location"].startswith(reverse("account_reauthenticate")) and is_in(phone)
    confirm(here)
    assert here.post(PAGE, {"end": mark}, follow=True).context["opened"][0].is_here
    assert (is_in(phone), is_in(here), marks_of(here)) == (False, True, [])


def test_all_others_are_ended_at_once_also_those_the_page_has_no_room_for(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_sessions, "SHOWN_MAX", 2)
    others, here = [sign_in(person) for _one in range(3)], sign_in(person)
    confirm(here)
    here.post(PAGE, {"end": "others"})
    assert is_in(here) and not any(is_in(one) for one in others)
    assert marks_of(here) == []


def test_a_strangers_session_and_the_own_one_are_not_ended(person: User) -> None:
    stranger = Client()
    stranger.force_login(make_user("otto@example.org"))
    [theirs] = own_sessions.opened(person=User.objects.get(email="otto@example.org"), here=None)
    here = sign_in(person)
    [own] = own_sessions.opened(person=person, here=None)
    confirm(here)
    for mark in (theirs.mark, own.mark, "", "x", "\u00e4" * 40):
        assert here.post(PAGE, {"end": mark}).status_code == 302
    assert is_in(stranger) and is_in(here)


def test_what_would_not_open_the_account_any_more_is_not_shown(person: User) -> None:
    out, expired, here = sign_in(person), sign_in(person), sign_in(person)
    out.post(reverse("account_logout"))
    key = str(expired.session.session_key)
    PersonSession.objects.filter(pk=key).update(expire_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert marks_of(here) == []
    sign_in(person)
    person.set_password("elbe-speicher-7")
    person.save()
    assert own_sessions.opened(person=person, here=None) == [], "another password ended them all"


def test_last_used_is_written_seldom_and_beside_what_the_session_holds(person: User) -> None:
    phone = sign_in(person, IPHONE)
    phone.get("/account/")  # shows that one is signed in, and forgets the message
    row = PersonSession.objects.get(pk=phone.session.session_key)
    phone.get("/account/")
    unchanged = PersonSession.objects.get(pk=row.pk)
    assert unchanged.seen_at == row.seen_at
    before = row.seen_at - dt.timedelta(seconds=own_sessions.SEEN_EVERY_S + 1)
    PersonSession.objects.filter(pk=row.pk).update(
        seen_at=before, user=None
    )  # as one of before this was counted
    phone.get("/account/")
    touched = PersonSession.objects.get(pk=row.pk)
    assert touched.seen_at >= row.seen_at and touched.user_id == person.pk
    assert (touched.session_data, touched.expire_date) == (row.session_data, row.expire_date)


def test_who_was_signed_in_before_this_table_was_there_stays_so_and_is_shown(person: User) -> None:
    move = import_module("shop.customers.migrations.0008_sessions_of_people")
    device = sign_in(person)
    row = PersonSession.objects.get(pk=device.session.session_key)
    key = row.pk
    Session.objects.create(pk=key, session_data=row.session_data, expire_date=row.expire_date)
    row.delete()
    assert not is_in(device)
    device.cookies["sessionid"] = key
    with connection.cursor() as cursor:
        cursor.execute(move.COPY)
        cursor.execute(move.GO)
    assert is_in(device) and not Session.objects.exists()
    assert [one.key for one in own_sessions.opened(person=person, here=None)] == [key]


def test_the_list_costs_the_same_for_many(
    person: User, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    here = sign_in(person)
    here.get(PAGE)
    with django_assert_max_num_queries(30) as few:
        here.get(PAGE)
        asked = len(few)
    for _one in range(6):
        sign_in(person, IPHONE)
    with django_assert_num_queries(asked):
        here.get(PAGE)


def test_staff_find_theirs_from_the_office() -> None:
    clerk = make_staff("lager@example.org", "dashboard.enter")
    device = Client()
    device.force_login(clerk)
    start = device.get("/dashboard/").content.decode()
    assert f'href="{PAGE}"' in start and f'action="{reverse("account_logout")}"' in start
    shown = page_of(device)
    assert "dieses Gerät" in shown and f'action="{reverse("account_logout")}"' in shown


def test_whoever_has_the_machine_signs_one_or_everybody_out(person: User, client: Client) -> None:
    client.force_login(make_user("otto@example.org"))
    here = sign_in(person)
    call_command("end_sessions", "Erika@example.org")
    assert (is_in(here), is_in(client)) == (False, True)
    again, guest = sign_in(person), Client().session
    guest["checkout"] = {}
    guest.save()
    call_command("end_sessions", "--everybody")
    assert (
        not is_in(again)
        and not is_in(client)
        and not PersonSession.objects.filter(pk=guest.session_key).exists()
    )
    for wrong in ([], ["niemand@example.org"], ["erika@example.org", "--everybody"]):
        with pytest.raises(CommandError):
            call_command("end_sessions", *wrong)


def test_who_was_signed_in_under_the_former_key_stays_so_and_is_shown(person: User, settings: Any) -> None:
    here = sign_in(person)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key-" + "x" * 40
    assert [one.is_here for one in own_sessions.opened(person=person, here=here.session.session_key)] == [
        True
    ]
    assert is_in(here)
    settings.SECRET_KEY_FALLBACKS = []
    assert is_in(here), "renewed under the new key"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (FIREFOX, "Firefox|Windows"),
        (IPHONE, "Safari|iPhone"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge|Linux",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome|Android",
        ),
        ("curl/8", "|"),
        ("<script>alert(1)</script>", "|"),
        ("", "|"),
    ],
)
def test_of_what_a_browser_says_two_known_words_are_kept(header: str, words: str) -> None:
    assert words_of(header) == words


def test_signing_out_empties_what_the_browser_keeps_of_a_customer(person: User) -> None:
    device = sign_in(person)
    assert device.post(reverse("account_logout"))["Clear-Site-Data"] == '"storage"'
    assert "Clear-Site-Data" not in Client().get("/")


def test_scans_of_staff_that_were_not_sent_yet_outlive_signing_out() -> None:
    device = Client()
    device.force_login(make_staff("lager@example.org", "dashboard.enter"))
    assert "Clear-Site-Data" not in device.post(reverse("account_logout"))


@pytest.mark.parametrize(
    "page", ["account_email", "account_change_password", "mfa_index", "mfa_activate_totp"]
)
def test_pages_about_signing_in_are_kept_by_no_browser(person: User, page: str) -> None:
    device = sign_in(person)
    confirm(device)
    answer = device.get(reverse(page))
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    assert "no-store" not in Client().get("/")["Cache-Control"]


def test_another_address_asks_for_the_password_again(person: User) -> None:
    device = sign_in(person)
    added = {"action_add": "", "email": "neu@example.org"}
    answer = device.post(reverse("account_email"), added)
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert not person.emailaddress_set.filter(email="neu@example.org").exists()
    confirm(device)
    device.post(reverse("account_email"), added)
    assert person.emailaddress_set.filter(email="neu@example.org").exists()
