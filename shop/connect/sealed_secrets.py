"""Secrets of pushes after SECRET_KEY was changed: sealed anew with the present one, named where no key opens them."""

from __future__ import annotations

from django.db.models import TextField
from django.db.models.functions import Cast

from shop.kernel import sealed
from shop.kernel.transactions import retrying

from .models import Endpoint

PURPOSE = "push"
FIELDS = ("secret", "previous_secret")


def _kept() -> list[tuple[int, str, list[str]]]:
    """(pk, name, what stands in the table) of each endpoint."""
    raw = {f"kept_{name}": Cast(name, TextField()) for name in FIELDS}
    rows = Endpoint.objects.annotate(**raw).order_by("pk").values_list("pk", "name", *raw)
    return [(pk, name, [one for one in kept if one]) for pk, name, *kept in rows]


def _old() -> list[tuple[int, str, list[str]]]:
    return [row for row in _kept() if not all(sealed.is_current(one, purpose=PURPOSE) for one in row[2])]


def seal_anew() -> int:
    """Seal with the present key what is not. Returns how many endpoints. What no key opens stays as it is."""
    return sum(retrying(lambda pk=pk: _seal_row(pk)) for pk, _name, _kept in _old())  # type: ignore[misc]


def _seal_row(pk: int) -> int:
    row = Endpoint.objects.select_for_update().filter(pk=pk).first()
    readable = [name for name in FIELDS if row is not None and getattr(row, name)]
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
        if not all(_opens(one) for one in kept)
    ]


def _opens(kept: str) -> bool:
    try:
        sealed.unseal(kept, purpose=PURPOSE)
    except sealed.Unreadable:
        return False
    return True
