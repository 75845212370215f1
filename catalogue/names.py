"""Colours and makers as the filters of a list name them, remembered until their words change."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, JSONField, Value

from shop.kernel.parts import Parts

from .models import Colour, Maker

_names = Parts(most=3_000)  #: colours and makers, as lists name them


def names_of(counted: dict[str, dict[str, int]]) -> tuple[dict[str, Colour], dict[int, Maker]]:
    """Colours by code and makers of the counted values; of makers only the brand is to be read. One query, none while
    they are remembered."""
    keys = [("colour", code) for code in sorted(counted["colour"])]
    keys += [("brand", pk) for pk in sorted(counted["brand"])]
    found = _names.many(keys, _read_names)
    colours = {code: one for (kind, code), one in found.items() if kind == "colour"}
    return colours, {int(pk): one for (kind, pk), one in found.items() if kind == "brand"}


def _read_names(keys: list[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Both kinds at once."""
    codes = [value for kind, value in keys if kind == "colour"]
    ids = [int(value) for kind, value in keys if kind == "brand"]
    colours = Colour.objects.filter(code__in=codes).order_by()
    makers = Maker.objects.filter(pk__in=ids).order_by()
    nothing = (Value("", CharField()), Value("", CharField()), Value({}, JSONField()))
    rows = colours.values_list(Value("colour", CharField()), "pk", "name", "code", "hex", "texts").union(
        makers.values_list(Value("brand", CharField()), "pk", "brand", *nothing), all=True
    )
    found: dict[tuple[str, str], Any] = {}
    for kind, pk, name, code, swatch, texts in rows:
        if kind == "colour":
            found[kind, code] = Colour(pk=pk, name=name, code=code, hex=swatch, texts=texts)
        else:
            found[kind, str(pk)] = Maker(pk=pk, brand=name)
    return found
