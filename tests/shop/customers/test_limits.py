"""Limits: whoever guesses waits, longer each time; victims, colleagues at the same place and the shop do not."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from shop.customers import limits
from shop.customers.models import User
from shop.kernel import tries
from shop.kernel.models import Tally
from shop.kernel.tasks import clear_tallies
from shop.notifications.models import OutgoingMail

pytestmark = pytest.mark.django_db
PASSWORD = "hafen-kontor-26"
THIEF, HOME, OFFICE = "93.184.216.10", "81.2.69.142", "217.20.32.5"
FORM = {"login": "erika@example.org"}


def at(place: str) -> Client:
    """A browser at a place of the internet."""
    return Client(REMOTE_ADDR=place)


@pytest.fixture
def erika(db: None) -> User:
    """Somebody with a password."""
    with override("de"):
        return User.objects.create_user(email="erika@example.org", password=PASSWORD)


def try_it(client: Client, email: str = "erika@example.org", password: str = "falsch") -> Any:
    """The sign-in form, sent."""
    return client.post("/accounts/login/", {"login": email, "password": password})


def guess(client: Client, times: int, email: str = "erika@example.org") -> list[int]:
    """Wrong passwords; the statuses."""
    return [try_it(client, email).status_code for _ in range(times)]


def is_in(client: Client) -> bool:
    """Whether somebody is signed in."""
    return "_auth_user_id" in client.session


def test_who_guesses_waits_longer_each_time_and_is_told_how_long(erika: User, clock: Any) -> None:
    clock.stop()
    thief = at(THIEF)
    assert guess(thief, 6) == [200] * 5 + [429]
    waits = []
    for _turn in range(4):
        refused = try_it(thief)
        waits.append(int(refused["Retry-After"]))
        assert "Bitte warten Sie" in refused.content.decode()
        clock.advance(seconds=waits[-1])
        assert try_it(thief).status_code == 200, "one more try is open"
    assert waits == [30, 60, 120, 240]
    clock.advance(seconds=limits.HOUR_S)
    assert guess(thief, 5) == [200] * 5, "all is forgotten"


def test_a_refused_try_makes_nobody_wait_longer(erika: User, clock: Any) -> None:
    clock.stop()
    thief = at(THIEF)
    guess(thief, 5)
    assert {int(try_it(thief)["Retry-After"]) for _ in range(10)} == {30}


def test_nobody_gets_in_while_waiting_not_even_with_the_right_password(erika: User, clock: Any) -> None:
    clock.stop()
    thief = at(THIEF)
    guess(thief, 5)
    assert try_it(thief, password=PASSWORD).status_code == 429
    assert not is_in(thief)


def test_the_victim_elsewhere_signs_in_at_once(erika: User, clock: Any) -> None:
    clock.stop()
    guess(at(THIEF), 9)
    home = at(HOME)
    assert try_it(home, password=PASSWORD).status_code == 302
    assert is_in(home)


def test_a_colleague_at_the_same_place_signs_in_at_once(erika: User, clock: Any) -> None:
    clock.stop()
    User.objects.create_user(email="jan@example.org", password=PASSWORD)
    guess(at(OFFICE), 9)
    assert try_it(at(OFFICE), "jan@example.org", PASSWORD).status_code == 302


def test_a_whole_office_signs_in_within_a_minute(erika: User, clock: Any) -> None:
    clock.stop()
    assert {try_it(at(OFFICE), password=PASSWORD).status_code for _ in range(limits.BY_PLACE.free + 5)} == {
        302
    }
    assert not Tally.objects.filter(count__gt=0).exists(), "what succeeds does not count"


def test_one_place_that_tries_many_accounts_waits(erika: User, clock: Any) -> None:
    clock.stop()
    thief = at(THIEF)
    statuses = [try_it(thief, f"kunde{n}@example.org").status_code for n in range(limits.BY_PLACE.free + 1)]
    assert (statuses[-2:], set(statuses[:-1])) == ([200, 429], {200})


def test_an_attack_from_everywhere_does_not_touch_the_device_one_signed_in_with(
    erika: User, clock: Any
) -> None:
    clock.stop()
    known = at(HOME)
    assert try_it(known, password=PASSWORD).status_code == 302
    known.logout()
    known.cookies.pop("sessionid", None)
    statuses = [try_it(at(f"93.184.{n}.7")).status_code for n in range(limits.BY_ACCOUNT.free + 3)]
    assert statuses[-1] == 429
    again = at("194.25.0.60")
    again.cookies = known.cookies  # logout() of the test's client throws cookies away, a browser does not
    assert try_it(at(HOME), password=PASSWORD).status_code == 429, "a device that nobody knows waits a little"
    assert int(try_it(at(HOME), password=PASSWORD)["Retry-After"]) <= limits.BY_ACCOUNT.longest_wait_s


def test_the_cookie_of_a_known_device_counts_for_itself(erika: User, clock: Any) -> None:
    clock.stop()
    known = at(HOME)
    try_it(known, password=PASSWORD)
    device = known.cookies["device"].value
    assert "erika" not in device
    for n in range(limits.BY_ACCOUNT.free + 3):
        try_it(at(f"93.184.{n}.7"))
    back = at(HOME)
    back.cookies["device"] = device
    assert try_it(back, password=PASSWORD).status_code == 302
    forged = at(HOME)
    forged.cookies["device"] = device[:-3] + "abc"
    assert try_it(forged, password=PASSWORD).status_code == 429
    thief = at(THIEF)
    thief.cookies["device"] = device  # stolen: then it has its own limit
    assert guess(thief, limits.BY_DEVICE.free + 1)[-1] == 429


def test_the_cookie_is_known_for_those_who_signed_in_only(erika: User, clock: Any) -> None:
    clock.stop()
    User.objects.create_user(email="dieb@example.org", password=PASSWORD)
    thief = at(THIEF)
    try_it(thief, "dieb@example.org", PASSWORD)
    other = at(THIEF)
    other.cookies["device"] = thief.cookies["device"].value
    assert guess(other, 6)[-1] == 429, "an account of one's own opens no door to another's"


def test_a_new_password_ends_all_waiting(erika: User, clock: Any, outbox: Any) -> None:
    import re

    clock.stop()
    home = at(HOME)
    guess(home, 6)
    home.post("/accounts/password/reset/", {"email": erika.email})
    outbox.drain()
    (url,) = re.findall(r"https?://[^/]+(/\S*reset/key\S*)", OutgoingMail.objects.get().text)
    page = home.get(url, follow=True)
    home.post(page.redirect_chain[-1][0], {"password1": "elbe-speicher-7", "password2": "elbe-speicher-7"})
    assert try_it(home, password="elbe-speicher-7").status_code == 302


@pytest.mark.parametrize(
    ("path", "data", "limit"),
    [
        ("/accounts/password/reset/", {"email": "x@example.org"}, limits.RESETS),
        ("/accounts/signup/", {"email": "x", "password1": "x"}, limits.SIGN_UPS),
        ("/orders/", {"number": "K10001", "email": "x@example.org"}, limits.LOOKUPS),
        ("/basket/vouchers/add/", {"code": "MOIN"}, limits.VOUCHERS),
    ],
)
def test_each_form_that_sends_or_guesses_is_limited_by_place(
    path: str, data: Any, limit: Any, clock: Any
) -> None:
    clock.stop()
    visitor = at(THIEF)
    statuses = [visitor.post(path, data).status_code for _ in range(limit.free + 1)]
    assert 429 not in statuses[:-1]
    assert statuses[-1] == 429
    assert visitor.get(path).status_code != 429, "a look is free"
    assert at(HOME).post(path, data).status_code != 429, "elsewhere it goes on"
    clock.advance(seconds=limit.first_wait_s)
    assert visitor.post(path, data).status_code != 429, "and here after some seconds"


def test_one_mailbox_is_not_filled_and_nobody_learns_that(erika: User, clock: Any, outbox: Any) -> None:
    clock.stop()
    answers = [
        at(f"93.184.{n}.7").post("/accounts/password/reset/", {"email": erika.email}) for n in range(8)
    ]
    outbox.drain()
    assert OutgoingMail.objects.count() == limits.RESETS_TO_ONE.free
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {
        (302, reverse("account_reset_password_done"))
    }


def test_a_code_of_the_second_factor_is_not_guessed(erika: User, clock: Any) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    from tests.shop.customers.test_second_factor import SECRET, code

    clock.stop()
    TOTP.activate(erika, SECRET)
    home = at(HOME)
    try_it(home, password=PASSWORD)
    assert home.post("/accounts/2fa/authenticate/", {"code": code()}).status_code == 302
    device = home.cookies["device"].value
    thief = at(THIEF)
    assert try_it(thief, password=PASSWORD).status_code == 302
    statuses = [
        thief.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}).status_code
        for n in range(limits.FACTOR_BY_ACCOUNT.free + 1)
    ]
    assert statuses[-1] == 429
    again = at("93.184.216.99")
    try_it(again, password=PASSWORD)
    assert again.post("/accounts/2fa/authenticate/", {"code": "123456"}).status_code == 429, (
        "nor from elsewhere"
    )
    back = at(HOME)
    back.cookies["device"] = device
    try_it(back, password=PASSWORD)
    assert back.post("/accounts/2fa/authenticate/", {"code": code(steps=1)}).status_code == 302, (
        "the owner gets in"
    )


def test_a_tally_names_nobody_and_goes_after_a_day(erika: User, clock: Any) -> None:
    clock.stop()
    guess(at(THIEF), 3)
    assert Tally.objects.count() == 3
    assert not any("erika" in str(value) for row in Tally.objects.values() for value in row.values())
    clock.advance(days=1, seconds=1)
    clear_tallies()
    assert not Tally.objects.exists()


def test_tries_at_the_same_moment_all_count(fresh_database: None) -> None:
    limit = tries.Limit("race", free=5, within_s=60)
    passed: list[int] = []

    def work() -> None:
        try:
            passed.append(tries.take([(limit, "one")]))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 12
    assert sum(wait == 0 for wait in passed) <= limit.free
    assert Tally.objects.get().count <= limit.free
