"""Who may pay how: the rules as sentences, and a form to change each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe
from oscar.apps.address.models import Country

from checkout.payment.models import CARD, INVOICE, METHODS, PREPAYMENT, MethodRule
from fulfilment.finance.model_forms import PeopleForm
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.numbers import money_text

from .order_story import method_name

PERMISSION = "payment.manage_payment_rules"
CHANGES_SHOWN = 30
DUE_DAYS_MAX = 50  #: longer than that after delivery is consumer credit, Directive (EU) 2023/2225
#: What only the methods without money in advance ask about a person.
PERSONAL = ("registered_only", "paid_orders_needed", "exposure_limit_minor", "dunning_level_below")


class RuleForm(PeopleForm):
    """One rule, in words and amounts."""

    class Meta:
        model = MethodRule
        fields = (
            "enabled",
            "countries",
            "minimum_minor",
            "maximum_minor",
            "same_country",
            "registered_only",
            "paid_orders_needed",
            "exposure_limit_minor",
            "dunning_level_below",
            "due_days",
        )
        labels = {
            "minimum_minor": gettext_lazy("Smallest order total"),
            "maximum_minor": gettext_lazy("Largest order total"),
            "exposure_limit_minor": gettext_lazy("Limit of open items and this order"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.method == CARD:
            for name in (*PERSONAL, "due_days"):
                del self.fields[name]
        elif self.instance.method == PREPAYMENT:
            for name in ("exposure_limit_minor", "dunning_level_below"):
                del self.fields[name]

    def clean_countries(self) -> str:
        """ISO codes of countries we know, once each, in capitals."""
        codes = [code.strip().upper() for code in self.cleaned_data["countries"].split(",") if code.strip()]
        known = set(Country.objects.filter(pk__in=codes).values_list("pk", flat=True))
        unknown = [code for code in codes if code not in known]
        if unknown:
            raise forms.ValidationError(_("Unknown country: %(codes)s") % {"codes": ", ".join(unknown)[:60]})
        return ",".join(dict.fromkeys(codes))

    def clean_due_days(self) -> int:
        """A deferral beyond 50 days falls under consumer credit law."""
        days: int = self.cleaned_data["due_days"]
        if days > DUE_DAYS_MAX:
            text = _("At most %(days)d days: a longer deferral is consumer credit by law.")
            raise forms.ValidationError(text % {"days": DUE_DAYS_MAX})
        return days

    def clean(self) -> dict[str, Any]:
        """The smallest total is not above the largest."""
        data = super().clean()
        low, high = data.get("minimum_minor"), data.get("maximum_minor")
        if low is not None and high is not None and low > high:
            self.add_error("maximum_minor", _("The largest total is below the smallest."))
        return data


@staff_view(PERMISSION)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every way to pay with what its rule says."""
    known = {rule.method: rule for rule in MethodRule.objects.all()}
    rows = [(known[method], sentences(known[method])) for method, _title in METHODS if method in known]
    changes = MethodRule.history.select_related("history_user")[:CHANGES_SHOWN]
    context = {"rows": rows, "changes": [(change, sentences(change)) for change in changes]}
    return render(request, "dashboard/rules/list.html", context)


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, method: str) -> HttpResponse:
    """Change a rule: look at what it would say first, then save."""
    row = get_object_or_404(MethodRule, method=method)
    form = RuleForm(request.POST or None, instance=row)
    preview: list[str] = []
    if request.method == "POST" and form.is_valid():
        if request.POST.get("step") != "preview":
            form.save_as(request.user)
            messages.success(request, _("Saved. The checkout goes by it from now on."))
            return redirect("dashboard:rules")
        preview = sentences(form.instance)
    context = {
        "rule": row,
        "title": method_name(method),
        "form": form,
        "preview": preview,
        "crumbs": [
            {"title": _("Ways to pay"), "url": reverse("dashboard:rules")},
            {"title": method_name(method), "url": ""},
        ],
    }
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "dashboard/rules/rule.html", context, status=status)


def sentences(rule: Any) -> list[str]:
    """What a rule does, in plain words; for a row of its history too."""
    if not rule.enabled:
        return [_("Not offered to anybody.")]
    said = [_where(rule), *_amounts(rule), *_who(rule)]
    if rule.method == INVOICE:
        said.append(
            ngettext(
                "To be paid within %(n)d day after the invoice.",
                "To be paid within %(n)d days after the invoice.",
                rule.due_days,
            )
            % {"n": rule.due_days}
        )
    return said


def _where(rule: Any) -> str:
    codes = ", ".join(code for code in rule.countries.split(",") if code)
    where = _("For billing addresses in %(codes)s.") % {"codes": codes} if codes else _("For every country.")
    if rule.same_country:
        where += " " + _("Billing and delivery must be in the same country.")
    return where


def _amounts(rule: Any) -> list[str]:
    said = []
    if rule.minimum_minor:
        said.append(_("From %(amount)s on.") % {"amount": money_text(rule.minimum_minor)})
    if rule.maximum_minor is not None:
        said.append(_("Up to %(amount)s an order.") % {"amount": money_text(rule.maximum_minor)})
    return said


def _who(rule: Any) -> list[str]:
    if rule.method == CARD:
        return []
    said = []
    if rule.registered_only:
        said.append(_("Only with an account."))
    if rule.paid_orders_needed:
        said.append(
            ngettext(
                "After %(n)d paid order, or when staff released the customer.",
                "After %(n)d paid orders, or when staff released the customer.",
                rule.paid_orders_needed,
            )
            % {"n": rule.paid_orders_needed}
        )
    if rule.exposure_limit_minor is not None:
        limit = {"amount": money_text(rule.exposure_limit_minor)}
        said.append(_("Open invoices and the new order together at most %(amount)s.") % limit)
    if rule.dunning_level_below is not None:
        said.append(_("Not from dunning level %(level)d on.") % {"level": rule.dunning_level_below})
    return said


urlpatterns = [
    path("payment-rules/", rules, name="rules"),
    path("payment-rules/<slug:method>/", rule, name="rule"),
]
NAV = [NavEntry("orders", gettext_lazy("Ways to pay"), "dashboard:rules", PERMISSION, "card", 40)]
