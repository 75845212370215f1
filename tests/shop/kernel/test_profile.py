"""The profile: shown as resolved and without secrets; halves that hurt each other are refused."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from shop.kernel.checks import halves_fit
from shop.kernel.profile import EMBEDDED, Capability, capabilities, without_secrets

REAL = {"SITE_URL": "https://kontor.example", "SECRET_KEY": "x" * 50, "STRIPE_IS_STANDIN": False}


def set_all(settings: LazySettings, **values: Any) -> None:
    """Change several settings."""
    for name, value in values.items():
        setattr(settings, name, value)


def ids() -> list[str]:
    """Which checks complain."""
    return [str(message.id) for message in halves_fit(None)]


def test_the_table_names_every_capability_and_the_variable_that_scales_it() -> None:
    said = StringIO()
    call_command("profile", stdout=said)
    for name in ("database", "queue", "cache", "storage", "mail", "payments", "address"):
        assert name in said.getvalue()
    for row in capabilities():
        assert row.variable in said.getvalue()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://user:geheim@cache.example:6379/1?password=geheim", "redis://cache.example:6379/1"),
        ("amqp://kontor:geheim@mq.example//", "amqp://mq.example//"),
        ("filesystem://", "filesystem:"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert without_secrets(address) == shown


def test_the_embedded_profile_has_nothing_that_hurts() -> None:
    assert ids() == []


def test_a_complete_scaled_profile_has_nothing_that_hurts(settings: LazySettings) -> None:
    set_all(settings, **REAL)
    assert ids() == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"SECRET_KEY": "kontor-placeholder-secret-for-the-embedded-profile-only"}, "kernel.E102"),
        ({"DEBUG": True}, "kernel.E103"),
        ({"SITE_URL": "http://kontor.example"}, "kernel.E104"),
        ({"STRIPE_IS_STANDIN": True}, "kernel.W105"),
    ],
)
def test_what_is_harmless_at_home_is_refused_at_a_real_address(
    settings: LazySettings, change: dict[str, Any], complaint: str
) -> None:
    set_all(settings, **(REAL | change))
    assert ids() == [complaint]


def test_live_keys_with_debug_are_refused(settings: LazySettings) -> None:
    set_all(settings, DEBUG=True, STRIPE_SECRET_KEY="sk_live_x")
    assert ids() == ["kernel.E101"]


def test_sqlite_with_workers_on_other_hosts_is_refused(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite = Capability("database", EMBEDDED, "SQLite", "DATABASE_URL")
    monkeypatch.setattr("shop.kernel.profile._database", lambda: sqlite)
    settings.CELERY_BROKER_URL = "redis://queue.example/0"
    assert ids() == ["kernel.E106", "kernel.W107", "kernel.W108"]
    settings.CELERY_BROKER_URL = "redis://127.0.0.1/0"
    assert ids() == []
