"""The page that moves a list to another site: it says before what would happen, and afterwards what did."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from fulfilment.warehouse.routing.queries import routings_of
from fulfilment.warehouse.routing.words import reason_text
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view

from .actions.rerouting import Outlook, outlooks, reroute
from .models import PickList


class RerouteForm(forms.Form):
    """To which site, and why."""

    site = forms.ChoiceField(label=gettext_lazy("To which site"), widget=forms.RadioSelect)
    why = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, sites: list[Outlook], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [  # type: ignore[attr-defined]
            (str(look.site.pk), f"{look.site}: {words(look)}") for look in sites if look.moves
        ]


def words(look: Outlook) -> str:
    """What moving to a site means, in words."""
    parts = [ngettext("%(n)s piece is sent from there.", "%(n)s pieces are sent from there.", look.moves)]
    parts[0] %= {"n": look.moves}
    if look.stays:
        text = ngettext(
            "%(n)s piece is not there and stays here.",
            "%(n)s pieces are not there and stay here.",
            look.stays,
        )
        parts.append(text % {"n": look.stays})
    if look.picked:
        text = ngettext(
            "%(n)s picked piece leaves from here, in a parcel of its own.",
            "%(n)s picked pieces leave from here, in a parcel of their own.",
            look.picked,
        )
        parts.append(text % {"n": look.picked})
    return " ".join(parts)


@staff_view("routing.reroute_orders")
@require_http_methods(["GET", "HEAD", "POST"])
def reroute_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose another site for what is still open of a list."""
    found = get_object_or_404(PickList.objects.select_related("order", "site"), pk=pk)
    looks = outlooks(found)
    form = RerouteForm(request.POST or None, sites=looks)
    problem, status = "", 400 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        chosen = next(look for look in looks if str(look.site.pk) == form.cleaned_data["site"])
        try:
            done = reroute(pick_list=found, site=chosen.site, by=request.user, why=form.cleaned_data["why"])
        except StockError as error:
            problem, status = str(error), 409
        else:
            messages.success(request, f"{done.site}: {words(done)}")
            return redirect("warehouse:pick-list", pk)
    context = {
        "list": found,
        "form": form,
        "problem": problem,
        "none_has_it": not any(look.moves for look in looks),
        "routings": [(routing, reason_text(routing)) for routing in routings_of(found.order_id)],
        "crumbs": [
            {"title": _("Pick lists"), "url": reverse("warehouse:pick-lists")},
            {"title": found.order.number, "url": reverse("warehouse:pick-list", args=[pk])},
            {"title": _("Send from another site"), "url": ""},
        ],
    }
    return render(request, "dashboard/warehouse/reroute.html", context, status=status)


urlpatterns = [path("pick-lists/<row:pk>/reroute/", reroute_list, name="reroute")]
