"""Baskets that nobody can open any more go (storage limitation, Art. 5 (1) (e) GDPR): a guest's browser finds its
basket and what it kept for later by a cookie, which ends; then no one is left who could."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from shop.kernel.clock import now

from .models import Basket

#: Beyond the cookie's life, for clocks that go wrong.
KEPT_AFTER = dt.timedelta(days=7)
AT_ONCE = 200  #: baskets in one transaction
IN_ONE_RUN = 20_000  #: the next night does the rest
#: A guest's baskets that can no longer become an order; ``Submitted`` did.
OVER = (Basket.OPEN, Basket.SAVED, Basket.MERGED, Basket.FROZEN)


def kept() -> dt.timedelta:
    """How long a guest's basket is kept, from the moment it was begun."""
    return dt.timedelta(seconds=settings.OSCAR_BASKET_COOKIE_LIFETIME) + KEPT_AFTER


def forget_guests(limit: int = IN_ONE_RUN) -> int:
    """Delete guests' baskets whose cookie has ended, with their lines; baskets of accounts, of orders and of orders
    taken by phone stay. Returns how many went."""
    before, done = now() - kept(), 0
    while done < limit:
        some = _forget_some(before, min(AT_ONCE, limit - done))
        done += some
        if not some:
            break
    return done


def _forget_some(before: dt.datetime, most: int) -> int:
    rows = Basket.objects.filter(
        owner=None, status__in=OVER, date_created__lt=before, phone_order=None, order=None
    )
    pks = list(rows.order_by("pk").values_list("pk", flat=True)[:most])
    if not pks:
        return 0
    with transaction.atomic():
        # Held first: one that became an order in this moment is no longer among them.
        held = list(Basket.objects.select_for_update().filter(pk__in=pks, status__in=OVER))
        Basket.objects.filter(pk__in=[basket.pk for basket in held]).delete()
    return len(pks)
