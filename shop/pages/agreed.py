"""What was agreed with an order: the summary above its button, and the legal texts in the versions that applied."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from checkout.order import access
from checkout.order.models import AcceptedSummary, Order
from shop.kernel.access import public

from .legal_texts import versions


@public
@never_cache
@require_safe
def agreed(request: HttpRequest, number: str) -> HttpResponse:
    """For whoever may see the order. Raises Http404 for strangers: to them it is not there."""
    order = Order.objects.filter(number=number).first()
    if order is None or not access.may_see(request, order):
        raise Http404
    context = agreed_with(order) | {
        "crumbs": [
            {"title": order.number, "url": reverse("orders:detail", args=[order.number])},
            {"title": _("What was agreed"), "url": ""},
        ]
    }
    return render(request, "storefront/order/agreed.html", context)


def agreed_with(order: Order) -> dict[str, Any]:
    """``summary`` (HTML as it was shown; "" where none was kept), ``summary_at``, ``texts`` (versions). Two queries."""
    kept = AcceptedSummary.objects.filter(order=order).first()
    return {
        "order": order,
        # Rendered by our own template on the day of the order, with every value escaped; legal_check compares its hash.
        "summary": mark_safe(kept.html) if kept else "",
        "summary_at": kept.seen_at if kept else None,
        "texts": versions(kept.texts) if kept else [],
    }
