"""What complaints cost, net of VAT: credited without goods or for faulty ones, goods sent once more, and what was
thrown away."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import F, QuerySet, Sum

from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.remedies.acts.replacement import CAUSE as REPLACED
from fulfilment.customer_service.remedies.acts.replacement import Replacement
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.finance.invoicing.actions.rests import SHIPPING_SKU
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice, InvoiceLine
from fulfilment.warehouse.receiving.models import DISPOSAL, ReturnItem

from .spans import begin_of

#: Kinds of cases that are complaints; a withdrawal or a question is none.
COMPLAINTS = (kinds.WARRANTY, kinds.GUARANTEE, kinds.TRANSPORT, kinds.SHORT, kinds.GOODWILL)


@dataclass
class Costs:
    """Net minor units of one week or month, and how many complaints came in."""

    complaints: int = 0
    goodwill_minor: int = 0
    credited_minor: int = 0
    replaced_minor: int = 0
    disposed_minor: int = 0

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.goodwill_minor + self.credited_minor + self.replaced_minor + self.disposed_minor

    def add(self, other: Costs) -> None:
        """Take in another one's."""
        self.complaints += other.complaints
        self.goodwill_minor += other.goodwill_minor
        self.credited_minor += other.credited_minor
        self.replaced_minor += other.replaced_minor
        self.disposed_minor += other.disposed_minor


def costs(first: dt.date, last: dt.date, by: str) -> dict[dt.date, Costs]:
    """By week or month. Six queries."""
    found: dict[dt.date, Costs] = defaultdict(Costs)
    cases = _per_day(Case.objects.filter(kind__in=COMPLAINTS), "opened_at__date", first, last)
    for day, n in cases.items():
        found[begin_of(day, by)].complaints += n
    for day, amount in _goodwill(first, last).items():
        found[begin_of(day, by)].goodwill_minor += amount
    for day, amount in _credited(first, last).items():
        found[begin_of(day, by)].credited_minor += amount
    for day, amount in _replaced(first, last).items():
        found[begin_of(day, by)].replaced_minor += amount
    for day, amount in _disposed(first, last).items():
        found[begin_of(day, by)].disposed_minor += amount
    return found


def _per_day(rows: QuerySet[Case], field: str, first: dt.date, last: dt.date) -> Counter[dt.date]:
    days = (
        rows.filter(**{f"{field}__gte": first, f"{field}__lte": last})
        .order_by()
        .values_list(field, flat=True)
    )
    return Counter(days.iterator(2_000))


def _goodwill(first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Lines of credit notes that name neither pieces nor the delivery charge."""
    rows = (
        InvoiceLine.objects.filter(
            invoice__kind=CREDIT_NOTE,
            invoice__issued_on__gte=first,
            invoice__issued_on__lte=last,
            credits=None,
        )
        .exclude(sku=SHIPPING_SKU)
        .order_by()
        .values_list("invoice__issued_on")
        .annotate(n=Sum(F("gross_minor") - F("vat_minor")))
    )
    return dict(rows)


def _credited(first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Credit notes of returns that a complaint brought back."""
    told = list(
        Settlement.objects.filter(
            done_at__date__gte=first - dt.timedelta(days=1),
            done_at__date__lte=last + dt.timedelta(days=1),
            cause__startswith="case:",
        ).values_list("credit_notes", flat=True)
    )
    known = {number for notes in told for number in notes}
    notes = Invoice.objects.filter(kind=CREDIT_NOTE, issued_on__gte=first, issued_on__lte=last)
    found: Counter[dt.date] = Counter()
    for number, day, net in notes.filter(source__startswith="return:").values_list(
        "number", "issued_on", "net_minor"
    ):
        if number in known:
            found[day] += net
    return dict(found)


def _replaced(first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Goods that were sent once more, at what they cost us, on the day that was decided; not those called off.

    What a price reduction or goodwill gave is a credit note, and counted there; what a parcel costs nobody tells us.
    """
    rows = (
        Remedy.objects.filter(act=Replacement.code, at__date__gte=first, at__date__lte=last)
        .exclude(made_order__status="cancelled")
        .order_by()
        .values_list("at__date")
        .annotate(n=Sum("cost_minor"))
    )
    return dict(rows)


def _disposed(first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Pieces that the dock threw away, at what they cost us; not where new goods were sent for them: of the two pairs
    one was paid for, and the other is counted already."""
    rows = (
        ReturnItem.objects.filter(
            reception="received",
            disposition=DISPOSAL,
            booked_at__date__gte=first,
            booked_at__date__lte=last,
        )
        .exclude(returning__cause__startswith=f"{REPLACED}:")
        .order_by()
        .values_list("booked_at__date")
        .annotate(n=Sum(F("quantity") * F("order_line__unit_cost_minor")))
    )
    return {day: amount or 0 for day, amount in rows}
