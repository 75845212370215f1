"""The queue: which cases, in which order, a page at a time without counting a hundred thousand of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.forms import Period
from shop.customers.models import User
from shop.kernel import clock

from . import kinds
from .models import PRIORITIES, Case, Writing
from .search import search
from .states import CASE, CLOSED, OPEN_STATES, OUR_TURN, WAITING

PAGE_SIZE = 50
COUNT_MAX = 5_000  #: more are not counted: the list then says "more than", and is narrowed by filters
HANDLE = "handle_cases"
MINE, FREE, LATE, OURS, THEIRS, DONE, EVERY = "mine", "free", "late", "ours", "waiting", "closed", "all"
VIEWS: list[tuple[str, Any]] = [
    ("", _("open")),
    (MINE, _("mine")),
    (FREE, _("nobody's")),
    (LATE, _("late")),
    (OURS, _("our turn")),
    (THEIRS, _("waiting for the customer")),
    (DONE, _("closed")),
    (EVERY, _("all")),
]


class QueueSearch(Period):
    """Filters of the queue; they stay in the address."""

    show = forms.ChoiceField(label=_("Which"), required=False, choices=VIEWS)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *kinds.CHOICES])
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *CASE.choices])
    priority = forms.TypedChoiceField(
        label=_("Priority"),
        required=False,
        choices=[("", _("all")), *PRIORITIES],
        coerce=int,
        empty_value=None,
    )
    field_order = ["q", "show", "kind", "state", "priority", "first", "last"]


class BoundedPaginator(Paginator[Any]):
    """A paginator that stops counting at ``COUNT_MAX``."""

    @cached_property
    def count(self) -> int:
        """How many there are, at most ``COUNT_MAX``."""
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNT_MAX].count())

    @property
    def is_cut(self) -> bool:
        """Whether there may be more than were counted."""
        return self.count >= COUNT_MAX


def queue(form: QueueSearch, person: Any) -> QuerySet[Case]:
    """Cases that fit the filters, unordered. ``person``: who "mine" is."""
    rows = _view(Case.objects.select_related("order", "assignee"), form.value("show"), person)
    for name in ("kind", "state"):
        if form.value(name):
            rows = rows.filter(**{name: form.value(name)})
    if form.value("priority"):
        rows = rows.filter(priority=form.value("priority"))
    first, last = form.day("first"), form.day("last")
    if first:
        rows = rows.filter(opened_at__date__gte=first)
    if last:
        rows = rows.filter(opened_at__date__lte=last)
    return search(rows, form.value("q"))


def _view(rows: QuerySet[Case], show: str, person: Any) -> QuerySet[Case]:
    still_open = rows.filter(state__in=OPEN_STATES)
    if show == MINE:
        return still_open.filter(assignee=person)
    if show == FREE:
        return still_open.filter(assignee=None)
    if show == LATE:
        return late(still_open)
    if show == OURS:
        return rows.filter(state__in=OUR_TURN)
    if show == THEIRS:
        return rows.filter(state=WAITING)
    if show == DONE:
        return rows.filter(state=CLOSED)
    return rows if show == EVERY else still_open


def late(rows: QuerySet[Case]) -> QuerySet[Case]:
    """Those of ``rows`` whose answer or solution is overdue and still owed."""
    at = clock.now()
    return rows.filter(Q(answer_due_at__lt=at) | Q(solve_due_at__lt=at, solved_at=None)).exclude(state=CLOSED)


def next_free(person: Any) -> Case | None:
    """The most urgent case that nobody has and nobody else is looking at. One query."""
    others = Writing.objects.filter(case=OuterRef("pk")).exclude(user=person)
    rows = Case.objects.filter(assignee=None, state__in=OUR_TURN).exclude(Exists(others))
    return rows.order_by("-priority", "solve_due_at", "pk").first()


def colleagues() -> QuerySet[User]:
    """Whom a case can be given to: active staff who may handle cases. One query."""
    may = Permission.objects.filter(codename=HANDLE, content_type__app_label="cases")
    people = User.objects.filter(is_active=True, is_staff=True)
    fits = Q(groups__permissions__in=may) | Q(user_permissions__in=may) | Q(is_superuser=True)
    return people.filter(fits).distinct().order_by("last_name", "first_name", "email")
