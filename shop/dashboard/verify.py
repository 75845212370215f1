"""Invariants that look over all rooms."""

from __future__ import annotations

from .customer_merge import strays


def nothing_belongs_to_a_merged_account() -> list[str]:
    """What an account that was merged had is that of the account it was merged into: orders, invoices, cases, all."""
    return [
        f"{title}: {number} belongs to account {pk}, which was merged into {into}: bring it along on its page"
        for title, number, pk, into in strays()
    ]


CHECKS = [("nothing belongs to a merged account", nothing_belongs_to_a_merged_account)]
