"""Secrets in rows: unreadable without SECRET_KEY, readable after it was changed, useless when it is lost."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from shop.connect import sealed_secrets
from shop.connect.actions import add_endpoint, rotate_secret
from shop.connect.models import ORDER_CONFIRMED, Endpoint
from shop.connect.verify import CHECKS as CHECKS_OF_PUSHES
from shop.customers import factor_secrets
from shop.customers.tasks import forget
from shop.customers.verify import CHECKS
from shop.kernel import sealed
from tests.factories.people import make_staff

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OLD, NEW = "old-key-0123456789abcdef0123456789abcdef", "new-key-0123456789abcdef0123456789abcdef"


def code(secret: str = SECRET) -> str:
    """What an app shows now."""
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))


def table(name: str) -> str:
    """What stands in a table, as a thief of it reads it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {name}")
        return str(cursor.fetchall())


def readable() -> list[str]:
    return dict(CHECKS)["second factors open with the key of the shop"]()


def test_what_is_sealed_opens_with_the_key_and_purpose_it_was_sealed_with(settings: Any) -> None:
    kept = sealed.seal("geheim", purpose="a")
    assert "geheim" not in kept and kept != sealed.seal("geheim", purpose="a")
    assert sealed.unseal(kept, purpose="a") == "geheim"
    for wrong in (
        kept[:-8] + "AAAAAAA=",
        sealed.PREFIX,
        kept.replace(sealed.PREFIX, sealed.PREFIX + "gAAAA"),
    ):
        with pytest.raises(sealed.Unreadable):
            sealed.unseal(wrong, purpose="a")
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(kept, purpose="b")
    settings.SECRET_KEY = NEW
    with pytest.raises(sealed.Unreadable, match="SECRET_KEY"):
        sealed.unseal(kept, purpose="a")


@pytest.mark.django_db
def test_neither_the_key_of_an_app_nor_recovery_codes_lie_open_in_their_rows() -> None:
    person = make_staff("clerk@example.org")
    factor = TOTP.activate(person, SECRET)
    codes = RecoveryCodes.activate(person)
    assert SECRET not in table("mfa_authenticator")
    seed = sealed.unseal(codes.instance.data["seed"], purpose=factor_secrets.PURPOSE)
    assert seed not in table("mfa_authenticator") and len(seed) == 80
    assert TOTP(Authenticator.objects.get(pk=factor.instance.pk)).validate_code(code())
    assert not factor.validate_code("000000")
    assert RecoveryCodes(Authenticator.objects.get(pk=codes.instance.pk)).validate_code(
        codes.generate_codes()[3]
    )


@pytest.mark.django_db
def test_rows_from_before_are_sealed_by_the_migration_and_open_again_backwards() -> None:
    person = make_staff("clerk@example.org")
    row = Authenticator.objects.create(user=person, type="totp", data={"secret": SECRET})
    more = Authenticator.objects.create(
        user=person,
        type="recovery_codes",
        data={"migrated_codes": ["11112222"], "used_mask": 0, "seed": "ab"},
    )
    key = Authenticator.objects.create(user=person, type="webauthn", data={"name": "key", "credential": {}})
    assert TOTP(row).validate_code(code()), "it is read also before"
    migration: Any = import_module("shop.customers.migrations.0007_sealed_factors")
    editor = type("Editor", (), {"connection": connection})()
    migration.close(apps, editor)
    assert SECRET not in table("mfa_authenticator") and "11112222" not in table("mfa_authenticator")
    row.refresh_from_db()
    before = dict(row.data)
    migration.close(apps, editor)
    row.refresh_from_db()
    assert row.data == before, "once is enough"
    assert RecoveryCodes(Authenticator.objects.get(pk=more.pk)).generate_codes() == ["11112222"]
    assert Authenticator.objects.get(pk=key.pk).data == {"name": "key", "credential": {}}
    migration.open_again(apps, editor)
    row.refresh_from_db()
    assert row.data == {"secret": SECRET}


@pytest.mark.django_db
def test_after_the_key_was_changed_factors_still_open_and_are_sealed_anew(settings: Any) -> None:
    settings.SECRET_KEY = OLD
    person = make_staff("clerk@example.org")
    factor = TOTP.activate(person, SECRET).instance
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert TOTP(Authenticator.objects.get(pk=factor.pk)).validate_code(code())
    forget()
    assert factor_secrets.seal_anew() == 0, "once a night is enough"
    settings.SECRET_KEY_FALLBACKS = []
    [row] = Authenticator.objects.filter(type="totp")
    assert sealed.unseal(row.data["secret"], purpose=factor_secrets.PURPOSE) == SECRET
    assert readable() == []


@pytest.mark.django_db
def test_a_factor_that_no_key_opens_lets_nobody_in_and_is_named(settings: Any) -> None:
    settings.SECRET_KEY = OLD
    person = make_staff("clerk@example.org")
    factor = TOTP.activate(person, SECRET).instance
    settings.SECRET_KEY = NEW
    kept = dict(Authenticator.objects.get(pk=factor.pk).data)
    for guess in (code(), code("")):
        assert not TOTP(Authenticator.objects.get(pk=factor.pk)).validate_code(guess)
    assert [problem.split(":")[0] for problem in readable()] == [
        f"second factor {factor.pk} of user {person.pk} opens with no key"
    ]
    assert factor_secrets.seal_anew() == 0
    assert Authenticator.objects.get(pk=factor.pk).data == kept, "the old key may come back"


