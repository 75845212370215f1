"""When something ordered now arrives: the carrier's next visits, its days on the way, weekends and holidays.

Said as moments, not as "in two hours": a page that is kept for a minute, or printed, still says the truth.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone

from checkout.shipping.models import HOME, PICKUP, DeliveryMethod
from fulfilment.warehouse.routing.queries import first_store, sending_sites
from shop.kernel.business_days import GERMAN_STATES, is_business_day
from shop.kernel.clock import now
from shop.kernel.memory import Memory

from .actions.cutoffs import OWN_CARRIER, first_of
from .models import CutOff

KEPT_S = 60  #: seconds until a changed visit of a carrier is promised
VISITS = 3  #: visits told in advance, so that a page knows the next one when one has passed


@dataclass(frozen=True)
class Promise:
    """Ordered before ``until`` it arrives between ``first`` and ``last``."""

    until: dt.datetime
    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class _Rules:
    """What is remembered: home delivery, visits by site, sites that send in their order."""

    method: DeliveryMethod | None
    visits: dict[int, list[CutOff]]
    sites: list[int]


_memory: Memory[_Rules] = Memory(KEPT_S)
forget = _memory.forget


def home_days() -> tuple[int, int] | None:
    """Working days of home delivery, from and to; None where nothing is delivered. No query while remembered."""
    method = _rules().method
    return (method.days_min, method.days_max) if method else None


def promises(lying_at: Collection[int], *, after: dt.datetime | None = None) -> list[Promise]:
    """The next VISITS promises for an article that lies at these sites; empty where no visit is written down.

    Which of several sites sends is decided with the order: the slowest of them is promised. No query while remembered.
    """
    rules, moment = _rules(), after or now()
    if rules.method is None:
        return []
    sites = [site for site in rules.sites if site in lying_at] or rules.sites[:1]
    found = [_of_site(rules, rules.method, site, moment) for site in sites]
    if not found or not all(found):
        return []  # a site without visits could send it: nothing is promised
    return max(found, key=lambda one: (one[0].last, -one[0].until.timestamp()))


def picked_on() -> dt.date | None:
    """The day on which an order of this moment that is fetched in the store is picked there: that of the store's next
    cut-off. None without a store or a cut-off. No query while sites and cut-offs are remembered."""
    store = first_store()
    if store is None:
        return None
    visits = [row for row in _rules().visits.get(store.pk, []) if row.carrier in ("", PICKUP)]
    until = first_of([row for row in visits if row.carrier] or visits, now())
    return timezone.localdate(until) if until else None


def _of_site(rules: _Rules, method: DeliveryMethod, site: int, moment: dt.datetime) -> list[Promise]:
    visits = rules.visits.get(site, [])
    carrier = method.carrier or OWN_CARRIER
    visits = [row for row in visits if row.carrier == carrier] or [row for row in visits if not row.carrier]
    told: list[Promise] = []
    while len(told) < VISITS and (until := first_of(visits, moment)) is not None:
        day = timezone.localdate(until)
        told.append(Promise(until, working_day(day, method.days_min), working_day(day, method.days_max)))
        moment = until
    return told


def working_day(start: dt.date, days: int) -> dt.date:
    """The day ``days`` working days after ``start``. A holiday anywhere in Germany is none: nobody knows yet where the
    parcel goes."""
    day = start
    while days > 0:
        day += dt.timedelta(days=1)
        days -= all(is_business_day(day, state) for state in GERMAN_STATES)
    return day


def _rules() -> _Rules:
    return _memory.get(_read)


def _read() -> _Rules:
    visits: dict[int, list[CutOff]] = defaultdict(list)
    for row in CutOff.objects.order_by("time", "pk"):
        visits[row.site_id].append(row)
    method = DeliveryMethod.objects.filter(enabled=True, kind=HOME).first()
    return _Rules(method, dict(visits), [site.pk for site in sending_sites()])
