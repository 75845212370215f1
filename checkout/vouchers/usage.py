"""What counts as a use of a voucher or an offer: that of an order which stands. A cancelled one gives its uses back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _
from oscar.apps.offer.models import ConditionalOffer
from oscar.apps.voucher.models import Voucher, VoucherApplication

from checkout.order.models import Order, OrderDiscount


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


def claim_uses(order: Order, given: Iterable[OrderDiscount]) -> bool:
    """Note the discounts of an order that is being placed, which are written, on their offers, and close what has
    reached its limit: one statement for any number, which loses nothing to another order of the same moment. False when
    an offer reached its limit since it was reckoned, by such an order: then the caller places nothing, as the sums are
    others now."""
    ids = _offers_of(given)
    return _change(order, ids, 1, within_limits=True) == len(ids)


def give_back(order: Order) -> None:
    """A cancelled order's uses of offers count no more; an offer that was closed by them is open again. Inside the
    caller's transaction. One query, two with discounts."""
    _change(order, _offers_of(OrderDiscount.objects.filter(order=order)), -1)


def take_again(order: Order) -> None:
    """A cancelled order stands again, with its vouchers and offers; the vouchers are held until the caller's
    transaction ends. Raises VoucherGone when one of them was used in another order meanwhile."""
    pks = VoucherApplication.objects.filter(order=order).values("voucher")
    for voucher in Voucher.objects.select_for_update().filter(pk__in=pks).order_by("pk"):
        if was_used(voucher, order.user, besides=order):
            raise VoucherGone(voucher.code)
    _change(order, _offers_of(OrderDiscount.objects.filter(order=order)), 1)


def _offers_of(given: Iterable[OrderDiscount]) -> list[int]:
    return sorted({one.offer_id for one in given if one.offer_id})


def _change(order: Order, ids: list[int], sign: int, *, within_limits: bool = False) -> int:
    """How many of these offers were changed, each by what the order's discounts, which are written, say of it: spelled
    out, the statement would take four hundred characters for each offer."""
    if not ids:
        return 0

    def moved(name: str, part: Any, field: Any) -> Any:
        given = OrderDiscount.objects.filter(order=order, offer_id=OuterRef("pk")).order_by()
        more = Subquery(given.values("offer_id").annotate(n=part).values("n"), output_field=field)
        return Greatest(F(name) + Value(sign) * more, Value(0), output_field=field)

    money = DecimalField(max_digits=12, decimal_places=2)
    after = ConditionalOffer.objects.filter(pk__in=ids).annotate(
        times_after=moved("num_applications", Coalesce(Sum("frequency"), 0), IntegerField()),
        amount_after=moved("total_discount", Sum("amount"), money),
        orders_after=moved("num_orders", Count("pk"), IntegerField()),
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
