"""What the warehouse says on the page of a product: where each variant can be had, and when it arrives."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalogue.page_parts import Shown, part
from catalogue.product_page import size_key
from fulfilment.warehouse.picking.promises import Promise, home_days, promises
from fulfilment.warehouse.routing.queries import stores
from fulfilment.warehouse.stock.models import Site
from fulfilment.warehouse.stock.queries import pickable_by_site
from shop.kernel.clock import today
from shop.kernel.memory import Memory
from shop.kernel.parts import Parts
from shop.kernel.sharing import PLACES, WAYS

from . import guarantee

_places = Parts(most=500, names=(PLACES, WAYS))
KEPT_S = 60  #: seconds until a new store is shown
_stores: Memory[list[Site]] = Memory(KEPT_S)
forget = _stores.forget


@part
def places(variants: Sequence[Shown]) -> dict[str, Any]:
    """Where the variants of the chosen colour are, and the promise for the chosen one. One query at most."""
    chosen = next((one for one in variants if one.selected), None)
    lying = _lying(tuple(one.stockrecord_id for one in variants)) if variants else {}
    shops = _stores.get(stores)
    rows = [
        _row(one, shops, lying.get(one.stockrecord_id, {}))
        for one in sorted(variants, key=lambda one: size_key(one.size))
        if chosen is not None and one.colour_code == chosen.colour_code
    ]
    language = (get_language() or "de")[:2]
    context: dict[str, Any] = {
        "places": rows,
        "stores": shops,
        "rights_url": guarantee.rights_url(language),
        "guarantee_graphic": guarantee.graphic(language),
    }
    if chosen is None or not chosen.available:
        return context
    days = home_days()
    if days is not None:
        context["delivery_text"] = _("Delivery time %(low)d to %(high)d working days") % {
            "low": days[0],
            "high": days[1],
        }
    told = promises(lying.get(chosen.stockrecord_id, {}).keys())
    return context | ({"promise": _promise(told)} if told else {})


def _lying(ids: tuple[int, ...]) -> dict[int, dict[int, int]]:
    """At which sites they lie; remembered until a bin fills or empties, or the day ends (a best-before date passes)."""
    return _places.kept((today(), ids), lambda: pickable_by_site(ids))


def _row(one: Shown, shops: list[Site], lying: dict[int, int]) -> dict[str, Any]:
    """A variant: its size, whether it can be ordered, and in which stores a piece lies that nobody was promised."""
    return {
        "size": one.size,
        "selected": one.selected,
        "online": one.backorderable or one.available > 0,
        "in_stores": [min(lying.get(site.pk, 0), one.available) > 0 for site in shops],
    }


def _promise(told: list[Promise]) -> dict[str, Any]:
    """The promise as a sentence that stays true, and what the script needs to count down."""
    return {
        "until": moment_text(told[0].until),
        "day": day_text(told[0].last),
        "data": json.dumps(
            [[int(one.until.timestamp()), moment_text(one.until), day_text(one.last)] for one in told]
        ),
    }


def day_text(day: dt.date) -> str:
    """Tuesday, 1 December: with the weekday, without the year."""
    return formats.date_format(day, _("l, j F"), use_l10n=False)


def moment_text(moment: dt.datetime) -> str:
    """Thursday, 26 November, 15:00, where the shop is."""
    local = timezone.localtime(moment)
    return f"{day_text(local.date())}, {local:%H:%M}"
