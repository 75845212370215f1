"""Staff pages of dunning: whose letters are due, what is held back and why, and sending them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from fulfilment.warehouse.lists import page_of
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import claim_pages, handovers, holds, limit_pages, notices, policy, promises, write_offs
from .access import RUN, VIEW, VIEW_LIMITS
from .actions import run
from .forms import PlanForm
from .models import DunningPolicy
from .proposal import Plan, Proposal

ALL = "all"
PREVIEW_CUSTOMERS = 500  #: the page shows so many; the run itself knows no limit


@staff_view(VIEW, shows="list")
@require_safe
def proposal(request: HttpRequest) -> HttpResponse:
    """The letters of a day, today's unless another is asked for: written as the night would, and rolled back."""
    today = clock.today()
    form = PlanForm(request.GET if "day" in request.GET else {"day": today.isoformat()})
    day = form.chosen()
    found = run(day=day, dry_run=True, at_most=PREVIEW_CUSTOMERS).plan
    policy_row = DunningPolicy.objects.first() or DunningPolicy()
    context = {
        "form": form,
        "day": day,
        "today": today,
        "is_today": day == today,
        "tomorrow": today + dt.timedelta(days=1),
        "plan": found,
        "page": page_of(request, found.proposals),
        "totals": _totals(found.proposals),
        "automatic": policy_row.automatic,
        "may_send": day == today and not found.stopped and request.user.has_perm(RUN),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "dashboard/finance/dunning/proposal.html", context, status=status)


@staff_view(RUN, shows="list")
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Send the chosen letters of today: first a page that says what goes out, then it goes out."""
    today = clock.today()
    found = run(day=today, dry_run=True, at_most=PREVIEW_CUSTOMERS).plan
    chosen = _chosen(request, found)
    if found.stopped or not chosen:
        messages.error(request, found.stopped or _("Please choose at least one letter."))
        return redirect("finance:dunning")
    if request.POST.get("step") != "send":
        context: dict[str, Any] = {
            "chosen": chosen,
            "totals": _totals(chosen),
            "crumbs": notices.crumbs(_("Send")),
        }
        return render(request, "dashboard/finance/dunning/send.html", context)
    result = run(day=today, by=request.user, only={letter.key for letter in chosen})
    for failure in result.failures:
        messages.error(request, _("Not written: %(what)s") % {"what": failure})
    written = result.written
    text = ngettext("%(n)d letter goes out by mail now.", "%(n)d letters go out by mail now.", written)
    messages.success(request, text % {"n": written})
    missing = len(chosen) - written - len(result.failures)
    if missing > 0:
        text = ngettext(
            "%(n)d letter was not written: somebody paid meanwhile, or it had just been sent.",
            "%(n)d letters were not written: somebody paid meanwhile, or they had just been sent.",
            missing,
        )
        messages.info(request, text % {"n": missing})
    return redirect("finance:dunning-notices")


def _chosen(request: HttpRequest, found: Plan) -> list[Proposal]:
    """The letters that were ticked and are still due; keys nobody knows are left out."""
    keys = set(request.POST.getlist("letter"))
    return [letter for letter in found.proposals if ALL in keys or letter.key in keys]


def _totals(letters: Any) -> dict[str, int]:
    return {
        "letters": len(letters),
        "open_minor": sum(letter.open_minor for letter in letters),
        "interest_minor": sum(letter.interest_minor for letter in letters),
        "costs_minor": sum(letter.fee_minor + letter.lump_sum_minor for letter in letters),
        "total_minor": sum(letter.total_minor for letter in letters),
    }


urlpatterns = [
    path("dunning/", proposal, name="dunning"),
    path("dunning/send/", send, name="dunning-send"),
    *notices.urlpatterns,
    *holds.urlpatterns,
    *policy.urlpatterns,
    *promises.urlpatterns,
    *handovers.urlpatterns,
    *claim_pages.urlpatterns,
    *write_offs.urlpatterns,
    *limit_pages.urlpatterns,
]
NAV = [
    NavEntry("finance", gettext_lazy("Dunning"), "finance:dunning", VIEW, "gavel", 45),
    NavEntry("finance", gettext_lazy("Write-offs"), "finance:write-offs", VIEW, "minus", 46),
    NavEntry("finance", gettext_lazy("Limits on account"), "finance:limits", VIEW_LIMITS, "shield", 47),
]
