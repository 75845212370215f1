"""Accounts by which people may explain money; the others are kept by documents and other verbs."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from .models import Account

#: An explanation past these would break what they promise: receivable per order, clearing per payout, "unexplained".
KEPT_ROLES = frozenset(
    {"receivable", "unexplained", "psp_clearing", "bank", "stock", "received_not_invoiced"}
    | {"gift_cards", "store_credit"}  # debts to customers, by whom they are held
)
KEPT_PREFIXES = ("vat_", "revenue_")


def is_kept(account: Account) -> bool:
    """Whether only documents and other verbs post to it."""
    return account.role in KEPT_ROLES or account.role.startswith(KEPT_PREFIXES)


def accounts_to_choose() -> QuerySet[Account]:
    """Accounts that money may be explained by, without those that were put away."""
    kept = Q(role__in=KEPT_ROLES)
    for prefix in KEPT_PREFIXES:
        kept |= Q(role__startswith=prefix)
    return Account.objects.filter(is_active=True).exclude(kept).order_by("number")
