"""Somebody new in the office: led to a second factor, an app and then a passkey set up, and signed in by each."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection

from shop.customers import first_factor
from shop.customers.models import User
from shop.dashboard.roles import MANAGER, sync_roles
from tests.browser.people import look
from tests.browser.served import PATIENCE_MS
from tests.factories.people import make_user
from tests.shop.customers.test_second_factor import code

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "hafen-kontor-26"


@pytest.fixture
def office(desk_url: str, settings: Any) -> str:
    """Where the pages are served from, under a name that passkeys can be bound to."""
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    return desk_url.replace("127.0.0.1", "localhost")


@pytest.fixture
def wiebke(desk_url: str) -> User:
    """A manager with a password and nothing else."""
    sync_roles()
    person = make_user("wiebke@example.org", is_staff=True, first_name="Wiebke", last_name="Muster")
    person.groups.add(Group.objects.get(name=MANAGER))
    person.set_password(PASSWORD)
    person.save()
    connection.close()
    return person


def sign_in(page: Page, office: str) -> None:
    """By password."""
    page.goto(f"{office}/accounts/login/?next=/dashboard/orders/")
    page.locator("input[name=login]").fill("wiebke@example.org")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(lambda address: "/accounts/login/" not in address)


def sign_out(page: Page, office: str) -> None:
    """Out."""
    page.goto(f"{office}/accounts/logout/")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda address: "/logout/" not in address)


def with_authenticator(page: Page) -> None:
    """A phone or computer that makes passkeys and knows the finger on it."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_an_app_and_a_passkey_open_the_office(
    office: str, wiebke: User, open_window: Callable[..., Page]
) -> None:
    page = open_window(width=360)
    with_authenticator(page)
    sign_in(page, office)
    page.wait_for_url("**/accounts/second-factor/**")
    look(page, "second-factor", axe=True)
    page.goto(f"{office}/dashboard/")
    page.wait_for_url("**/accounts/second-factor/**")
    page.get_by_role("button", name="Link senden").click()
    page.locator("main").get_by_text("Link").first.wait_for()
    link = first_factor.link_of(User.objects.get(pk=wiebke.pk))
    connection.close()
    page.goto(office + link.removeprefix(settings.SITE_URL))
    look(page, "second-factor-proved", axe=True)
    page.get_by_role("link", name="App einrichten").click()
    secret = re.findall(r"<code>([A-Z2-7]{16,})</code>", page.content())[0]
    look(page, "second-factor-app", axe=True)
    began = int(time.time()) // 30
    page.locator("input[name=code]").fill(code(secret))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/recovery-codes/**")
    look(page, "second-factor-codes", axe=True)

    page.goto(f"{office}/accounts/2fa/webauthn/add/")
    page.locator("input[name=passwordless]").check()
    look(page, "second-factor-passkey", axe=True)
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url("**/accounts/2fa/")
    assert "1" in page.locator("main").inner_text()

    sign_out(page, office)
    sign_in(page, office)
    page.wait_for_url("**/2fa/authenticate/**")
    look(page, "second-factor-asked", axe=True)
    # A code opens once: this is that of the next half minute, which a clock may be ahead.
    page.locator("input[name=code]").fill(code(secret, steps=0 if int(time.time()) // 30 > began else 1))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"^[^?]*/dashboard/orders/"))

    sign_out(page, office)
    page.goto(f"{office}/accounts/login/?next=/dashboard/orders/")
    look(page, "sign-in-with-passkey", axe=True)
    page.locator("#passkey_login").click()
    page.wait_for_url(re.compile(r"^[^?]*/dashboard/"))
    page.wait_for_load_state("load")
    page.context.set_default_timeout(
        PATIENCE_MS
    )  # the editor loads its address book of templates at the first look
    page.set_viewport_size({"width": 1280, "height": 900})
    for path in ("/cms/", "/cms/pages/"):  # the policy of the editor refuses nothing that it needs
        assert page.goto(f"{office}{path}").status == 200  # type: ignore[union-attr]
        page.wait_for_load_state("networkidle")
