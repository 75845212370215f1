"""Reads of orders that more than one caller needs, each with a constant number of queries."""

from __future__ import annotations

from django.db.models import Prefetch

from .models import Line, Order


def order_for_fulfilment(order_id: int) -> Order:
    """An order with lines (product, stock record, colour) and addresses. Two queries. Order.DoesNotExist if none."""
    lines = Line.objects.select_related("product__parent", "product__colour", "stockrecord").order_by("pk")
    return (
        Order.objects.select_related("shipping_address__country", "billing_address__country", "user")
        .prefetch_related(Prefetch("lines", queryset=lines))
        .get(pk=order_id)
    )
