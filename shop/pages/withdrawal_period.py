"""Until when an order can be withdrawn from, said to the shopper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from checkout.order.models import Line, Order
from fulfilment.customer_service.withdrawals.period import until_of
from fulfilment.finance.invoicing.letterhead import day
from shop.kernel import clock


def period_of(order: Order, language: str, lines: Sequence[Line] = ()) -> dict[str, Any]:
    """``text`` and whether the period is ``over``. Three queries; none where one of ``lines``, which are the order's,
    says that something of it has not left yet."""
    until = None if any(line.quantity_open for line in lines) else until_of(order.pk)
    if until is None:
        text = _(
            "Your 14 days begin when the last parcel of this order has arrived; you may declare it before."
        )
        return {"text": text, "over": False}
    words = {"day": day(until, language)}
    if clock.today() <= until:
        return {"text": _("You can withdraw until %(day)s.") % words, "over": False}
    text = _(
        "By what we know the 14 days ended on %(day)s. You can declare your withdrawal all the same: we take it, "
        "confirm it by mail and look into it."
    )
    return {"text": text % words, "over": True}
