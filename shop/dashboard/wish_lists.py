"""Wish lists of two accounts become one: the account's page shows one list, so a second would be hidden."""

from __future__ import annotations

from oscar.apps.wishlists.models import Line, WishList

from shop.customers.models import User


def join_wish_lists(gone: User, kept: User) -> dict[str, int]:
    """Lay the articles of every list of ``gone`` into the one of ``kept`` and delete those lists: a link to one of them
    ends, as no page would be left to end it. Nothing happens while ``kept`` has none: then the list itself moves.

    Returns what moved, as a row of the merging. Inside the caller's transaction.
    """
    mine = WishList.objects.filter(owner=kept).order_by("pk").first()
    theirs = list(WishList.objects.filter(owner=gone).values_list("pk", flat=True))
    if mine is None or not theirs:
        return {}
    known = set(mine.lines.values_list("product_id", flat=True)) - {None}
    new = []
    rows = Line.objects.filter(wishlist__in=theirs).order_by("pk")
    for line_id, product_id in rows.values_list("pk", "product_id"):
        if product_id not in known:
            new.append(line_id)
            known.update({product_id} - {None})
    Line.objects.filter(pk__in=new).update(wishlist=mine)
    WishList.objects.filter(pk__in=theirs).delete()
    return {"wishlists.WishList.owner": len(theirs)}
