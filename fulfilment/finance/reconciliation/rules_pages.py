"""Staff pages of what matching has learned: the list, one rule, forgetting it, and what may be booked without
asking."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.ledger.by_hand import accounts_to_choose
from fulfilment.finance.model_forms import PeopleForm
from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from .actions import forget
from .actions.intake import policy
from .matching.reading import words_of
from .models import LearnedRule, MatchPolicy

SORT = {"fired": "fired", "last": "last_fired_at", "kind": "kind", "since": "created_at"}


class RuleSearch(Search):
    """Filters of the rules."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[("", gettext_lazy("all")), *LearnedRule.KINDS],
    )


class RuleForm(PeopleForm):
    """A rule about texts; whose account an IBAN is cannot be typed, only confirmed or forgotten."""

    class Meta:
        model = LearnedRule
        fields = ["pattern", "direction", "ledger_account", "vat_rate_bp", "by_itself"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ledger_account"].queryset = accounts_to_choose()  # type: ignore[attr-defined]
        self.fields["ledger_account"].required = True
        self.fields["pattern"].required = True

    def clean_pattern(self) -> str:
        """The words of the pattern, sorted; at least one of three letters or more."""
        words = sorted(words_of(self.cleaned_data["pattern"]))
        if not words:
            raise forms.ValidationError(_("Please give a word of three letters or more."))
        return " ".join(words)[:140]


class PolicyForm(PeopleForm):
    """What may be booked without asking."""

    class Meta:
        model = MatchPolicy
        fields = ["books_by_itself", "certain_from", "same_money_days"]

    def clean_certain_from(self) -> int:
        """From 80 to 100 percent: less is not certain."""
        value = int(self.cleaned_data["certain_from"])
        if not 80 <= value <= 100:
            raise forms.ValidationError(_("Please enter a number from 80 to 100."))
        return value


@staff_view("reconciliation.view_receipts", shows="list")
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Everything that confirmations taught, with how often it was used."""
    form = RuleSearch(request.GET)
    found = _found(form.value("q"), form.value("kind"))
    found = sorted_by(request, found, SORT, ["-fired", "-pk"])
    if wants_csv(request):
        head = [_("Kind"), "IBAN", _("Words"), _("Customer"), _("Account"), _("Used"), _("Last used")]
        rows = (
            [
                row.get_kind_display(), row.iban, row.pattern, row.customer_name, str(row.ledger_account or ""),
                row.fired, row.last_fired_at.isoformat() if row.last_fired_at else "",
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("rules", head, rows)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "policy": policy(),
    }
    return render(request, "dashboard/finance/rules.html", context, status=form.status)


@staff_view("reconciliation.change_rules", shows="rule")
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a rule about texts."""
    found = get_object_or_404(LearnedRule, pk=pk)
    form = RuleForm(request.POST or None, instance=found) if found.kind == LearnedRule.ACCOUNT else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            with transaction.atomic():
                form.save_as(request.user)
        except IntegrityError:
            form.add_error("pattern", _("There is a rule with these words already."))
        else:
            messages.success(request, _("The rule is kept; lines that come from now on follow it."))
            return redirect("finance:rules")
    context = {"rule": found, "form": form, "crumbs": _crumbs(found)}
    status = 400 if request.method == "POST" else 200
    return render(request, "dashboard/finance/rule.html", context, status=status)


@staff_view("reconciliation.change_rules", shows="rule")
@require_http_methods(["GET", "HEAD", "POST"])
def forget_rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a rule, after saying what that means."""
    found = get_object_or_404(LearnedRule, pk=pk)
    if request.method == "POST":
        forget(rule=found, by=request.user)
        messages.success(request, _("The rule is gone; what was booked by it stays."))
        return redirect("finance:rules")
    context = {"rule": found, "crumbs": _crumbs(found)}
    return render(request, "dashboard/finance/forget_rule.html", context)


@staff_view("reconciliation.change_rules")
@require_http_methods(["GET", "HEAD", "POST"])
def match_policy(request: HttpRequest) -> HttpResponse:
    """What matching may book by itself."""
    form = PolicyForm(request.POST or None, instance=policy())
    if request.method == "POST" and form.is_valid():
        form.save_as(request.user)
        messages.success(request, _("The policy is kept; the next run follows it."))
        return redirect("finance:rules")
    context = {"form": form, "crumbs": _crumbs(None)}
    return render(
        request, "dashboard/finance/match_policy.html", context, status=400 if form.is_bound else 200
    )


def _found(search: str, kind: str) -> QuerySet[LearnedRule]:
    found = LearnedRule.objects.select_related("ledger_account")
    if kind:
        found = found.filter(kind=kind)
    if search:
        found = found.filter(
            Q(iban__icontains="".join(search.split()))
            | Q(pattern__icontains=search)
            | Q(customer_name__icontains=search)
            | Q(ledger_account__number__startswith=search)
        )
    return found


def _crumbs(found: LearnedRule | None) -> list[dict[str, str]]:
    first = {"title": _("Learned rules"), "url": reverse("finance:rules")}
    title = (found.iban or found.pattern) if found is not None else _("What is booked without asking")
    return [first, {"title": title, "url": ""}]


urlpatterns = [
    path("rules/", rules, name="rules"),
    path("rules/policy/", match_policy, name="match-policy"),
    path("rules/<row:pk>/", rule, name="rule"),
    path("rules/<row:pk>/forget/", forget_rule, name="forget-rule"),
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Learned rules"),
        "finance:rules",
        "reconciliation.view_receipts",
        "settings",
        48,
    ),
]
