"""Verbs of routing: decide for an order and write it down; order the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.shipping.models import PICKUP as FETCHED
from checkout.shipping.models import DeliveryMethod
from fulfilment.warehouse.stock.actions import StockError, default_site
from fulfilment.warehouse.stock.models import Site
from shop.kernel.transactions import retrying

from . import queries
from .deciding import Decision, Need, Part, SiteFacts, decide
from .models import PICKUP, STAFF, Routing, RoutingRule


class RoutingError(StockError):
    """What staff must be told; nothing was changed. The text is for them."""


def route(
    *,
    order: Order,
    needs: Sequence[Need],
    cause: str,
    planned: Mapping[tuple[int, int], int],
    avoid: Collection[int] = (),
    only_found: bool = False,
    by: Any = None,
) -> dict[int, list[Need]]:
    """Decide which site sends which pieces of an order, and write the decision down. Part of a caller's transaction.

    ``planned``: (site id, stock record id) -> pieces that other lists will take. ``avoid``: ids of sites where the
    pieces were just looked for in vain. ``only_found``: pieces that nobody has are left out; when that is all of them,
    nothing is written down. Returns site id -> needs; a constant number of queries.
    """
    fetched = is_fetched(order)
    sites = _candidates(fetched, avoid)
    if not sites:
        return {}
    records = {need.stockrecord_id for need in needs if need.stockrecord_id is not None}
    known = queries.site_facts(sites, records, order=order, planned=planned)
    decision = decide(needs, known, [] if fetched else queries.enabled_rules())
    if only_found:
        decision = replace(decision, parts=tuple(part for part in decision.parts if part.found))
    if not decision.parts:
        return {}
    reasons = [PICKUP] if fetched else list(decision.reasons)
    note(order=order, cause=cause, decision=decision, reasons=reasons, sites=sites, known=known, by=by)
    return _per_site(needs, decision, sites)


def note(
    *,
    order: Order,
    cause: str,
    decision: Decision,
    reasons: Iterable[str],
    sites: Sequence[Site],
    known: Sequence[SiteFacts] = (),
    why: str = "",
    by: Any = None,
) -> Routing:
    """Write a decision down as codes and facts."""
    names = {site.code: site.name for site in sites}
    km = {facts.code: facts.km for facts in known}
    sums = dict.fromkeys(decision.sites, 0)
    for part in decision.parts:
        sums[part.site] += part.quantity
    facts = {
        "sites": [
            {"code": code, "name": names[code], "pieces": sums[code], "km": km.get(code)}
            for code in decision.sites
        ],
        "missing": decision.missing,
    }
    return Routing.objects.create(
        order=order,
        cause=cause,
        reasons=list(reasons),
        facts=facts,
        parts=[
            {"line": p.order_line_id, "site": p.site, "quantity": p.quantity, "found": p.found}
            for p in decision.parts
        ],
        why=why[:300],
        by=by if getattr(by, "pk", None) else None,
    )


def note_moved(*, order: Order, parts: Sequence[Part], site: Site, why: str, by: Any) -> Routing:
    """Write down that staff chose another site, and their reason."""
    decision = Decision(tuple(parts), (STAFF,))
    return note(
        order=order, cause=Routing.MOVED, decision=decision, reasons=[STAFF], sites=[site], why=why, by=by
    )


def is_fetched(order: Order) -> bool:
    """Whether the customer fetches the order in the store. One query."""
    return DeliveryMethod.objects.filter(code=order.shipping_code, kind=FETCHED).exists()


def _candidates(fetched: bool, avoid: Collection[int]) -> list[Site]:
    """Sites that may be asked. An order always has a place to wait: where none is set up, at the default site."""
    sites = (queries.stores()[:1] if fetched else queries.sending_sites()) or [default_site()]
    return [site for site in sites if site.pk not in avoid]


def _per_site(needs: Sequence[Need], decision: Decision, sites: Sequence[Site]) -> dict[int, list[Need]]:
    by_line = {need.order_line_id: need for need in needs}
    ids = {site.code: site.pk for site in sites}
    sums: dict[tuple[int, int], int] = {}
    for part in decision.parts:
        key = (ids[part.site], part.order_line_id)
        sums[key] = sums.get(key, 0) + part.quantity
    found: dict[int, list[Need]] = {}
    for (site_id, line_id), quantity in sorted(sums.items()):
        need = Need(line_id, by_line[line_id].stockrecord_id, quantity)
        found.setdefault(site_id, []).append(need)
    return found


def order_rules(*, kinds: Sequence[str], enabled: Collection[str], by: Any) -> None:
    """Put the rules into an order and switch them on or off. RoutingError unless each rule is named once."""
    known = {kind for kind, _label in RoutingRule.KINDS}
    if sorted(kinds) != sorted(known) or not set(enabled) <= known:
        raise RoutingError(_("Each rule has exactly one place in the order. Nothing was changed."))

    def work() -> None:
        for position, kind in enumerate(kinds, start=1):
            RoutingRule.objects.update_or_create(
                kind=kind, defaults={"position": position, "enabled": kind in enabled}
            )

    retrying(work)
