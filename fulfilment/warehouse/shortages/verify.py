"""Invariants of shortages, for ``manage.py verify``."""

from __future__ import annotations

from checkout.order.models import Amendment

from .models import DECIDED, REFUND, SUBSTITUTE, ShortageQuestion


def decisions_are_in_the_order() -> list[str]:
    """Refund and substitute have taken exactly the missing pieces out of the order, or the order was cancelled."""
    cancelled = dict(
        Amendment.objects.filter(kind=Amendment.CANCELLED, source__startswith="shortage:").values_list(
            "source", "quantity"
        )
    )
    decided = ShortageQuestion.objects.filter(
        state__in=(*DECIDED, "withdrawn"), answer__in=(REFUND, SUBSTITUTE)
    )
    return [
        f"question {question.pk}: {question.pieces} pieces were to leave the order, "
        f"{cancelled.get(question.source, 0)} did"
        for question in decided.exclude(order__status="cancelled").order_by("pk")
        if cancelled.get(question.source, 0) != question.pieces
    ]


CHECKS = [("answers about missing pieces are in the order", decisions_are_in_the_order)]
