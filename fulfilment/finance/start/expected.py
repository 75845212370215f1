"""What is expected to come to the bank and to leave it, week by week. Amounts in minor units.

An open item is expected when it is due, and of customers who have paid late so far as many days later as they have
been on average. What is overdue beyond that has no day: it is told apart and in no week."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Max, Sum

from checkout.payment.models import Refund
from fulfilment.finance.invoicing.models import Allocation, Invoice
from fulfilment.finance.psp.queries import open_payouts
from fulfilment.finance.reconciliation.models import PayBack

WEEKS = 8  #: that the page looks ahead, this one included
PAYMENTS_READ = 10_000  #: newest allocations that tell how customers pay
LATE_MOST = 2_000  #: customers whose habit is looked up; of further ones the due date counts
ONE_DAY = dt.timedelta(days=1)


@dataclass
class Week:
    """One week: what comes of open items and of payouts, what leaves, and the cash at its end."""

    first_day: dt.date
    last_day: dt.date
    items_minor: int = 0
    payouts_minor: int = 0  #: negative: the card provider takes what we owe it
    leaves_minor: int = 0
    cash_minor: int = 0

    @property
    def comes_minor(self) -> int:
        """All that comes."""
        return self.items_minor + max(0, self.payouts_minor)

    @property
    def goes_minor(self) -> int:
        """All that leaves, as a positive amount."""
        return self.leaves_minor + max(0, -self.payouts_minor)

    @property
    def change_minor(self) -> int:
        """What comes less what leaves."""
        return self.comes_minor - self.goes_minor


@dataclass(frozen=True)
class Outlook:
    """The weeks, and what stands in none of them: overdue without a day, and due after the last."""

    weeks: list[Week]
    overdue_minor: int
    later_minor: int
    late_customers: int  #: with something open, whose habit moved a day


def outlook(*, today: dt.date, cash_minor: int, currency: str = "EUR") -> Outlook:
    """What is expected from ``today`` on, beginning with ``cash_minor``. Eight queries."""
    monday = today - today.weekday() * ONE_DAY
    weeks = [Week(monday + 7 * at * ONE_DAY, monday + (7 * at + 6) * ONE_DAY) for at in range(WEEKS)]
    late = habits(currency)
    overdue = later = 0
    for day, amount in _open_items(late, currency):
        if day < today:
            overdue += amount
        elif (week := _week_of(weeks, day)) is None:
            later += amount
        else:
            week.items_minor += amount
    for day, amount in open_payouts(currency).order_by().values_list("arrival_date", "amount_minor"):
        if week := _week_of(weeks, max(day, today)):
            week.payouts_minor += amount
    weeks[0].leaves_minor = _to_send(currency)
    for week in weeks:
        cash_minor += week.change_minor
        week.cash_minor = cash_minor
    return Outlook(weeks, overdue, later, len(late))


def habits(currency: str = "EUR") -> dict[int, int]:
    """Customer -> days they pay late on average (rounded up), of those who do and owe something. Three queries.

    Read from the newest PAYMENTS_READ allocations; who paid an invoice on account before that counts as in time.
    """
    newest = Allocation.objects.aggregate(pk=Max("pk"))["pk"] or 0
    found = Allocation.objects.filter(
        pk__gt=newest - PAYMENTS_READ,  # by number: in a shop paid by card few are of invoices on account
        reversed_at=None,
        invoice__state="paid",
        invoice__payment_method="invoice",
        invoice__currency=currency,
        invoice__user__isnull=False,
    )
    paid: dict[int, dict[int, int]] = defaultdict(dict)
    for user, invoice, due, came in found.values_list(
        "invoice__user_id", "invoice_id", "invoice__due_on", "money__booked_on"
    ):
        days = max(0, (came - due).days)
        paid[user][invoice] = max(days, paid[user].get(invoice, 0))
    late = {user: -(-sum(days.values()) // len(days)) for user, days in paid.items() if any(days.values())}
    asked = sorted(late)[:LATE_MOST]
    owing = Invoice.objects.open().filter(currency=currency, user_id__in=asked).order_by()
    return {user: late[user] for user in owing.values_list("user_id", flat=True).distinct() if user}


def _open_items(late: dict[int, int], currency: str) -> Iterator[tuple[dt.date, int]]:
    """(day expected, amount) of everything open. Two queries, with as many rows as there are due dates."""
    items = Invoice.objects.open().filter(currency=currency).order_by()
    by_day = dict(items.values_list("due_on").annotate(total=Sum("open_minor")))
    theirs = items.filter(user_id__in=list(late)).values_list("user_id", "due_on")
    for user, due, amount in theirs.annotate(total=Sum("open_minor")):
        by_day[due] -= amount
        yield due + late[user] * ONE_DAY, int(amount)
    yield from ((day, int(amount)) for day, amount in by_day.items() if amount)


def _to_send(currency: str) -> int:
    """Refunds by transfer and money that is not ours: to be sent now. Two queries."""
    refunds = Refund.objects.to_transfer().filter(currency=currency)
    paybacks = PayBack.objects.filter(state="requested", currency=currency)
    sums: Iterable[int | None] = (
        rows.aggregate(total=Sum("amount_minor"))["total"] for rows in (refunds, paybacks)
    )
    return sum(int(total or 0) for total in sums)


def _week_of(weeks: list[Week], day: dt.date) -> Week | None:
    """The week a day lies in; None after the last."""
    at = (day - weeks[0].first_day).days // 7
    return weeks[at] if at < len(weeks) else None
