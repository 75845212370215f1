"""Which ways of delivery fit a basket, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

from .models import DeliveryCharge, DeliveryMethod


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


def options(*, country: str, weight_g: int, goods_minor: int) -> list[DeliveryOption]:
    """Every method that delivers this weight to this country, in the shop's order. Two queries.

    Of a method's bands the lightest that fits applies; from its ``free_from_minor`` of goods on it is free.
    """
    methods = {method.pk: method for method in DeliveryMethod.objects.filter(enabled=True)}
    best: dict[int, DeliveryCharge] = {}
    for charge in DeliveryCharge.objects.filter(country=country, weight_to_g__gte=weight_g).order_by(
        "weight_to_g"
    ):
        if charge.method_id in methods:
            best.setdefault(charge.method_id, charge)
    found = []
    for pk, method in methods.items():
        if pk in best:
            charge = best[pk]
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
