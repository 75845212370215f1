"""Staff pages of returns' money: what waits for a decision, and one of them with its consequences before and after."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.kernel.states import StateError
from shop.ui.numbers import money_text

from . import actions, approving, automatic, exchange_pages, postage_pages
from .forms import NothingForm, SettleForm, SettlementSearch
from .models import Settlement
from .plan import Plan, TooMuchKept
from .wish import wants_credit

SETTLE = "returns.settle_money"
SORT = {"return": "returning__number", "order": "order__number", "proposed": "proposed_at", "state": "state"}


@staff_view(SETTLE, shows="list")
@require_safe
def settlements(request: HttpRequest) -> HttpResponse:
    """Every settlement, those to be decided first. A constant number of queries."""
    form = SettlementSearch(request.GET)
    rows = Settlement.objects.select_related("returning", "order")
    for word in form.value("q").split()[:4]:
        rows = rows.filter(Q(returning__number__istartswith=word) | Q(order__number__istartswith=word))
    if form.value("state"):
        rows = rows.filter(state=form.value("state"))
    found = sorted_by(request, rows, SORT, ["-state", "proposed_at", "pk"])
    if wants_csv(request):
        return csv_file("settlements", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "reasons": automatic.REASONS,
    }
    return render(request, "dashboard/service/settlements.html", context, status=form.status)


@staff_view(SETTLE, shows="settlement")
@require_safe
def settlement(request: HttpRequest, number: str) -> HttpResponse:
    """One return's money: what came back, and what carrying it out would do."""
    found = _settlement(number)
    return _page(request, found, SettleForm(initial={"with_shipping": found.with_shipping}, settlement=found))


def _settlement(number: str) -> Settlement:
    rows = Settlement.objects.select_related("returning", "order__billing_address", "done_by")
    return get_object_or_404(rows, returning__number=number)


def _page(
    request: HttpRequest,
    found: Settlement,
    form: SettleForm,
    *,
    status: int = 200,
    nothing: NothingForm | None = None,
) -> HttpResponse:
    plan = _plan(found, form) if found.is_open else None
    requests = approving.requests_of(found)
    newest = requests[0] if requests else None
    context = {
        "settlement": found,
        "form": form,
        "nothing_form": nothing or NothingForm(auto_id="nothing_%s"),
        "plan": plan,
        "as_credit": wants_credit(found.returning),
        "needs_second": bool(plan and approving.needs_second(found, plan, request.user)),
        "request_state": newest.state if newest else "",
        "asked": newest,
        "carried": _carried(form),
        "because": automatic.REASONS.get(found.waits_because, ""),
        "withdrawal": automatic.withdrawal_of(found),
        "crumbs": [
            {"title": _("Money for returns"), "url": reverse("service:settlements")},
            {"title": found.returning.number, "url": ""},
        ],
    }
    return render(request, "dashboard/service/settlement.html", context, status=status)


def _plan(found: Settlement, form: SettleForm) -> Plan | None:
    """What it would do as the form says; None where the form is wrong (it then says so)."""
    if not form.is_bound:
        return actions.plan_of(found)
    if not form.is_valid():
        return None
    try:
        return actions.plan_of(found, kept=form.kept(), with_shipping=form.cleaned_data["with_shipping"])
    except TooMuchKept as error:
        most = money_text(error.value_minor, found.currency)
        form.add_error(
            f"kept-{error.line_id}", _("The pieces that came back are worth %(amount)s.") % {"amount": most}
        )
        return None


def _carried(form: SettleForm) -> list[tuple[str, str]]:
    """The form as hidden fields of the button that carries it out."""
    if not form.is_bound:
        return [("with_shipping", "on")] if form.initial.get("with_shipping") else []
    return [(name, str(form.data.get(name, ""))) for name in form.fields if form.data.get(name)]


@staff_view(SETTLE, shows="settlement")
@require_POST
def settle(request: HttpRequest, number: str) -> HttpResponse:
    """``step=show`` reckons anew with what was entered; ``step=do`` carries it out, or asks a second person."""
    found = _settlement(number)
    form = SettleForm(request.POST, settlement=found)
    if request.POST.get("step") != "do" or not form.is_valid():
        page = _page(request, found, form)
        page.status_code = 422 if form.errors else 200
        return page
    try:
        outcome = actions.carry_out(
            settlement=found,
            kept=form.kept(),
            kept_why=form.cleaned_data["kept_why"],
            with_shipping=form.cleaned_data["with_shipping"],
            seen_minor=(_number(request, "credit"), _number(request, "refund")),
            by=request.user,
        )
    except TooMuchKept:
        return _page(request, found, form, status=422)  # reckoning it for the page says beside which field
    except (actions.NotSo, ValueError) as problem:
        form.add_error(None, approving.in_words(problem))
        return _page(request, found, form, status=409)
    except StateError:
        messages.error(request, _meanwhile())
    else:
        _say(request, outcome)
    return redirect("service:settlement", number)


def _say(request: HttpRequest, outcome: actions.Outcome) -> None:
    """What happened: carried out, or asked for."""
    if outcome.approval is not None:
        words = {"title": outcome.approval.title}
        if outcome.is_new:
            messages.warning(request, _("It waits for a second person now: %(title)s") % words)
        else:
            messages.warning(request, _("This waits for approval already: %(title)s") % words)
    elif outcome.settlement is not None:
        done = outcome.settlement
        facts = {
            "credit": money_text(done.credited_minor, done.currency),
            "refund": money_text(done.refunded_minor, done.currency),
        }
        messages.success(request, _("Credited %(credit)s; %(refund)s are on their way back.") % facts)


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 16 else -1


@staff_view(SETTLE, shows="settlement")
@require_POST
def nothing(request: HttpRequest, number: str) -> HttpResponse:
    """No money goes back, and why."""
    found, form = _settlement(number), NothingForm(request.POST, auto_id="nothing_%s")
    if not form.is_valid():
        return _page(request, found, SettleForm(settlement=found), status=422, nothing=form)
    try:
        actions.nothing_due(settlement=found, why=form.cleaned_data["why"], by=request.user)
    except StateError:
        messages.error(request, _meanwhile())
    else:
        messages.success(request, _("Noted: no money goes back for this return."))
    return redirect("service:settlement", number)


def _meanwhile() -> str:
    return _("Meanwhile somebody else decided this. Nothing was changed; please look again.")


def _head() -> list[str]:
    return [
        _("Return"),
        _("Order"),
        _("State"),
        _("Since"),
        _("Credited"),
        _("Sent back"),
        _("Credit left"),
        _("Currency"),
    ]


def _cells(row: Settlement) -> list[Any]:
    return [row.returning.number, row.order.number, str(row.get_state_display()),
            timezone.localtime(row.proposed_at).strftime("%Y-%m-%d %H:%M"), row.credited_minor / 100,
            row.refunded_minor / 100, row.left_minor / 100, row.currency]  # fmt: skip


urlpatterns = [
    path("returns/", settlements, name="settlements"),
    path("returns/<slug:number>/", settlement, name="settlement"),
    path("returns/<slug:number>/settle/", settle, name="settlement-settle"),
    path("returns/<slug:number>/nothing/", nothing, name="settlement-nothing"),
    *postage_pages.urlpatterns,
    *exchange_pages.urlpatterns,
]
NAV = [
    NavEntry("orders", gettext_lazy("Money for returns"), "service:settlements", SETTLE, "return", 35),
    NavEntry(
        "orders",
        gettext_lazy("Postage of returns"),
        "service:return-postage",
        postage_pages.CHANGE,
        "truck",
        83,
    ),
]
