"""What counts as a use of a voucher or an offer: that of an order which stands. A cancelled one gives its uses back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from oscar.apps.offer.models import ConditionalOffer
from oscar.apps.voucher.models import Voucher, VoucherApplication

from checkout.order.models import Order, OrderDiscount

#: offer id -> (times, amount, orders)
Uses = dict[int, tuple[int, Decimal, int]]


class VoucherGone(Exception):
    """A voucher of a cancelled order was used in another order meanwhile; ``code`` is its code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the voucher {code} was used in another order")
        self.code = code


def standing(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of uses (VoucherApplication) or discounts (OrderDiscount) those of orders that were not cancelled."""
    return rows.exclude(order__status="cancelled")


def was_used(voucher: Any, user: Any, *, besides: Order | None = None) -> bool:
    """Whether a voucher is used up for this person by an order that stands (other than ``besides``). One query, none
    for a voucher that may be used often."""
    if voucher.usage == Voucher.MULTI_USE:
        return False
    uses = standing(VoucherApplication.objects.filter(voucher=voucher))
    if besides is not None:
        uses = uses.exclude(order=besides)
    return bool((uses if voucher.usage == Voucher.SINGLE_USE else uses.filter(user=user)).exists())


def availability(voucher: Any, user: Any) -> tuple[bool, str]:
    """Oscar's ``is_available_to_user`` without the uses of cancelled orders: whether ``user`` may use the voucher once
    more, and the reason in words when not. At most one query."""
    once_each = voucher.usage == Voucher.ONCE_PER_CUSTOMER
    if once_each and not user.is_authenticated:
        return False, _("This voucher is only available to signed in users")
    if not was_used(voucher, user):
        return True, ""
    if once_each:
        return False, _("You have already used this voucher in a previous order")
    return False, _("This voucher has already been used")


def uses_of(discounts: Iterable[OrderDiscount]) -> Uses:
    """How often each offer took something off, how much, and on how many discounts."""
    used: Uses = defaultdict(lambda: (0, Decimal(0), 0))
    for one in discounts:
        if one.offer_id:
            times, amount, orders = used[one.offer_id]
            used[one.offer_id] = (times + one.frequency, amount + one.amount, orders + 1)
    return dict(used)


def count_uses(used: Uses) -> None:
    """Note on each offer how often it was used and what it took off, and close what has reached its limit: one
    statement for any number, which loses nothing to another order of the same moment."""
    _change(used, 1)


def claim_uses(used: Uses) -> bool:
    """``count_uses()`` for an order that is being placed. False when an offer reached its limit since it was reckoned,
    by an order of the same moment: then the caller places nothing, as the sums are others now."""
    return _change(used, 1, within_limits=True) == len(used)


def give_back(order: Order) -> None:
    """A cancelled order's uses of offers count no more; an offer that was closed by them is open again. Inside the
    caller's transaction. One query, two with discounts."""
    _change(uses_of(OrderDiscount.objects.filter(order=order)), -1)


def take_again(order: Order) -> None:
    """A cancelled order stands again, with its vouchers and offers; the vouchers are held until the caller's
    transaction ends. Raises VoucherGone when one of them was used in another order meanwhile."""
    pks = VoucherApplication.objects.filter(order=order).values("voucher")
    for voucher in Voucher.objects.select_for_update().filter(pk__in=pks).order_by("pk"):
        if was_used(voucher, order.user, besides=order):
            raise VoucherGone(voucher.code)
    count_uses(uses_of(OrderDiscount.objects.filter(order=order)))


def _change(used: Uses, sign: int, *, within_limits: bool = False) -> int:
    """How many offers were changed."""
    if not used:
        return 0
    ids = sorted(used)

    def moved(name: str, part: int, field: Any) -> Any:
        more = Case(*(When(pk=pk, then=Value(sign * used[pk][part])) for pk in ids), output_field=field)
        return Greatest(F(name) + more, Value(0), output_field=field)

    after = ConditionalOffer.objects.filter(pk__in=ids).annotate(
        times_after=moved("num_applications", 0, IntegerField()),
        amount_after=moved("total_discount", 1, DecimalField(max_digits=12, decimal_places=2)),
        orders_after=moved("num_orders", 2, IntegerField()),
    )
    reached = Q(max_discount__gt=0, amount_after__gte=F("max_discount")) | Q(
        max_global_applications__gt=0, times_after__gte=F("max_global_applications")
    )
    opened, closed = ConditionalOffer.OPEN, ConditionalOffer.CONSUMED
    status = (
        Case(When(reached, status=opened, then=Value(closed)), default=F("status"))
        if sign > 0
        else Case(When(~reached, status=closed, then=Value(opened)), default=F("status"))
    )
    if within_limits:  # none; or this order's uses still fit; of an amount, the last order may go beyond it
        after = after.filter(
            Q(max_global_applications=None)
            | Q(max_global_applications=0)
            | Q(times_after__lte=F("max_global_applications")),
            Q(max_discount=None) | Q(max_discount=0) | Q(total_discount__lt=F("max_discount")),
        )
    return after.update(
        num_applications=F("times_after"),
        total_discount=F("amount_after"),
        num_orders=F("orders_after"),
        status=status,
    )
