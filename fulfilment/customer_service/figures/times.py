"""How long customers wait: for the first answer and for the solution, in business time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.utils import timezone

from fulfilment.customer_service.cases.hours import minutes_between
from fulfilment.customer_service.cases.models import Case, ServicePolicy
from shop.kernel import clock

from .spans import begin_of, percentile, share_bp


@dataclass
class Times:
    """Minutes of the cases of one week or month, and how many kept what was promised."""

    opened: int = 0
    answers: list[int] = field(default_factory=list)
    solutions: list[int] = field(default_factory=list)
    answered_in_time: int = 0
    solved_in_time: int = 0
    answers_late: int = 0  #: not answered although it was due
    solutions_late: int = 0

    def add(self, other: Times) -> None:
        """Take in another one's cases."""
        self.opened += other.opened
        self.answers += other.answers
        self.solutions += other.solutions
        self.answered_in_time += other.answered_in_time
        self.solved_in_time += other.solved_in_time
        self.answers_late += other.answers_late
        self.solutions_late += other.solutions_late

    @property
    def answer(self) -> tuple[int | None, int | None, int | None]:
        """Median and 90th percentile of the first answer (minutes), share in time (basis points)."""
        due = len(self.answers) + self.answers_late
        return (
            percentile(self.answers, 50),
            percentile(self.answers, 90),
            share_bp(self.answered_in_time, due),
        )

    @property
    def solution(self) -> tuple[int | None, int | None, int | None]:
        """The same of the solution."""
        due = len(self.solutions) + self.solutions_late
        return (
            percentile(self.solutions, 50),
            percentile(self.solutions, 90),
            share_bp(self.solved_in_time, due),
        )


def times(first: dt.date, last: dt.date, by: str, kind: str = "") -> dict[dt.date, Times]:
    """Cases opened from ``first`` to ``last`` by the week or month in which they were opened. Two queries.

    What is not due yet counts neither way; a case that was solved without words owes no answer.
    """
    policy, at = ServicePolicy.current(), clock.now()
    rows = Case.objects.filter(opened_at__date__gte=first, opened_at__date__lte=last).order_by()
    if kind:
        rows = rows.filter(kind=kind)
    found: dict[dt.date, Times] = defaultdict(Times)
    facts = rows.values_list(
        "opened_at", "priority", "answered_at", "answer_due_at", "solved_at", "solve_due_at"
    )
    for opened, priority, answered, answer_due, solved, solve_due in facts.iterator(2_000):
        span = found[begin_of(timezone.localtime(opened).date(), by)]
        span.opened += 1
        if answered:
            minutes = minutes_between(opened, answered, policy.opening)
            span.answers.append(minutes)
            span.answered_in_time += minutes <= policy.minutes(policy.answer_hours, priority)
        elif answer_due and answer_due < at:
            span.answers_late += 1
        if solved:
            span.solutions.append(minutes_between(opened, solved, policy.opening))
            span.solved_in_time += solved <= solve_due
        elif solve_due < at:
            span.solutions_late += 1
    return found
