"""Which ways of delivery fit a basket, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from unicodedata import normalize

from django.conf import settings
from oscar.apps.address.models import Country

from shop.kernel import sharing
from shop.kernel.parts import Parts
from shop.kernel.sharing import RULES, WAYS
from shop.ui.countries import country_name

from .models import DeliveryCharge, DeliveryMethod

_charges = Parts(most=300, names=(RULES, WAYS))  #: by country, until a charge or a way to deliver is changed


@dataclass(frozen=True)
class DeliveryOption:
    """A way to deliver, with its gross charge in minor units and how many days it takes."""

    code: str
    kind: str
    name: str
    description: str
    gross_minor: int
    days_min: int
    days_max: int


def options(*, country: str, weight_g: int, goods_minor: int, kept: bool = False) -> list[DeliveryOption]:
    """Every method that delivers this weight to this country, in the shop's order. One query.

    Of a method's bands the lightest that fits applies; from its ``free_from_minor`` of goods on it is free. ``kept``:
    from what this process remembers; a change is seen a quarter of a second later (see quote_of()).
    """
    read = partial(_read_charges, country)
    charges = _charges.kept(country, read) if kept else read()
    fitting = [charge for charge in charges if charge.weight_to_g >= weight_g]
    methods = {charge.method_id: charge.method for charge in fitting}
    return _fitting(methods.values(), fitting, goods_minor)


def _read_charges(country: str) -> list[DeliveryCharge]:
    return list(
        DeliveryCharge.objects.filter(country=country, method__enabled=True)
        .select_related("method")
        .order_by("method__position", "method_id", "weight_to_g")
    )


def estimate(*, country: str, weight_g: int, goods_minor: int) -> list[DeliveryOption]:
    """The same as ``options()`` from what is remembered until a charge, a way or a country is changed: for pages that
    say "about" before the address is known. No query of its own while remembered."""
    methods, charges, _countries = _table()
    fitting = [one for one in charges if one.country == country and one.weight_to_g >= weight_g]
    return _fitting(methods, fitting, goods_minor)


def countries() -> list[tuple[str, str]]:
    """(ISO code, name) of the countries we deliver to in the reader's language, home first, then by name. No query
    while remembered."""
    named = [(code, country_name(code)) for code in _table()[2]]
    home = settings.KONTOR_HOME_COUNTRY
    return sorted(
        named, key=lambda row: (row[0] != home, normalize("NFKD", row[1]))
    )  # Österreich stands under O


KEPT_S = 60  #: seconds at most; with PARTS_KEPT_S=0 nobody asks whether anything was changed
_kept: list[tuple[float, sharing.Versions, tuple[list[DeliveryMethod], list[DeliveryCharge], list[str]]]] = []


def forget() -> None:
    """Read the tables anew at the next question (after an edit, and between tests)."""
    _kept.clear()


def _table() -> tuple[list[DeliveryMethod], list[DeliveryCharge], list[str]]:
    """Ways, charges, and the ISO codes of countries."""
    # Seen before the tables are read: they are never kept under a version newer than themselves.
    seen = sharing.of(sharing.versions(), (RULES, WAYS)) if settings.PARTS_KEPT_S else ()
    if not _kept or time.monotonic() > _kept[0][0] or _kept[0][1] != seen:
        rows = Country.objects.filter(is_shipping_country=True)
        table = (
            list(DeliveryMethod.objects.filter(enabled=True)),
            list(DeliveryCharge.objects.order_by("weight_to_g")),
            [row.pk for row in rows],
        )
        _kept[:] = [(time.monotonic() + KEPT_S, seen, table)]
        return table
    return _kept[0][2]


def _fitting(
    methods: Iterable[DeliveryMethod], charges: Iterable[DeliveryCharge], goods_minor: int
) -> list[DeliveryOption]:
    """``charges``: those that carry the weight, the lightest band first."""
    best: dict[int, DeliveryCharge] = {}
    for charge in charges:
        best.setdefault(charge.method_id, charge)
    found = []
    for method in methods:
        if method.pk not in best:
            continue
        charge = best[method.pk]
        free = charge.free_from_minor is not None and goods_minor >= charge.free_from_minor
        found.append(
            DeliveryOption(
                code=method.code,
                kind=method.kind,
                name=method.text("name"),
                description=method.text("description"),
                gross_minor=0 if free else charge.gross_minor,
                days_min=method.days_min,
                days_max=method.days_max,
            )
        )
    return found
