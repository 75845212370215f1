"""Payment behaviour in figures, points and a limit. Pure but for ``behaviour_of``, which reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Max, OuterRef, Subquery, Sum
from django.utils.translation import gettext_noop

from fulfilment.finance.invoicing.models import Allocation, Invoice, OrderMoney
from shop.customers.models import User
from shop.kernel import clock

from .actions.levels import level_of
from .models import CreditFormula, WriteOff

POINTS_MOST = 100
DAYS_OF_YEAR = 365
PAID_WITH = (OrderMoney.CARD, OrderMoney.TRANSFER)  #: a credit note pays an invoice too, but nobody paid


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a customer has paid so far. Days are whole; amounts in minor units."""

    paid_on_time: int = 0  #: invoices on account paid by their due date
    paid_late: int = 0
    days_late: int = 0  #: of all those that were paid late together
    overdue_minor: int = 0
    dunning_level: int = 0
    years: int = 0  #: whole years since the account was made
    written_off: bool = False

    @property
    def days_late_on_average(self) -> int:
        """Over all paid invoices, rounded up: ten days late once in ten invoices is one day."""
        paid = self.paid_on_time + self.paid_late
        return -(-self.days_late // paid) if paid else 0


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a score: what was looked at, the figure found, the points it makes."""

    name: str
    figure: int
    points: int

    def as_row(self) -> dict[str, Any]:
        """For keeping."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Score:
    """Points between 0 and 100, where they come from, and the limit they lead to (minor units)."""

    points: int
    limit_minor: int
    parts: tuple[Part, ...]


def score(formula: CreditFormula, seen: Behaviour) -> Score:
    """Points and limit of a customer by the formula. The parts add up to the points, but for the ends 0 and 100."""
    late = max(formula.late_day_most, formula.late_day_points * seen.days_late_on_average)
    on_time = min(formula.paid_on_time_most, formula.paid_on_time_points * seen.paid_on_time)
    parts = (
        Part(gettext_noop("to begin with"), 0, formula.start_points),
        Part(gettext_noop("invoices paid in time"), seen.paid_on_time, on_time),
        Part(gettext_noop("days late on average"), seen.days_late_on_average, late),
        Part(
            gettext_noop("dunning level now"),
            seen.dunning_level,
            formula.dunning_level_points * seen.dunning_level,
        ),
        Part(
            gettext_noop("something is overdue now"),
            int(seen.overdue_minor > 0),
            formula.overdue_points * int(seen.overdue_minor > 0),
        ),
        Part(
            gettext_noop("years as a customer"),
            seen.years,
            min(formula.year_most, formula.year_points * seen.years),
        ),
        Part(
            gettext_noop("a claim was written off"),
            int(seen.written_off),
            formula.written_off_points * int(seen.written_off),
        ),
    )
    points = min(POINTS_MOST, max(0, sum(part.points for part in parts)))
    reached = [limit for from_points, limit in sorted(formula.steps) if points >= from_points]
    return Score(points, reached[-1] if reached else 0, parts)


def behaviour_of(user_id: int, *, today: Callable[[], dt.date] = clock.today) -> Behaviour:
    """How this customer has paid their invoices on account. Five queries."""
    day = today()
    paid_on = (
        Allocation.objects.filter(invoice=OuterRef("pk"), reversed_at=None, money__kind__in=PAID_WITH)
        .order_by()
        .values("invoice")
        .annotate(last=Max("money__booked_on"))
        .values("last")
    )
    mine = Invoice.objects.claims().filter(user_id=user_id, payment_method="invoice")
    paid = list(
        mine.filter(state="paid").annotate(paid_on=Subquery(paid_on)).values_list("due_on", "paid_on")
    )
    late = [(last - due).days for due, last in paid if last and last > due]
    overdue = Invoice.objects.overdue(day).filter(user_id=user_id).aggregate(sum=Sum("open_minor"))["sum"]
    joined = User.objects.values_list("date_joined", flat=True).get(pk=user_id).date()
    return Behaviour(
        paid_on_time=sum(1 for _due, last in paid if last) - len(late),  # sent back whole is no payment
        paid_late=len(late),
        days_late=sum(late),
        overdue_minor=int(overdue or 0),
        dunning_level=level_of(user_id),
        years=max(0, (day - joined).days // DAYS_OF_YEAR),
        written_off=WriteOff.objects.filter(invoice__user_id=user_id, reversed_at=None).exists(),
    )
