"""Invariants that look over all rooms."""

from __future__ import annotations

from .customer_merge import strays


def nothing_belongs_to_a_merged_account() -> list[str]:
    """Orders of an account that was merged are those of the account it was merged into."""
    return [
        f"order {number} belongs to account {pk}, which was merged into {into}: bring it along on its page"
        for number, pk, into in strays().values_list("number", "user_id", "user__merged_into_id")
    ]


CHECKS = [("no order belongs to a merged account", nothing_belongs_to_a_merged_account)]
