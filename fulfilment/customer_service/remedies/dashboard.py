"""The one screen: what can be done for the customer of an order, what it would do, and what was done."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from checkout.order.models import Order
from fulfilment.customer_service.cases.models import Case
from shop.approvals.actions import limit_minor
from shop.kernel.access import staff_view
from shop.ui.numbers import money_text

from . import actions, lists
from .acts import ACTS, WAYS, Act, Refused, Way, Wish
from .acts.base import ActForm
from .shown import shown_of

USE = "remedies.use_remedies"


@staff_view(USE, shows="order")
@require_safe
def act_page(request: HttpRequest, number: str) -> HttpResponse:
    """Everything that can be done for an order, each with why not; what waits, and what was done."""
    order, case = _order(number), None
    if request.GET.get("case"):
        case = _case(order, request.GET["case"])
    requests = actions.waiting_for(order)
    context = {
        "order": order,
        "case": case,
        "choices": [(act, _refusal(request, act, order)) for act in ACTS.values()],
        "ways": _ways(request, order),
        "remedies": shown_of(order),
        "waiting": [row for row in requests if row.state == "waiting"],
        "declined": [row for row in actions.newest(requests) if row.state == "declined"],
        "crumbs": _crumbs(order, case),
    }
    return render(request, "dashboard/service/act.html", context)


def _ways(request: HttpRequest, order: Order) -> list[tuple[Way, str]]:
    """Pages of their own that this person may open, with their addresses."""
    person: Any = request.user
    found = [(way, way.url(order)) for way in WAYS if person.has_perm(way.permission)]
    return [(way, url) for way, url in found if url]


def _refusal(request: HttpRequest, act: Act, order: Order) -> str:
    person: Any = request.user
    if not person.has_perm(act.permission):
        return _("Your role may not do this.")
    return act.refusal(order)


@staff_view(USE, shows="order")
@require_http_methods(["GET", "HEAD", "POST"])
def act_form(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """One act: fill in, see what would happen (``step=show``), do it (``step=do``)."""
    order = _order(number)
    act = ACTS.get(code)
    if act is None:
        raise Http404(code)
    person: Any = request.user
    if not person.has_perm(act.permission):
        raise PermissionDenied
    if request.POST.get("step") == "do" and actions.is_done(act, order, _token(request)):
        return redirect("service:act", number)  # a second click: the first one did it
    given = request.POST if request.method == "POST" else request.GET
    case = _case(order, given["case"]) if given.get("case") else None
    form = act.form(request.POST if request.method == "POST" else None, order=order, case=case)
    if request.method != "POST":
        return _page(request, act, order, case, form)
    if not form.is_valid():
        return _page(request, act, order, case, form, status=422)
    wish = Wish(order, form.plain(), request.user, case)
    try:
        if request.POST.get("step") == "do":
            return _do(request, act, wish)
        effects = actions.effects_of(act, wish)
    except actions.Changed as problem:
        messages.warning(request, str(problem))
        return _again(request, act, wish, form)
    except Refused as problem:
        form.add_error(None, str(problem))
        return _page(request, act, order, case, form, status=409)
    return _page(request, act, order, case, form, wish=wish, effects=effects)


def _again(request: HttpRequest, act: Act, wish: Wish, form: ActForm) -> HttpResponse:
    """Show what would happen now."""
    try:
        effects = actions.effects_of(act, wish)
    except Refused as problem:
        form.add_error(None, str(problem))
        return _page(request, act, wish.order, wish.case, form, status=409)
    return _page(request, act, wish.order, wish.case, form, wish=wish, effects=effects, status=409)


def _do(request: HttpRequest, act: Act, wish: Wish) -> HttpResponse:
    """Carry it out and say what happened. Raises Refused."""
    outcome = actions.carry_out(act=act, wish=wish, key=_token(request), seen=request.POST.get("seen", ""))
    if outcome.approval is not None:
        words = {"title": outcome.approval.title}
        if outcome.is_new:
            messages.warning(request, _("It waits for a second person now: %(title)s") % words)
        else:
            messages.warning(request, _("This waits for approval already: %(title)s") % words)
    elif outcome.remedy is not None:
        messages.success(request, outcome.remedy.result)
    query = f"?case={wish.case.number}" if wish.case else ""
    return redirect(reverse("service:act", args=[wish.order.number]) + query)


def _page(
    request: HttpRequest,
    act: Act,
    order: Order,
    case: Case | None,
    form: ActForm,
    *,
    wish: Wish | None = None,
    effects: Any = None,
    status: int = 200,
) -> HttpResponse:
    refusal = act.refusal(order) if not form.is_bound else ""
    context = {
        "act": act,
        "order": order,
        "case": case,
        "form": form,
        "refusal": refusal,
        "effects": effects,
        "needs_second": bool(effects and wish and actions.second_person_needed(act, wish, effects)),
        "alone": _alone(request, act, order),
        "carried": _carried(form) if effects else [],
        "token": _token(request) if effects else "",
        "seen": actions.seal(order, effects) if effects else "",
        "crumbs": _crumbs(order, case, act.title),
    }
    return render(request, "dashboard/service/act_form.html", context, status=status)


def _alone(request: HttpRequest, act: Act, order: Order) -> str:
    """Up to which amount this person needs nobody else for this order; "" without a limit."""
    if not act.has_limit(order):
        return ""
    left = limit_minor(kind_name=act.limit_kind, by=request.user) - actions.done_minor(order, act.limit_kind)
    return money_text(max(0, left), order.currency)


def _carried(form: ActForm) -> list[tuple[str, str]]:
    """The form as hidden fields of the button that does it."""
    return [
        (name, value)
        for name in form.fields
        if name in form.data
        for value in form.data.getlist(name)  # type: ignore[attr-defined]
    ]


def _token(request: HttpRequest) -> str:
    """Names the form that was filled in; a made up one is replaced."""
    try:
        return str(uuid.UUID(request.POST.get("token", "")))
    except ValueError:
        return str(uuid.uuid4())


def _order(number: str) -> Order:
    orders = Order.objects.select_related("user", "billing_address", "shipping_address__country", "replaces")
    found = orders.filter(number=number).first()
    if found is None:
        raise Http404(number)
    return found


def _case(order: Order, number: str) -> Case:
    """The case it is done for; one of another order is not there."""
    found = Case.objects.filter(number=number, order=order).first()
    if found is None:
        raise Http404(number)
    return found


def _crumbs(order: Order, case: Case | None, *further: Any) -> list[dict[str, Any]]:
    query = f"?case={case.number}" if case else ""
    first = (
        {"title": case.number, "url": reverse("service:case", args=[case.number])}
        if case
        else {"title": order.number, "url": reverse("dashboard:order", args=[order.number])}
    )
    here = {"title": _("Help the customer"), "url": reverse("service:act", args=[order.number]) + query}
    return [first, here, *({"title": title, "url": ""} for title in further)]


urlpatterns = [
    path("orders/<slug:number>/act/", act_page, name="act"),
    path("orders/<slug:number>/act/<slug:code>/", act_form, name="act-form"),
    *lists.urlpatterns,
]
NAV = lists.NAV
