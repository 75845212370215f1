"""Which ways of delivery fit a basket, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from oscar.apps.address.models import Country

from shop.kernel.parts import Parts
from shop.kernel.sharing import RULES, WAYS

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
    for a page that is only looked at, from what this process remembers; a change is seen a quarter of a second later.
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
    """The same as ``options()`` from what is remembered for a minute: for pages that say "about" before the address is
    known. No query while remembered."""
    methods, charges, _countries = _table()
    fitting = [one for one in charges if one.country == country and one.weight_to_g >= weight_g]
    return _fitting(methods, fitting, goods_minor)


def countries() -> list[tuple[str, str]]:
    """(ISO code, name) of the countries we deliver to, home first. No query while remembered."""
    return _table()[2]


KEPT_S = 60  #: seconds until a change made by another process is seen
_kept: list[tuple[float, tuple[list[DeliveryMethod], list[DeliveryCharge], list[tuple[str, str]]]]] = []


def forget() -> None:
    """Read the tables anew at the next question (after an edit, and between tests)."""
    _kept.clear()


def _table() -> tuple[list[DeliveryMethod], list[DeliveryCharge], list[tuple[str, str]]]:
    if not _kept or time.monotonic() > _kept[0][0]:
        rows = Country.objects.filter(is_shipping_country=True).order_by("-display_order", "printable_name")
        table = (
            list(DeliveryMethod.objects.filter(enabled=True)),
            list(DeliveryCharge.objects.order_by("weight_to_g")),
            [(row.pk, row.printable_name) for row in rows],
        )
        _kept[:] = [(time.monotonic() + KEPT_S, table)]
    return _kept[0][1]


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
