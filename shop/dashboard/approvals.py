"""What one person may not do alone: the list, one request, the decision in words, and the limits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import AmountField, CsvAmount
from fulfilment.finance.forms import Period
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.approvals import actions
from shop.approvals.kinds import kind, kinds
from shop.approvals.models import Approval, ApprovalLimit
from shop.approvals.states import APPROVAL
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.history import signed
from shop.kernel.nav import NavEntry
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .roles import TITLES

VIEW, LIMITS = "approvals.view_approvals", "approvals.change_limits"
SORT = {"asked": "requested_at", "due": "due_at", "amount": "amount_minor", "state": "state", "kind": "kind"}
WAITING, LATE, MINE = "waiting", "late", "mine"
CHANGES_SHOWN = 20


class ApprovalSearch(Period):
    """Filters of the list; they stay in the address."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("all")), (LATE, _("late")), *APPROVAL.choices],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=lambda: [("", _("all")), *((one.name, one.title) for one in kinds())],
    )
    who = forms.ChoiceField(
        label=gettext_lazy("Asked by"),
        required=False,
        choices=[("", gettext_lazy("all")), (MINE, gettext_lazy("me")), ("others", gettext_lazy("others"))],
    )
    field_order = ["q", "state", "kind", "who", "first", "last"]


class WordsForm(forms.Form):
    """What somebody says with a decision."""

    words = forms.CharField(
        label=gettext_lazy("Your words"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class LimitForm(forms.Form):
    """A limit for a role, or for everybody."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=lambda: [(one.name, one.title) for one in kinds() if one.is_set],
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        required=False,
        choices=lambda: [("", _("everybody without a limit of their own")), *TITLES.items()],
    )
    limit = AmountField(
        label=gettext_lazy("Without a second person up to"),
        positive=False,
        required=False,
        help_text=gettext_lazy("Empty: what holds without a limit of its own."),
    )

    def clean_limit(self) -> int | None:
        """Not below zero."""
        limit: int | None = self.cleaned_data.get("limit")
        if limit is not None and limit < 0:
            raise forms.ValidationError(_("The amount must not be below zero."))
        return limit


@staff_view(VIEW, shows="list")
@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """Every request: those that wait first, the most urgent on top. A constant number of queries."""
    form = ApprovalSearch(request.GET)
    first = Case(When(state=WAITING, then=0), default=1, output_field=IntegerField())
    found = _search(form, request.user).annotate(turn=first)
    found = sorted_by(request, found, SORT, ["turn", "-requested_at", "-pk"])
    if wants_csv(request):
        return csv_file("approvals", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    page = page_of(request, found)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, _title(row.kind)) for row in page.object_list],
        "csv_url": csv_url(request),
        "now": clock.now(),
    }
    return render(request, "dashboard/approvals/list.html", context, status=form.status)


def _search(form: ApprovalSearch, user: Any) -> QuerySet[Approval]:
    found = Approval.objects.select_related("requested_by", "decided_by")
    for word in form.value("q").split()[:6]:
        found = found.filter(
            Q(title__icontains=word)
            | Q(reason__icontains=word)
            | Q(requested_by__email__icontains=word)
            | Q(requested_by__last_name__icontains=word)
        )
    state, who = form.value("state"), form.value("who")
    if state == LATE:
        found = found.filter(state=WAITING, due_at__lte=clock.now())
    elif state:
        found = found.filter(state=state)
    if form.value("kind"):
        found = found.filter(kind=form.value("kind"))
    if who:
        mine = Q(requested_by=user)
        found = found.filter(mine if who == MINE else ~mine)
    return form.within(found, "requested_at__date")


@staff_view(VIEW, shows="approval")
@require_http_methods(["GET", "HEAD", "POST"])
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: what, how much, who, why, what would happen; and the decision."""
    rows = Approval.objects.select_related("requested_by", "decided_by")
    found = get_object_or_404(rows, pk=pk)
    form = WordsForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            problem = _decide(request, found, request.POST.get("step", ""), form.cleaned_data["words"])
            if not problem:
                return redirect("dashboard:approval", found.pk)
            status = 409
        found = rows.get(pk=pk)
    reasons = dict(kind(found.kind).reasons) if _known(found.kind) else {}
    context = {
        "approval": found,
        "kind_title": _title(found.kind),
        "reason_label": reasons.get(found.reason_code, found.reason_code),
        "form": form,
        "problem": problem,
        "may_decide": found.state == WAITING
        and _known(found.kind)
        and actions.may_decide(found, request.user),
        "is_mine": found.requested_by_id == request.user.pk,
        "is_late": found.state == WAITING and found.due_at <= clock.now(),
        "crumbs": [
            {"title": _("Approvals"), "url": reverse("dashboard:approvals")},
            {"title": found.title, "url": ""},
        ],
    }
    return render(request, "dashboard/approvals/detail.html", context, status=status)


def _decide(request: HttpRequest, found: Approval, step: str, words: str) -> str:
    """Do what was chosen; returns what stood against it, "" when done."""
    try:
        if step == "approve":
            outcome = actions.approve(approval=found, by=request.user, words=words)
            messages.success(request, _("Approved. %(outcome)s") % {"outcome": outcome.text})
        elif step == "decline":
            actions.decline(approval=found, by=request.user, words=words)
            messages.success(request, _("Declined. Nothing was done; who asked sees your words."))
        elif step == "withdraw":
            actions.withdraw(approval=found, by=request.user, words=words)
            messages.success(request, _("Withdrawn. Nothing was done."))
        else:
            return str(_("Please choose what to do."))
    except ValueError as error:  # NotYours, Decided, CannotRun, no words: each says why, for people
        return str(error)
    return ""


@staff_view(LIMITS)
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: HttpRequest) -> HttpResponse:
    """The limits per kind and role, with what was changed by whom."""
    form = LimitForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            _set_limit(form.cleaned_data, request.user)
            messages.success(request, _("Saved. The limit holds from now on; what waits goes on waiting."))
            return redirect("dashboard:approval-limits")
    rows: dict[str, list[Any]] = {}
    for limit in ApprovalLimit.objects.order_by("kind", "role"):
        rows.setdefault(limit.kind, []).append((TITLES.get(limit.role, ""), limit.limit_minor))
    changes = ApprovalLimit.history.select_related("history_user")[:CHANGES_SHOWN]
    context = {
        "form": form,
        "kinds": [(one, rows.get(one.name, [])) for one in kinds() if one.is_set],
        "changes": [(change, _title(change.kind), TITLES.get(change.role, "")) for change in changes],
        "crumbs": [
            {"title": _("Approvals"), "url": reverse("dashboard:approvals")},
            {"title": _("Limits for approvals"), "url": ""},
        ],
    }
    return render(request, "dashboard/approvals/limits.html", context, status=status)


def _set_limit(data: dict[str, Any], by: Any) -> None:
    """Two who set the same limit at once: the later one counts."""

    def work() -> None:
        row = ApprovalLimit.objects.filter(kind=data["kind"], role=data["role"]).first()
        if data["limit"] is None:
            if row is not None:
                signed(row, by).delete()
            return
        row = row or ApprovalLimit(kind=data["kind"], role=data["role"])
        row.limit_minor = data["limit"]
        signed(row, by).save()

    try:
        retrying(work)
    except IntegrityError:
        retrying(work)


def asked_text(found: Approval, *, is_new: bool) -> str:
    """What somebody is told whose wish waits for a second person."""
    if not is_new:
        return _("This waits for approval already: %(title)s") % {"title": found.title}
    return _(
        "%(amount)s need a second person: it waits for approval now. You see the outcome on the list."
    ) % {"amount": money_text(found.amount_minor, found.currency)}


def _known(name: str) -> bool:
    return name in {one.name for one in kinds()}


def _title(name: str) -> Any:
    return kind(name).title if _known(name) else name


def _head() -> list[str]:
    return [
        _("Kind"), _("What"), _("Amount"), _("Currency"), _("State"), _("Asked by"), _("Asked"), _("Reason"),
        _("Decided by"), _("Decided"), _("Words with it"), _("Outcome"),
    ]  # fmt: skip


def _cells(row: Approval) -> list[Any]:
    decided = timezone.localtime(row.decided_at).strftime("%Y-%m-%d %H:%M") if row.decided_at else ""
    return [
        str(_title(row.kind)), row.title, CsvAmount(row.amount_minor), row.currency, str(row.get_state_display()),
        row.requested_by.email if row.requested_by else row.asker,
        timezone.localtime(row.requested_at).strftime("%Y-%m-%d %H:%M"), row.reason,
        row.decided_by.email if row.decided_by else "", decided, row.words, row.result,
    ]  # fmt: skip


urlpatterns = [
    path("approvals/", approvals, name="approvals"),
    path("approvals/limits/", limits, name="approval-limits"),
    path("approvals/<row:pk>/", approval, name="approval"),
]
NAV = [
    NavEntry(
        "start",
        gettext_lazy("Approvals"),
        "dashboard:approvals",
        VIEW,
        "check-circle",
        20,
        lambda: Approval.objects.filter(state=WAITING).count(),
    ),
    NavEntry(
        "operations", gettext_lazy("Limits for approvals"), "dashboard:approval-limits", LIMITS, "shield", 30
    ),
]
