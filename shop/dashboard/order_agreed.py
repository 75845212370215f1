"""What was agreed with an order, for staff: the same as the customer sees on their page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shop.kernel.access import staff_view
from shop.pages.agreed import agreed_with

from .order_page import _crumbs, find
from .orders import VIEW


@staff_view(VIEW, shows="order")
@require_safe
def agreed(request: HttpRequest, number: str) -> HttpResponse:
    """Summary and texts as they were on the day of the order."""
    order = find(number)
    context = agreed_with(order) | {"crumbs": _crumbs(order, _("What was agreed"))}
    return render(request, "dashboard/orders/agreed.html", context)


urlpatterns = [path("orders/<slug:number>/agreed/", agreed, name="order-agreed")]
