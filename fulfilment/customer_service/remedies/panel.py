"""What cases show of it: what was done for the customer, and the way to do something."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.cases.panels import Panel, register

from .actions import waiting_for
from .shown import shown_of


def panel(request: HttpRequest, case: Case) -> Panel | None:
    """The case's remedies, and the button. Two queries; None for who may not, or without an order."""
    if case.order is None or not request.user.has_perm("remedies.use_remedies"):  # type: ignore[union-attr]
        return None
    context = {
        "case": case,
        "number": case.order.number,
        "remedies": shown_of(case.order),
        "waiting": [row for row in waiting_for(case.order) if row.state == "waiting"],
    }
    return Panel(
        gettext_lazy("What we do for the customer"), "dashboard/service/remedies_panel.html", context, 10
    )


def register_panel() -> None:
    """Called when the room is ready."""
    register("remedies", panel)
