"""What delivery will cost, before anybody gives an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from checkout import session
from checkout.forms import EstimateForm
from checkout.shipping.queries import DeliveryOption, countries, estimate


@dataclass(frozen=True)
class Estimate:
    """The form, where to (empty: nobody said yet), and the ways with what the order would then cost (minor units)."""

    form: EstimateForm
    place: str
    ways: list[tuple[DeliveryOption, int]]


def estimate_for(request: HttpRequest, shown: Any) -> Estimate:
    """For the place that was asked for or the address that was given already. No query while tables are remembered."""
    known = where(request)
    names = countries()
    if known.get("country") not in dict(names):
        return Estimate(EstimateForm(countries=names), "", [])
    sums = shown.totals
    ways = estimate(country=known["country"], weight_g=shown.weight_g, goods_minor=sums.goods_minor)
    place = ", ".join(filter(None, (known.get("postcode", ""), dict(names)[known["country"]])))
    form = EstimateForm(initial=known, countries=names)
    return Estimate(form, place, [(way, sums.goods_minor + way.gross_minor) for way in ways])


def where(request: HttpRequest) -> dict[str, str]:
    """Country and postcode as far as this visitor told them; of those without a session nothing is asked."""
    asked = request.session.get(session.ESTIMATE)
    if asked:
        return dict(asked)
    draft = request.session.get(session.KEY) or {}
    address = draft.get("delivery_address") or draft.get("billing") or {}
    return {name: address[name] for name in ("country", "postcode") if address.get(name)}
