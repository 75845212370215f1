"""After the last letter: what goes to whoever collects for us, and what comes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from fulfilment.finance.dunning.facts import stuck_payments
from fulfilment.finance.dunning.models import (
    DunningClaim,
    DunningHold,
    DunningItem,
    DunningLevel,
    DunningPolicy,
    Handover,
)
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.clock import today
from shop.kernel.transactions import retrying

from .promise import PaymentPromise


class CannotHandOver(ValueError):
    """These invoices cannot be handed over; the message says why, for people."""


def ready(day: dt.date) -> QuerySet[Invoice]:
    """Invoices whose final notice's term is over by the policy's days on ``day``, that are still open and with nobody
    else, and for which nothing speaks against a letter: no complaint, hold, promise, dispute or payment on its way;
    with ``term_ended``, ``last_notice`` and ``claims_minor``. One query."""
    last = (
        DunningLevel.objects.filter(enabled=True).order_by("-level").values_list("level", flat=True).first()
    )
    policy = DunningPolicy.objects.order_by("pk").first() or DunningPolicy()
    until = day - dt.timedelta(days=policy.handover_after_days)
    final = DunningItem.objects.filter(invoice=OuterRef("pk"), level=last if last is not None else -1)
    holds = DunningHold.active(day)
    promised = PaymentPromise.objects.filter(state="open", pay_on__gte=day).values("notice__items__invoice")
    claims = (
        DunningClaim.objects.filter(invoice=OuterRef("pk"), waived_at=None)
        .order_by()
        .values("invoice")
        .annotate(left=Sum(F("amount_minor") - F("paid_minor")))
        .values("left")
    )
    return (
        Invoice.objects.open()
        .filter(held=False)
        .annotate(
            term_ended=Subquery(final.values("notice__pay_until")[:1]),
            last_notice=Subquery(final.values("notice__number")[:1]),
            claims_minor=Coalesce(Subquery(claims), Value(0)),
        )
        .filter(term_ended__lte=until)
        .exclude(pk__in=promised)
        .exclude(Exists(holds.filter(invoice=OuterRef("pk"))))
        .exclude(Exists(holds.filter(user=OuterRef("user"))))
        .exclude(Exists(stuck_payments(day).filter(order=OuterRef("order"))))
        .exclude(handovers__in=Handover.objects.filter(back_on=None))
    )


def hand_over(*, invoices: Sequence[Invoice], collector: str, by: Any) -> list[Handover]:
    """Mark ``invoices`` as handed over: no further letters until they come back.

    Raises CannotHandOver when one is not ready (paid meanwhile, promised, handed over before), ValueError without a
    name.
    """
    if not collector.strip():
        raise ValueError(_("Please say who collects from now on."))
    wanted = [invoice.pk for invoice in invoices]

    def work() -> list[Handover]:
        rows = list(ready(today()).filter(pk__in=wanted).order_by("pk"))
        missing = set(wanted) - {row.pk for row in rows}
        if missing or not rows:
            numbers = Invoice.objects.filter(pk__in=missing).values_list("number", flat=True)
            raise CannotHandOver(
                _("Not ready to hand over any more: %(numbers)s") % {"numbers": ", ".join(numbers) or "–"}
            )
        with transaction.atomic():
            return [
                Handover.objects.create(
                    invoice=row,
                    collector=collector.strip()[:120],
                    handed_on=today(),
                    open_minor=row.open_minor,
                    claims_minor=row.claims_minor,  # type: ignore[attr-defined]  # annotated by ready()
                    by=by if getattr(by, "pk", None) else None,
                )
                for row in rows
            ]

    try:
        return retrying(work)
    except IntegrityError:
        raise CannotHandOver(_("Somebody has handed them over in the same moment.")) from None


def take_back(*, handover: Handover, why: str, by: Any) -> bool:
    """It is ours again: letters may go on. False when it came back before. ValueError without a reason."""
    if not why.strip():
        raise ValueError(_("Please say why."))
    rows = Handover.objects.filter(pk=handover.pk, back_on=None).update(
        back_on=today(), back_why=why.strip()[:300], back_by=by if getattr(by, "pk", None) else None
    )
    return bool(rows)
