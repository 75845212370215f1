"""Staff pages of money without an order: the list, one of them, its explanation, and taking that back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import ReasonForm
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.numbers import money_text

from . import approving, queries, unmatched
from .forms import ExplainForm, MoneySearch
from .models import BalanceTransaction, Explanation, UnmatchedMoney

VIEW, EXPLAIN = "psp.view_payouts", "psp.explain_money"
SORT = {"date": "came_at", "amount": "amount_minor", "reference": "reference"}


@staff_view(VIEW, shows="list")
@require_safe
def money_list(request: HttpRequest) -> HttpResponse:
    """Money at the provider that belonged to nothing we knew, newest first."""
    form = MoneySearch(request.GET)
    found = sorted_by(request, _search(form), SORT, ["-came_at", "-pk"])
    if wants_csv(request):
        head = [_("Date"), _("Reference"), _("What is known"), _("State"), _("Amount"), _("Currency")]
        cells = (
            [
                timezone.localtime(row.came_at).strftime("%Y-%m-%d %H:%M"), row.reference, row.note,
                _("unexplained") if row.is_open else _("explained"), CsvAmount(row.amount_minor), row.currency,
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("money-without-an-order", head, cells)
    context = {"form": form, "page": page_of(request, found), "csv_url": csv_url(request)}
    return render(request, "dashboard/finance/psp/unmatched.html", context, status=form.status)


def _search(form: MoneySearch) -> QuerySet[UnmatchedMoney]:
    found = UnmatchedMoney.objects.all()
    term, state = form.value("q"), form.value("state")
    if term:
        found = found.filter(Q(reference__icontains=term) | Q(note__icontains=term))
    if state:
        found = found.filter(is_open=state == "open")
    return found


@staff_view(VIEW, shows="money")
@require_http_methods(["GET", "HEAD", "POST"])
def money(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them: what is known, what was said of it, and the form to explain it."""
    found = get_object_or_404(UnmatchedMoney, pk=pk)
    form = ExplainForm(request.POST or None, found)
    status, problem = 200, ""
    if request.method == "POST":
        if not request.user.has_perm(EXPLAIN):
            raise PermissionDenied
        status = 400
        if form.is_valid():
            problem = _explain(request, found, form)
            if not problem:
                return redirect("finance:unmatched-money", found.pk)
            status = 409
    context = {
        "money": found,
        "form": form,
        "problem": problem,
        "waiting": approving.waiting_for(found) if found.is_open else None,
        "explanations": list(
            found.explanations.select_related("order", "by", "undone_by").order_by("-created_at")
        ),
        "movements": list(
            BalanceTransaction.objects.filter(Q(source_id=found.reference) | Q(intent_id=found.reference))
            .exclude(source_id="", intent_id="")
            .select_related("payout")[:20]
        ),
        "crumbs": _crumbs(found),
    }
    return render(request, "dashboard/finance/psp/money.html", context, status=status)


def _explain(request: HttpRequest, found: UnmatchedMoney, form: ExplainForm) -> str:
    """Do it; returns what stood against it, "" when done."""
    data = form.cleaned_data
    if data["kind"] == Explanation.GIVE_BACK:
        return _give_back(request, found, data["reason"])
    try:
        unmatched.explain(
            money=found,
            kind=data["kind"],
            order=data.get("order"),
            account_number=data.get("account") or "",
            why=data["reason"],
            by=request.user,
        )
    except unmatched.CannotExplain as error:
        return str(error)
    amount = {"amount": money_text(found.amount_minor, found.currency)}
    messages.success(request, _("%(amount)s are explained; the books show the entry.") % amount)
    return ""


def _give_back(request: HttpRequest, found: UnmatchedMoney, why: str) -> str:
    """Do it, or ask for approval; returns what stood against it, "" when done."""
    try:
        done = approving.give_back(money=found, why=why, by=request.user)
    except unmatched.CannotExplain as error:
        return str(error)
    amount = {"amount": money_text(found.amount_minor, found.currency)}
    if isinstance(done, Explanation):
        messages.success(
            request, _("%(amount)s are on their way back; this page shows when it is done.") % amount
        )
    else:
        messages.warning(request, _("%(amount)s need a second person: it waits for approval now.") % amount)
    return ""


@staff_view(EXPLAIN)
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an explanation back, after saying what that means."""
    row = get_object_or_404(Explanation.objects.select_related("money", "order"), pk=pk)
    form = ReasonForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            unmatched.undo(explanation=row, why=form.cleaned_data["reason"], by=request.user)
        except unmatched.CannotExplain as error:
            form.add_error(None, str(error))
            status = 409
        else:
            messages.success(request, _("The explanation was taken back; the money is unexplained again."))
            return redirect("finance:unmatched-money", row.money_id)
    context = {"row": row, "money": row.money, "form": form, "crumbs": _crumbs(row.money, _("Take back"))}
    return render(request, "dashboard/finance/psp/undo_explanation.html", context, status=status)


def _crumbs(found: UnmatchedMoney, *further: str) -> list[dict[str, str]]:
    crumbs = [
        {"title": _("Money without an order"), "url": reverse("finance:unmatched")},
        {"title": found.reference, "url": reverse("finance:unmatched-money", args=[found.pk])},
    ]
    return crumbs + [{"title": title, "url": ""} for title in further]


urlpatterns = [
    path("money-without-an-order/", money_list, name="unmatched"),
    path("money-without-an-order/<row:pk>/", money, name="unmatched-money"),
    path("explanations/<row:pk>/undo/", undo, name="undo-explanation"),
]
NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Money without an order"),
        "finance:unmatched",
        VIEW,
        "question",
        47,
        lambda: queries.open_money().count(),
    )
]