@pytest.mark.django_db
def test_secrets_of_pushes_are_sealed_too(settings: Any) -> None:
    made = add_endpoint(name="Lager", url="https://lager.example/", events=[ORDER_CONFIRMED], by=None)
    assert made.secret not in table("connect_endpoint")
    assert Endpoint.objects.get().secret == made.secret
    with connection.cursor() as cursor:
        cursor.execute("UPDATE connect_endpoint SET secret = 'whsec_from_before', previous_secret = ''")
    assert Endpoint.objects.get().secrets() == ["whsec_from_before"]
    migration: Any = import_module("shop.connect.migrations.0003_sealed_secrets")
    editor = type("Editor", (), {"connection": connection})()
    migration.close(apps, editor)
    assert "whsec_from_before" not in table("connect_endpoint")
    migration.open_again(apps, editor)
    assert "whsec_from_before" in table("connect_endpoint")


def new_endpoint() -> Endpoint:
    return add_endpoint(name="Lager", url="https://lager.example/", events=[ORDER_CONFIRMED], by=None)


def opened_by_no_key() -> list[str]:
    return dict(CHECKS_OF_PUSHES)["secrets of pushes open with the key of the shop"]()


@pytest.mark.django_db
def test_secrets_of_pushes_are_sealed_anew_after_the_key_was_changed(settings: Any) -> None:
    settings.SECRET_KEY = OLD
    rotate_secret(endpoint=new_endpoint(), by=None)
    before = Endpoint.objects.get().secrets()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert Endpoint.objects.get().secrets() == before and sealed_secrets.left() == 1
    forget()
    assert sealed_secrets.left() == 0 and sealed_secrets.seal_anew() == 0, "once a night is enough"
    settings.SECRET_KEY_FALLBACKS = []
    assert Endpoint.objects.get().secrets() == before and len(before) == 2
    assert opened_by_no_key() == []


@pytest.mark.django_db
def test_the_command_says_how_many_are_left_and_verify_names_them(settings: Any, capsys: Any) -> None:
    settings.SECRET_KEY = OLD
    endpoint = new_endpoint()
    TOTP.activate(make_staff("clerk@example.org"), SECRET)
    settings.SECRET_KEY = NEW
    with pytest.raises(CommandError, match="opens with no key that is set"):
        call_command("seal_anew")
    said = capsys.readouterr().out
    assert (
        "second factors: 0 sealed anew, 1 left" in said and "secrets of pushes: 0 sealed anew, 1 left" in said
    )
    [named] = opened_by_no_key()
    assert named.startswith(f"the secret of endpoint {endpoint.pk} (Lager) opens with no key")
    settings.SECRET_KEY_FALLBACKS = [OLD]
    call_command("seal_anew")
    said = capsys.readouterr().out
    assert (
        "second factors: 1 sealed anew, 0 left" in said and "secrets of pushes: 1 sealed anew, 0 left" in said
    )
    assert "no row needs SECRET_KEY_FALLBACKS" in said and opened_by_no_key() == []


@pytest.mark.django_db
def test_a_former_secret_of_pushes_whose_time_is_over_counts_no_more_and_goes(
    settings: Any, clock: Any
) -> None:
    clock.stop()
    settings.SECRET_KEY = OLD
    endpoint = new_endpoint()
    rotate_secret(endpoint=endpoint, by=None)
    before = Endpoint.objects.get().secrets()[0]
    settings.SECRET_KEY = NEW
    # As after the night sealed anew what the button made; the former one's key is lost.
    with connection.cursor() as cursor:
        present = sealed.seal(before, purpose=sealed_secrets.PURPOSE)
        cursor.execute("UPDATE connect_endpoint SET secret = %s", [present])
    assert len(opened_by_no_key()) == 1 and sealed_secrets.left() == 1, "signed with for a day"
    assert sealed_secrets.seal_anew() == 0
    clock.advance(days=2)
    assert opened_by_no_key() == [] and sealed_secrets.left() == 0
    assert sealed_secrets.seal_anew() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, previous_secret FROM connect_endpoint")
        assert cursor.fetchone() == (present, ""), "and what is current is not written anew"


@pytest.mark.django_db
def test_a_secret_of_pushes_that_is_lost_is_replaced_by_its_button(settings: Any) -> None:
    settings.SECRET_KEY = OLD
    endpoint = new_endpoint()
    settings.SECRET_KEY = NEW
    new = rotate_secret(endpoint=endpoint, by=None)
    assert Endpoint.objects.get().secrets() == [new] and opened_by_no_key() == []


@pytest.mark.django_db
def test_a_room_that_fails_does_not_keep_the_others_from_sealing(settings: Any, monkeypatch: Any) -> None:
    settings.SECRET_KEY = OLD
    new_endpoint()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]

    def breaks() -> int:
        raise RuntimeError("the first room")

    monkeypatch.setitem(sealed.KEEPERS, "a first room", sealed.Keeper(breaks, breaks))
    with pytest.raises(RuntimeError, match="the first room"):
        sealed.seal_all()
    assert sealed_secrets.left() == 0
