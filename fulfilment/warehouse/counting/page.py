"""The page of one count, shown by the office and as the answer to something the phone could not do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from shop.kernel.models import StateChange
from shop.ui.reasons import reason

from . import actions, queries
from .forms import WhyForm
from .models import CountTask
from .states import IN_HAND, TO_DO


def crumb() -> dict[str, str]:
    """The way back to the list."""
    return {"title": _("Counts"), "url": reverse("warehouse:counts")}


def task_page(
    request: HttpRequest, pk: int, problem: str = "", why_form: WhyForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of one count, also as the answer to something that could not be done (``problem``, in words)."""
    found = get_object_or_404(queries.tasks(), pk=pk)
    user: Any = request.user
    counted_it = user.pk in queries.people_who_counted(found)
    may_approve = user.has_perm("counting.approve_counts") and not counted_it
    lines = list(queries.lines_of(pk))
    context = {
        "task": found,
        "lines": lines,
        # Blind: figures are for those who approve, and for all once nothing is counted any more.
        "shows_figures": found.state == "booked" or (found.state == "approval" and may_approve),
        "differences": [line for line in lines if line.difference],
        "may_approve": may_approve and found.state == "approval",
        "counted_it": counted_it,
        "mine": actions.worker_id(found) == user.pk,
        "in_hand": found.state in IN_HAND,
        "to_do": found.state in TO_DO,
        "loss_minor": -sum(min(0, line.value_minor) for line in lines),
        "gain_minor": sum(max(0, line.value_minor) for line in lines),
        "problem": problem,
        "why_form": why_form or WhyForm(),
        "events": _events(found),
        "crumbs": [crumb(), {"title": found.number, "url": ""}],
    }
    return render(request, "dashboard/warehouse/counts/detail.html", context, status=status)


def _events(found: CountTask) -> list[dict[str, Any]]:
    labels = dict(CountTask.machine.choices)
    changes = StateChange.objects.filter(machine="count_task", thing_id=found.pk).select_related("by")
    begun = {
        "title": found.get_cause_display(),
        "at": found.created_at,
        "by": found.created_by.name if found.created_by else "",
        "text": found.note,
    }
    return [
        begun,
        *(
            {
                "title": labels.get(c.new, c.new),
                "at": c.at,
                "by": c.by.name if c.by else "",
                "text": reason(c.why),
            }
            for c in changes
        ),
    ]
