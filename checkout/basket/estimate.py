"""What delivery will cost, before anybody gives an address: what the checkout then charges, to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from checkout import session
from checkout.forms import EstimateForm
from checkout.quote import sums_by_way
from checkout.shipping.queries import DeliveryOption, countries, estimate


@dataclass(frozen=True)
class Estimate:
    """The form, where to (empty: nobody said yet), and the ways with what the order would then cost (minor units).

    ``given``: the place of the address the checkout reckons with, where that is another country than ``place``.
    """

    form: EstimateForm
    place: str
    ways: list[tuple[DeliveryOption, int]]
    given: str = ""


def estimate_for(request: HttpRequest, shown: Any) -> Estimate:
    """For the place that was asked for or the address that was given already. No query while tables are remembered,
    but for a firm whose VAT id was checked: its prices are without VAT.

    What was typed into the form and is no place stands in it once more, with what is wrong beside the field.
    """
    known = where(request)
    names = countries()
    form = _form(request, known, names)
    country = known.get("country", "")
    if country not in dict(names):
        return Estimate(form, "", [])
    draft = session.load(request)
    if draft.vat_check and country == draft.country:
        ways = sums_by_way(request.basket, draft)  # type: ignore[attr-defined]
    else:
        goods_minor = shown.totals.goods_minor
        ways = [
            (way, goods_minor + way.gross_minor)
            for way in estimate(country=country, weight_g=shown.weight_g, goods_minor=goods_minor)
        ]
    elsewhere = draft.has_contact and draft.country != country
    return Estimate(form, _place(known, names), ways, _place(draft.destination, names) if elsewhere else "")


def where(request: HttpRequest) -> dict[str, str]:
    """Country and postcode as far as this visitor told them; of those without a session nothing is asked.

    An address given at the checkout takes the place of what was asked before it (``session.save``), for the checkout
    charges delivery to the address.
    """
    asked = request.session.get(session.ESTIMATE)
    if asked:
        return dict(asked)
    address = session.load(request).destination
    return {name: address[name] for name in ("country", "postcode") if address.get(name)}


def _form(request: HttpRequest, known: dict[str, str], names: list[tuple[str, str]]) -> EstimateForm:
    typed = (
        request.session.pop(session.ESTIMATE_TYPED, None)
        if session.ESTIMATE_TYPED in request.session
        else None
    )
    return EstimateForm(typed, initial=known, countries=names)


def _place(address: dict[str, str], names: list[tuple[str, str]]) -> str:
    country = address.get("country", "")
    return ", ".join(filter(None, (address.get("postcode", ""), dict(names).get(country, country))))
