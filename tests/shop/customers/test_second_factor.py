"""Staff without a second factor get into nothing; who has one shows it; a lost one is taken away by somebody else."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from shop.audit.models import CHANGE, Access
from shop.customers import first_factor
from shop.customers.factor_reset import NotReset, reset_second_factors
from shop.customers.models import User
from shop.customers.second_factor import MARK
from shop.customers.sessions import end_sessions
from shop.kernel.checks import only_the_demo_is_let_off, staff_show_a_second_factor
from shop.notifications.models import OutgoingMail
from tests.factories.people import make_staff, make_user
from tests.support.second_factor import by_password

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"
PASSWORD = "hafen-kontor-26"
LOGIN, AUTHENTICATE = "account_login", "mfa_authenticate"
DOORS = {
    "/dashboard/", "/dashboard/orders/", "/cms/", "/cms/pages/", "/account/", "/basket/", "/checkout/",
    "/dashboard/warehouse/", "/dashboard/finance/", "/accounts/password/change/", "/documents/1/x.pdf",
    "/accounts/2fa/recovery-codes/",
}  # fmt: skip


def code(secret: str = SECRET, steps: int = 0) -> str:
    """What an app shows now, or some steps of half a minute later."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


@pytest.fixture
def clerk() -> User:
    """Somebody in the office, with a password and no second factor."""
    person = make_staff(
        "clerk@example.org", "dashboard.enter", "order.view_orders", "wagtailadmin.access_admin"
    )
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client: Client, person: User) -> Any:
    """By the real page."""
    return client.post(reverse(LOGIN), {"login": person.email, "password": PASSWORD})


def prove(client: Client, person: User) -> None:
    """Open the link of the mail in this session."""
    client.get(first_factor.link_of(User.objects.get(pk=person.pk)))
    assert client.session[first_factor.PROVED] == person.pk


def test_a_program_that_only_looks_at_the_link_proves_nothing(client: Client, clerk: User) -> None:
    EmailAddress.objects.filter(user=clerk).update(verified=False)
    sign_in(client, clerk)
    assert client.head(first_factor.link_of(User.objects.get(pk=clerk.pk))).status_code == 200
    assert first_factor.PROVED not in client.session
    assert not EmailAddress.objects.filter(user=clerk, verified=True).exists()
    prove(client, clerk)
    assert EmailAddress.objects.filter(user=clerk, verified=True).exists()


@pytest.mark.parametrize("door", sorted(DOORS))
def test_staff_without_a_second_factor_are_led_to_set_one_up(client: Client, clerk: User, door: str) -> None:
    by_password(client, clerk)
    answer = client.get(door)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/second-factor/"), answer.headers["Location"]
    assert client.post(door).headers.get("Location") == "/accounts/second-factor/", "and forms do nothing"


