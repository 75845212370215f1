"""What staff do with a case besides writing: take it, weigh it, decide it, close it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.hours import due_after
from fulfilment.customer_service.cases.models import LOW, PRIORITIES, Case, ServicePolicy, Writing
from fulfilment.customer_service.cases.states import (
    ACKNOWLEDGED,
    CLOSED,
    DECIDED,
    IN_WORK,
    OPEN_STATES,
    RECEIVED,
)
from fulfilment.warehouse.dispatch.queries import delivered_on
from shop.kernel import clock
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from .opening import CaseRefused

WRITING_S = 45  #: a page that was not heard of for so long is closed
FAR_DAYS = (
    365  #: a target beyond that is none; ``due_after`` looks a little further, as holidays differ by year
)


def assign(*, case: Case, to: Any, by: Any, seen_assignee: int | None) -> None:
    """Give the case to somebody (None: to nobody). ``seen_assignee``: who had it when the page was shown.

    Raises StaleState when a colleague was faster, or the case is closed.
    """

    def do() -> None:
        rows = Case.objects.filter(pk=case.pk, assignee=seen_assignee, state__in=OPEN_STATES)
        if rows.update(assignee=to) != 1:
            raise StaleState(f"case {case.number} was taken by somebody else")
        fresh = Case.objects.get(pk=case.pk)
        if to is not None and fresh.state in (RECEIVED, ACKNOWLEDGED):
            move(
                fresh,
                to=IN_WORK,
                by=by,
                why=_("Assigned to %(name)s") % {"name": to.get_full_name() or to.email},
            )

    retrying(do)


def set_priority(*, case: Case, priority: int, by: Any) -> None:
    """Weigh the case anew; what is still due is reckoned again from when it was opened. Raises CaseRefused."""
    if priority not in dict(PRIORITIES):
        raise CaseRefused(_("Please choose a priority."))
    policy = ServicePolicy.current()

    def due(hours: int) -> dt.datetime:
        return due_after(case.opened_at, policy.minutes(hours, priority), policy.opening)

    rows = Case.objects.filter(pk=case.pk, state__in=OPEN_STATES)
    if rows.update(priority=priority, solve_due_at=due(policy.solve_hours)) != 1:
        raise StaleState(f"case {case.number} is closed")
    rows.filter(answered_at=None).update(answer_due_at=due(policy.answer_hours))


def set_order(*, case: Case, order: Order, by: Any) -> None:
    """Say which order is meant, and sort the case anew by its delivery. Raises StaleState when it changed meanwhile."""
    found = kinds.sort_case(
        case.reason, delivered_on=delivered_on(order.pk), today=timezone.localtime(case.opened_at).date()
    )
    rows = Case.objects.filter(pk=case.pk, order=case.order_id, state__in=OPEN_STATES)
    if (
        rows.update(
            order=order,
            lines=[],
            kind=found.kind.code,
            right_until=found.until,
            fault_presumed=found.fault_presumed,
        )
        != 1
    ):
        raise StaleState(f"case {case.number} was changed by somebody else")


def decide(*, case: Case, remedy: str, by: Any, why: str = "") -> None:
    """Say what is done for the customer. Raises CaseRefused for an unknown remedy, StateError when moved meanwhile."""
    if remedy not in kinds.REMEDIES:
        raise CaseRefused(_("Please choose what is done."))

    def do() -> None:
        fresh = Case.objects.get(pk=case.pk)
        move(fresh, to=DECIDED, by=by, why=why.strip(), remedy=remedy, **_solved(fresh))

    retrying(do)


def close(*, case: Case, by: Any, why: str) -> None:
    """All is done; ``why`` says what. Raises CaseRefused without words, StateError when it was closed before."""
    if not why.strip():
        raise CaseRefused(_("Please say in a few words what was done."))

    def do() -> None:
        fresh = Case.objects.get(pk=case.pk)
        move(fresh, to=CLOSED, by=by, why=why.strip(), answer_due_at=None, **_solved(fresh))

    retrying(do)


def reopen(*, case: Case, by: Any, why: str) -> None:
    """Go on with a closed or decided case. Raises CaseRefused without words, StateError when it is open."""
    if not why.strip():
        raise CaseRefused(_("Please say in a few words why."))
    retrying(lambda: move(Case.objects.get(pk=case.pk), to=IN_WORK, by=by, why=why.strip()))


def _solved(case: Case) -> dict[str, Any]:
    return {} if case.solved_at else {"solved_at": clock.now()}


def see_writing(*, case: Case, user: Any) -> list[str]:
    """Note that ``user`` has the case open to write; returns who else has, by name. Old notes are cleared."""
    at = clock.now()
    Writing.objects.filter(seen_at__lt=at - dt.timedelta(seconds=10 * WRITING_S)).delete()
    Writing.objects.update_or_create(case=case, user=user, defaults={"seen_at": at})
    others = Writing.objects.filter(case=case, seen_at__gte=at - dt.timedelta(seconds=WRITING_S))
    return [
        row.user.get_full_name() or row.user.email for row in others.exclude(user=user).select_related("user")
    ]


def stop_writing(*, case: Case, user: Any) -> None:
    """The page was closed or the answer sent."""
    Writing.objects.filter(case=case, user=user).delete()


def save_policy(policy: ServicePolicy, *, by: Any) -> ServicePolicy:
    """Change by when service answers; open cases keep their times. Raises ValidationError (in words)."""
    policy.pk = 1
    policy.full_clean(validate_constraints=False)
    if policy.opens >= policy.closes:
        raise ValidationError({"closes": _("Service must close after it opens.")})
    if policy.answer_hours > policy.solve_hours:
        raise ValidationError({"solve_hours": _("The solution cannot be due before the first answer.")})
    if _is_out_of_reach(policy):
        raise ValidationError(
            {
                "solve_hours": _(
                    "With these service hours the solution of a case of low priority, which may take twice as long, "
                    "would be due in more than a year."
                )
            }
        )
    policy.save()
    return policy


def _is_out_of_reach(policy: ServicePolicy) -> bool:
    at = clock.now()
    try:
        due = due_after(at, policy.minutes(policy.solve_hours, LOW), policy.opening)
    except ValueError:
        return True
    return due - at > dt.timedelta(days=FAR_DAYS)
