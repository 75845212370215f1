"""How far dunning of a customer has come, which the checkout is told."""

from __future__ import annotations

from django.db.models import Max

from fulfilment.finance.dunning.models import DunningItem


def level_of(user_id: int) -> int:
    """The highest dunning level among a customer's open invoices; 0 when nothing was asked beyond a reminder."""
    found = DunningItem.objects.filter(invoice__user_id=user_id, invoice__open_minor__gt=0)
    return int(found.aggregate(highest=Max("level"))["highest"] or 0)
