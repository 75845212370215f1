"""Reads of credit, each with a constant number of queries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from shop.kernel.clock import now

from .models import CreditAccount, Movement

#: Full years after the year in which a claim arose until it is time-barred (§§ 195, 199 BGB). Credit is such a claim:
#: the shop takes none away before, and none by itself afterwards either.
LIMITATION_YEARS = 3


def balance_minor(user: Any, currency: str = "EUR") -> int:
    """What a customer has, in minor units; 0 for a guest. One query."""
    if user is None or not getattr(user, "pk", None):
        return 0
    mine = CreditAccount.objects.filter(user_id=user.pk, currency=currency)
    return mine.values_list("balance_minor", flat=True).first() or 0


def balance_column(user: Any, currency: str) -> Subquery:
    """The same for a query of something else, which then brings it along; nothing where there is no account.
    ``currency``: the name of that query's column."""
    mine = CreditAccount.objects.filter(user_id=user.pk, currency=OuterRef(currency)).order_by()
    return Subquery(mine.values("balance_minor")[:1])


def accounts_of(user: Any) -> list[CreditAccount]:
    """Every account of a customer, one per currency. One query."""
    return list(CreditAccount.objects.filter(user_id=user.pk).order_by("currency"))


def movements_of(user: Any) -> QuerySet[Movement]:
    """All movements of a customer, the newest first, with what is named beside them."""
    rows = Movement.objects.filter(account__user_id=user.pk).select_related("account", "order", "by")
    return rows.order_by("-pk")


def kept_until(moment: dt.datetime | None = None) -> dt.date:
    """The last day on which nobody may say that credit of ``moment`` (now, if not given) is time-barred."""
    return dt.date(timezone.localtime(moment or now()).year + LIMITATION_YEARS, 12, 31)
