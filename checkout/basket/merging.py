"""Two baskets of one person become one: at sign-in, and where two windows made two of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import ngettext

from shop.kernel.clock import now
from shop.kernel.transactions import retrying

from .actions import MAX_LINES, MAX_PER_LINE, MAX_VOUCHERS, hold
from .later import Keeper, lay, shelf
from .models import Basket, Line  # type: ignore[attr-defined]


@dataclass
class Merged:
    """What came along: ``lines`` articles; ``fewer`` (title, pieces left) where not all are there; ``kept`` articles
    that found no room and are kept for later."""

    lines: int = 0
    fewer: list[tuple[str, int]] = field(default_factory=list)
    kept: int = 0

    def words(self) -> str:
        """For the person, in a sentence each; empty when nothing came along."""
        if not self.lines and not self.kept:
            return ""
        texts = []
        if self.lines:
            text = ngettext(
                "%(n)d article that you had chosen before is in your basket now.",
                "%(n)d articles that you had chosen before are in your basket now.",
                self.lines,
            )
            texts.append(text % {"n": self.lines})
        for title, left in self.fewer:
            text = ngettext(
                "%(title)s: only %(n)d piece is left.", "%(title)s: only %(n)d pieces are left.", left
            )
            texts.append(text % {"title": title, "n": left})
        if self.kept:
            text = ngettext(
                "The basket is full; %(n)d article is kept for later.",
                "The basket is full; %(n)d articles are kept for later.",
                self.kept,
            )
            texts.append(text % {"n": self.kept})
        return " ".join(texts)


def merge(*, into: Any, other: Any, by: Any = None) -> Merged:
    """Put the wishes of ``other`` into ``into``: the larger quantity of each article, never more than is there.

    What exceeds the limits of a basket is kept for later, vouchers come along. All or nothing; a basket that was merged
    or ordered already brings nothing. Raises Refused when ``into`` became an order in this moment.
    """

    def work() -> Merged:
        hold(into)
        taken = Basket.objects.filter(pk=other.pk, status=Basket.OPEN).update(
            status=Basket.MERGED, date_merged=now()
        )
        into.bring_lines(list(into.lines.select_related("stockrecord")))
        return _merge(into, other) if taken else Merged()

    return retrying(work)


def _merge(into: Any, other: Any) -> Merged:
    found = Merged()
    mine = {line.line_reference: line for line in into.all_lines()}
    pieces = sum(line.quantity for line in mine.values())
    rows = other.lines.select_related("stockrecord", "product__parent", "product__colour").order_by("pk")
    for line in list(rows):
        same = mine.get(line.line_reference)
        before = same.quantity if same else 0
        wanted = max(before, _within_stock(line, found))
        if pieces + wanted - before > settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD or (
            same is None and len(mine) >= MAX_LINES
        ):
            # Beyond what one person keeps (MAX_LATER) too: nobody's choice is thrown away by signing in.
            lay(line, shelf(Keeper(owner_id=into.owner_id)))
            found.kept += 1
            continue
        pieces += wanted - before
        found.lines += 1
        if same is None:
            Line.objects.filter(pk=line.pk).update(basket=into, quantity=wanted)
            mine[line.line_reference] = line
        else:
            Line.objects.filter(pk=same.pk).update(quantity=wanted)
            Line.objects.filter(pk=line.pk).delete()
    _take_vouchers(into, other)
    into._lines = None
    return found


def _within_stock(line: Any, found: Merged) -> int:
    """As many pieces as there are; what is sold out stays a wish, which the basket page marks."""
    wanted = min(int(line.quantity), MAX_PER_LINE)
    left = line.stockrecord.available
    if line.stockrecord.backorderable or wanted <= left or not left:
        return wanted
    found.fewer.append((line.product.title_local, left))
    return int(left)


def _take_vouchers(into: Any, other: Any) -> None:
    there = set(into.vouchers.values_list("pk", flat=True))
    for voucher in other.vouchers.all():
        if len(there) < MAX_VOUCHERS or voucher.pk in there:
            there.add(voucher.pk)
            into.vouchers.add(voucher)
    other.vouchers.clear()
