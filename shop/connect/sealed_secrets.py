"""Secrets of pushes after SECRET_KEY was changed: sealed anew with the present one, named where no key opens them."""

from __future__ import annotations

from django.db.models import TextField
from django.db.models.functions import Cast

from shop.kernel import sealed
from shop.kernel.clock import now
from shop.kernel.transactions import retrying

from .models import Endpoint

PURPOSE = "push"
FIELDS = ("secret", "previous_secret")


def _kept() -> list[tuple[int, str, dict[str, str]]]:
    """(pk, name, what stands in the table by field) of each endpoint. A former secret whose time is over is none."""
    raw = {f"kept_{name}": Cast(name, TextField()) for name in FIELDS}
    rows = Endpoint.objects.annotate(**raw).order_by("pk").values_list("pk", "name", "previous_until", *raw)
    found, moment = [], now()
    for pk, name, until, secret, previous in rows:
        still = previous if until and until > moment else ""
        found.append(
            (pk, name, {field: one for field, one in zip(FIELDS, (secret, still), strict=True) if one})
        )
    return found


def _old() -> list[tuple[int, str, dict[str, str]]]:
    """Those with a secret that the present key did not seal, and these secrets."""
    old = [
        (
            pk,
            name,
            {one: kept for one, kept in secrets.items() if not sealed.is_current(kept, purpose=PURPOSE)},
        )
        for pk, name, secrets in _kept()
    ]
    return [row for row in old if row[2]]


def seal_anew() -> int:
    """Seal with the present key what is not. Returns how many endpoints. What no key opens stays as it is, but a former
    secret whose time is over goes."""
    Endpoint.objects.filter(previous_until__lte=now()).exclude(previous_secret="").update(previous_secret="")
    return sum(retrying(lambda pk=pk, old=old: _seal_row(pk, list(old))) for pk, _name, old in _old())  # type: ignore[misc]


def _seal_row(pk: int, fields: list[str]) -> int:
    row = Endpoint.objects.select_for_update().filter(pk=pk).first()
    readable = [name for name in fields if row is not None and getattr(row, name)]
    if row is None or not readable:
        return 0
    row.save(update_fields=readable)  # the field seals what it writes
    return 1


def left() -> int:
    """Endpoints with a secret that is not sealed with the present key."""
    return len(_old())


def unreadable() -> list[str]:
    """For `manage.py verify`: endpoints whose secret no key opens; nothing can be pushed to them."""
    return [
        f"the secret of endpoint {pk} ({name}) opens with no key: is SECRET_KEY another one? Put the old one into "
        "SECRET_KEY_FALLBACKS, or make a new secret by its button"
        for pk, name, kept in _old()
        if not all(_opens(one) for one in kept.values())
    ]


def _opens(kept: str) -> bool:
    try:
        sealed.unseal(kept, purpose=PURPOSE)
    except sealed.Unreadable:
        return False
    return True
