"""Reads of routing, each with a constant number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from checkout.order.models import Order
from checkout.shipping.pickup import Store
from fulfilment.warehouse.stock.models import SHOP_FLOOR, Bin, Site
from fulfilment.warehouse.stock.queries import pickable_by_site
from shop.kernel.parts import Parts
from shop.kernel.sharing import WAYS

from .deciding import SiteFacts
from .models import Routing, RoutingRule
from .places import distance_km, place_of

_first_store = Parts(most=1, names=(WAYS,))


def enabled_rules() -> list[str]:
    """Kinds of the rules that are asked, in their order. One query."""
    return list(RoutingRule.objects.filter(enabled=True).values_list("kind", flat=True))


def sending_sites() -> list[Site]:
    """Sites that may send parcels. One query."""
    return list(Site.objects.filter(is_active=True, ships=True).order_by("position", "code"))


def stores() -> list[Site]:
    """Sites where goods are fetched: those with a shop floor. One query."""
    floors = Bin.objects.filter(kind=SHOP_FLOOR, is_active=True).values("site")
    return list(Site.objects.filter(is_active=True, pk__in=floors).order_by("position", "code"))


def first_store() -> Site | None:
    """The store where orders are fetched, as this process remembers it until a site or a floor is changed. No query
    while remembered. Never change it: others get the same."""
    return _first_store.kept("", lambda: next(iter(stores()), None))


def store_facts(stockrecords: Collection[int]) -> Store | None:
    """The store where orders are fetched, with what lies there for sale; None without one. At most three queries, one
    while the store is remembered."""
    site = first_store()
    if site is None:
        return None
    lying = pickable_by_site(stockrecords)
    pieces = {record: sites.get(site.pk, 0) for record, sites in lying.items()}
    return Store(site.company or site.name, site.street, site.postcode, site.city, pieces)


def site_facts(
    sites: Collection[Site],
    stockrecords: Collection[int],
    *,
    order: Order,
    planned: Mapping[tuple[int, int], int],
) -> list[SiteFacts]:
    """What each site could send of some articles, and how far it is from where the order goes. Two queries.

    Only what a picker may be sent for there: a lot with too few days left makes no site a sender.

    ``planned``: (site id, stock record id) -> pieces that pick lists there will take.
    """
    lying = pickable_by_site(stockrecords)
    pieces: dict[int, dict[int, int]] = {site.pk: {} for site in sites}
    for record_id, by_site in lying.items():
        for site_id in pieces.keys() & by_site.keys():
            pieces[site_id][record_id] = max(0, by_site[site_id] - planned.get((site_id, record_id), 0))
    address = order.shipping_address
    goes_to = place_of(address.country_id, address.postcode or "") if address else None
    return [
        SiteFacts(
            site.code,
            pieces[site.pk],
            distance_km(place_of(site.country, site.postcode), goes_to),
            site.position,
        )
        for site in sites
    ]


def routings_of(order_id: int) -> list[Routing]:
    """Every decision about an order, the latest first. One query."""
    return list(Routing.objects.filter(order_id=order_id).select_related("by").order_by("-pk"))
