"""What finance knows of a customer is pushed down to the checkout, which decides on purchase on account."""

from __future__ import annotations

from django.db.models import Count, Q, Sum

from checkout.payment.actions import set_credit
from fulfilment.finance.invoicing.models import Invoice


def push_credit(*, user_id: int | None) -> None:
    """Tell the checkout the customer's open items (minor units) and paid orders; the dunning level stays as it is.

    An order counts as paid when it has an invoice that was not cancelled and none of its invoices is open or given up.
    One over 0.00 says nothing of how somebody pays.
    """
    if user_id is None:
        return
    set_credit(
        user_id=user_id
    )  # holds the row: two orders of one customer at once sum up one after the other
    claims = Invoice.objects.claims().filter(user_id=user_id).exclude(state="cancelled")
    open_items = claims.aggregate(total=Sum("open_minor"))["total"] or 0
    per_order = claims.values("order_id").annotate(
        still_open=Count("pk", filter=Q(open_minor__gt=0) | Q(state="written_off")), gross=Sum("gross_minor")
    )
    set_credit(
        user_id=user_id,
        open_items_minor=int(open_items),
        paid_orders=per_order.filter(still_open=0, gross__gt=0).count(),
    )