def test_scripts_and_parts_of_pages_are_told_so(client: Client, clerk: User) -> None:
    by_password(client, clerk)
    data = client.get("/dashboard/warehouse/phone/", headers={"accept": "application/json"})
    assert (data.status_code, list(data.json())) == (403, ["error"])
    part = client.get("/dashboard/orders/", headers={"hx-request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (403, "/accounts/second-factor/")


def test_the_page_says_why_and_which_there_are_and_the_way_out_is_open(client: Client, clerk: User) -> None:
    by_password(client, clerk)
    page = client.get("/accounts/second-factor/").content.decode()
    assert reverse("mfa_activate_totp") not in page, "first the link of the mail"
    prove(client, clerk)
    page = client.get("/accounts/second-factor/").content.decode()
    assert reverse("mfa_activate_totp") in page
    assert reverse("mfa_add_webauthn") in page
    assert client.post(reverse("account_logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_who_may_edit_pages_is_asked_too_although_nobody_called_them_staff(client: Client) -> None:
    writer = make_user("autorin@example.org")
    writer.user_permissions.add(Permission.objects.get(codename="access_admin"))
    by_password(client, writer)
    assert client.get("/cms/").headers["Location"].startswith("/accounts/second-factor/")
    assert client.get("/account/").status_code == 200, "as a customer she is one"


def test_customers_are_never_asked(client: Client) -> None:
    by_password(client, make_user())
    assert client.get("/account/").status_code == 200


def test_an_app_is_set_up_and_opens_the_office(
    client: Client, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Within this test's own transaction nothing is ever committed; outside, it is committed within the request.
    monkeypatch.setattr("django.db.transaction.on_commit", lambda work, *args, **kwargs: work())
    elsewhere = Client()
    by_password(elsewhere, clerk)
    assert sign_in(client, clerk).status_code == 302
    prove(client, clerk)
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200, "who signed in just now is not asked for the password again"
    (secret,) = re.findall(r"<code>([A-Z2-7]{16,})</code>", page.content.decode())
    link = re.search(r'href="(otpauth://totp/[^"]+)"', page.content.decode())
    assert link and f"secret={secret}" in link[1], (
        "whoever is on the phone already cannot scan its own screen"
    )
    wrong = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert (wrong.status_code, Authenticator.objects.count()) == (200, 0)
    before = client.session.session_key
    done = client.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    assert done.headers["Location"] == reverse("mfa_view_recovery_codes")
    assert client.session.session_key != before, "more rights, a new key"
    codes = client.get(done.headers["Location"]).content.decode()
    assert "lässt jeder Code Sie einmal hinein" in codes, "what they are for, and that they are to be kept"
    assert client.get("/dashboard/orders/").status_code == 200
    assert elsewhere.get("/dashboard/").headers["Location"].startswith("/accounts/login/"), (
        "other sessions ended"
    )


SET_UP = ("mfa_activate_totp", "mfa_add_webauthn")


def test_a_password_alone_sets_up_no_factor(client: Client, clerk: User, outbox: Any) -> None:
    """Whoever stole it would lock its owner out: the link goes to the address."""
    sign_in(client, clerk)
    for name in SET_UP:
        assert client.get(reverse(name)).headers["Location"].startswith("/accounts/second-factor/"), name
        assert client.post(reverse(name), {"code": code()}).status_code == 302, name
    for name in ("account_email", "account_change_password"):
        assert client.post(reverse(name), {"email": "thief@example.org", "action_add": ""}).status_code == 302
    assert not Authenticator.objects.exists()
    assert client.post("/accounts/second-factor/").status_code == 302
    outbox.drain()
    mail = OutgoingMail.objects.get()
    assert mail.recipient == clerk.email
    (link,) = re.findall(r"https?://\S+(/accounts/second-factor/\S+/)", mail.text)
    assert client.get(link).status_code == 302
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_links_are_for_one_person_for_an_hour_and_end_with_the_sessions(
    client: Client, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_staff("kollege@example.org")
    link = first_factor.link_of(User.objects.get(pk=clerk.pk))
    by_password(client, other)
    client.get(link)
    assert first_factor.PROVED not in client.session
    thief = Client()
    assert thief.get(link).headers["Location"].startswith("/accounts/login/")
    by_password(thief, clerk)
    monkeypatch.setattr(first_factor, "LINK_LASTS_S", -1)
    thief.get(link)
    assert first_factor.PROVED not in thief.session, "too old"
    monkeypatch.undo()
    clerk.set_password("elbe-speicher-7")
    clerk.save()
    end_sessions([clerk.pk], of=clerk)
    by_password(thief, clerk)
    thief.get(link)
    assert first_factor.PROVED not in thief.session, "the sessions of that time have ended"


def test_links_are_mailed_seldom_and_the_wait_is_said(client: Client, clerk: User) -> None:
    by_password(client, clerk)
    seen = [client.post("/accounts/second-factor/").status_code for _ in range(4)]
    assert seen == [302, 302, 302, 429]


def test_without_a_mail_server_whoever_has_the_machine_prints_the_link(clerk: User, capsys: Any) -> None:
    call_command("second_factor_link", clerk.email)
    assert "/accounts/second-factor/" in capsys.readouterr().out
    TOTP.activate(clerk, SECRET)
    for email in (clerk.email, "nobody@example.org"):
        with pytest.raises(CommandError):
            call_command("second_factor_link", email)


def test_a_factor_that_comes_or_goes_is_told_to_the_address(
    client: Client, clerk: User, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.db.transaction.on_commit", lambda work, *args, **kwargs: work())
    sign_in(client, clerk)
    prove(client, clerk)
    page = client.get(reverse("mfa_activate_totp"))
    (secret,) = re.findall(r"<code>([A-Z2-7]{16,})</code>", page.content.decode())
    client.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    outbox.drain()
    told = set(OutgoingMail.objects.filter(recipient=clerk.email).values_list("subject", flat=True))
    assert any("ode" in one or "Anmeldung" in one for one in told), told


def test_who_has_an_app_shows_it_at_each_sign_in(client: Client, clerk: User) -> None:
    TOTP.activate(clerk, SECRET)
    assert sign_in(client, clerk).headers["Location"] == reverse(AUTHENTICATE)
    assert client.get("/dashboard/").headers["Location"].startswith("/accounts/login/"), "not signed in yet"
    assert client.post(reverse(AUTHENTICATE), {"code": "000000"}).status_code == 200
    assert "_auth_user_id" not in client.session
    before = client.session.session_key
    assert client.post(reverse(AUTHENTICATE), {"code": code()}).status_code == 302
    assert client.session.session_key != before
    assert client.get("/dashboard/").status_code == 200


@pytest.mark.parametrize("same_process", [True, False])
def test_a_code_opens_once(client: Client, clerk: User, same_process: bool) -> None:
    """Also where the cache of the process that took it is not that of the next."""
    TOTP.activate(clerk, SECRET)
    used = code()
    sign_in(client, clerk)
    assert client.post(reverse(AUTHENTICATE), {"code": used}).status_code == 302
    if not same_process:
        cache.clear()
    thief = Client()
    sign_in(thief, clerk)
    assert thief.post(reverse(AUTHENTICATE), {"code": used}).status_code == 200
    assert "_auth_user_id" not in thief.session


def test_a_recovery_code_opens_once(client: Client, clerk: User) -> None:
    TOTP.activate(clerk, SECRET)
    codes = RecoveryCodes.activate(clerk).get_unused_codes()
    for again in (False, True):
        here = Client()
        sign_in(here, clerk)
        here.post(reverse(AUTHENTICATE), {"code": codes[0]})
        assert ("_auth_user_id" in here.session) is not again


def test_a_session_that_never_showed_the_factor_is_asked_and_adds_no_other(
    client: Client, clerk: User
) -> None:
    """Somebody with a password alone, in a session from before, must not give themselves a factor of their own."""
    TOTP.activate(clerk, SECRET)
    by_password(client, clerk)
    for door in (
        "/dashboard/",
        reverse("mfa_add_webauthn"),
        reverse("mfa_index"),
        reverse("mfa_deactivate_totp"),
    ):
        assert client.get(door).headers["Location"].startswith(reverse("mfa_reauthenticate")), door
    client.post(reverse("mfa_reauthenticate"), {"code": code()})
    assert client.get("/dashboard/").status_code == 200


def test_the_mark_of_one_person_is_nothing_to_the_next(client: Client, clerk: User) -> None:
    client.force_login(clerk)
    session = client.session
    assert session[MARK] == clerk.pk
    session[MARK] = clerk.pk + 1
    session.save()
    assert client.get("/dashboard/").status_code == 302


def test_who_takes_the_last_factor_away_is_led_to_set_up_another(client: Client, clerk: User) -> None:
    TOTP.activate(clerk, SECRET)
    sign_in(client, clerk)
    client.post(reverse(AUTHENTICATE), {"code": code()})
    client.post(reverse("mfa_reauthenticate"), {"code": code(steps=1)})
    assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert not Authenticator.objects.exists()
    assert client.get("/dashboard/").headers["Location"].startswith("/accounts/second-factor/")


def test_only_staff_of_the_demo_are_let_off_and_the_page_says_so(client: Client, settings: Any) -> None:
    demo = make_staff("lager@kiekschuh.example", "dashboard.enter")
    by_password(client, demo)
    assert "Demo" in client.get("/dashboard/").content.decode()
    settings.DEMO_STAFF_DOMAINS = []
    assert client.get("/dashboard/").headers["Location"].startswith("/accounts/second-factor/")
    assert staff_show_a_second_factor(None) == []


def test_a_deployment_that_lets_staff_off_is_warned_and_real_names_are_refused(settings: Any) -> None:
    settings.DEMO_STAFF_DOMAINS = ["kiekschuh.example"]
    assert [one.id for one in staff_show_a_second_factor(None)] == ["kernel.W112"]
    assert only_the_demo_is_let_off(None) == []
    settings.DEMO_STAFF_DOMAINS = ["kiekschuh.example", "schuhe.de"]
    assert [one.id for one in only_the_demo_is_let_off(None)] == ["kernel.E111"]


@pytest.fixture
def chief(client: Client) -> User:
    """Somebody who may take factors away, signed in with an own one and asked just now."""
    person = make_staff("chefin@example.org", "dashboard.enter", "customer.reset_second_factors")
    person.set_password(PASSWORD)
    person.save()
    TOTP.activate(person, SECRET)
    sign_in(client, person)
    client.post(reverse(AUTHENTICATE), {"code": code()})
    return person


def test_a_lost_factor_is_taken_away_by_somebody_else_who_shows_first_that_it_is_them(
    client: Client, chief: User, clerk: User, outbox: Any
) -> None:
    TOTP.activate(clerk, "KRSXG5CTMVRXEZLU")
    RecoveryCodes.activate(clerk)
    elsewhere = Client()
    elsewhere.force_login(clerk)
    address = reverse("dashboard:colleague-reset", args=[clerk.pk])
    assert client.get(address).headers["Location"].startswith("/accounts/"), "asked again before this"
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(address).content.decode()
    assert clerk.email in page
    assert client.post(address, {"why": " "}).status_code == 422
    assert Authenticator.objects.filter(user=clerk).exists()
    assert client.post(address, {"why": "Telefon verloren, zurückgerufen"}).status_code == 302
    assert not Authenticator.objects.filter(user=clerk).exists()
    assert elsewhere.get("/dashboard/").headers["Location"].startswith("/accounts/login/"), "sessions ended"
    row = Access.objects.get(deed=CHANGE, kind="colleague")
    assert (row.by_id, row.key, row.facts["why"]) == (
        chief.pk,
        str(clerk.pk),
        "Telefon verloren, zurückgerufen",
    )
    outbox.drain()
    mail = OutgoingMail.objects.get(recipient=clerk.email)
    assert "zweiter Faktor" in mail.subject
    assert client.post(address, {"why": "noch einmal"}).status_code == 422, "nothing is left"


def test_nobody_takes_away_their_own_nor_an_administrators(client: Client, chief: User, clerk: User) -> None:
    with pytest.raises(NotReset):
        reset_second_factors(person=chief, why="verloren", by=chief)
    clerk.is_superuser = True
    clerk.save()
    TOTP.activate(clerk, "KRSXG5CTMVRXEZLU")
    with pytest.raises(NotReset):
        reset_second_factors(person=clerk, why="verloren", by=chief)
    assert Authenticator.objects.count() == 2


def test_the_list_shows_who_has_none_and_costs_the_same_for_many(
    client: Client, chief: User, clerk: User, django_assert_num_queries: Any
) -> None:
    address = reverse("dashboard:colleagues")
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        page = client.get(address, {"factor": "without"}).content.decode()
    assert (clerk.email in page, ">chefin@example.org<" in page.split("<main", 1)[1]) == (True, False)
    for n in range(12):
        make_staff(f"kollege{n}@example.org")
    with CaptureQueriesContext(connection) as many:
        client.get(address, {"factor": "without"})
    assert len(many) == len(few)
    file = client.get(address, {"format": "csv", "q": "clerk"}).content.decode()
    assert "clerk@example.org" in file and "kollege1" not in file
    assert "Niemand gefunden" in client.get(address, {"q": "zzz"}).content.decode()
