"""Whose rows were read: their names are left out of the lines that are written in the same request, message or task.

An event carries numbers, and its subscriber reads the order's address: what it then says of the person nobody has typed
and no event named. So the rows of people tell masks.py their names as they come from the database.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.db.models.signals import post_init

from . import masks

#: A model with one of these is about a person.
NAMES = frozenset({"first_name", "last_name", "full_name", "recipient", "holder", "counterparty"})
#: Of such a model these are left out. Not the town: half of the lines name it for other reasons.
FIELDS = NAMES | {"line1", "line2", "street", "phone_number", "phone"}


@cache
def watched() -> dict[type[Model], tuple[str, ...]]:
    """Models about people, with the fields whose values no line may show."""
    found = {}
    for model in apps.get_models():
        fields = {field.attname for field in model._meta.concrete_fields if not field.is_relation}
        if fields & NAMES:
            found[model] = tuple(sorted(fields & FIELDS))
    return found


def watch() -> None:
    """Listen to every such row. Called once, when all models are there."""
    for model, fields in watched().items():
        post_init.connect(
            partial(_was_read, fields), sender=model, weak=False, dispatch_uid=f"masks {model._meta.label}"
        )


def _was_read(fields: tuple[str, ...], *, instance: Any, **_more: Any) -> None:
    """Only what came along: a field that was left out (``only``) is not asked for."""
    if masks.is_open():
        masks.read(instance.__dict__.get(name) for name in fields)
