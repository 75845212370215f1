"""Correct an invoice by cancelling it and issuing it anew; and ask the register about its VAT id again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from checkout.vat_ids import vies
from checkout.vat_ids.actions import check as ask_register
from checkout.vat_ids.fields import FirmNumbers
from checkout.vat_ids.models import VatIdCheck
from checkout.vat_ids.queries import latest_answer
from checkout.vat_ids.treatment import FRESH
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.text import clean_line

from . import actions, letterhead, page_parts, retax
from .models import Invoice

#: Codes of the same shape that name no country one can send an invoice to.
NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


class Line(forms.CharField):
    """One line of the address, without control and direction characters."""

    def __init__(self, label: Any, *, most: int = 80, required: bool = False, **kwargs: Any) -> None:
        super().__init__(label=label, max_length=most, required=required, **kwargs)
        self.widget.attrs["autocomplete"] = "off"

    def clean(self, value: Any) -> str:
        """The cleaned line."""
        return str(super().clean(clean_line(str(value or ""))))


class ReplaceForm(FirmNumbers, forms.Form):
    """What the new invoice says; it begins with what the old one said."""

    name = Line(gettext_lazy("Company or name"), required=True)
    contact = Line(gettext_lazy("Contact person"))
    extra = Line(gettext_lazy("Addition"))
    street = Line(gettext_lazy("Street and number"))
    postcode = Line(gettext_lazy("Postcode"), most=12)
    city = Line(gettext_lazy("City"))
    country = Line(
        gettext_lazy("Country"),
        most=2,
        required=True,
        help_text=gettext_lazy("Its code of two letters, such as DE."),
    )
    vat_id = Line(gettext_lazy("VAT id"), most=30)
    buyer_reference = Line(gettext_lazy("Leitweg-ID or order reference"))
    tax = forms.ChoiceField(label=gettext_lazy("VAT"), widget=forms.RadioSelect)
    reason = Line(
        gettext_lazy("Reason"), most=300, required=True, help_text=gettext_lazy("Printed on both documents.")
    )

    def __init__(self, data: Any, *, invoice: Invoice) -> None:
        begin = {name: invoice.buyer.get(name, "") for name in ReplaceForm.base_fields}
        begin |= {"buyer_reference": invoice.buyer_reference, "tax": retax.AS_IT_WAS, "reason": ""}
        super().__init__(data, initial=begin)
        other = (
            (retax.WITH_VAT, _("with VAT, on top of the net prices"))
            if page_parts.is_untaxed(invoice)
            else (retax.WITHOUT_VAT, _("without VAT: tax-free intra-community supply"))
        )
        self.fields["tax"].choices = [(retax.AS_IT_WAS, _("as on the invoice")), other]  # type: ignore[attr-defined]

    def clean_country(self) -> str:
        """A country that exists."""
        code = str(self.cleaned_data["country"]).upper()
        if code in NO_COUNTRY or letterhead.country_name(code, "en") == code:
            raise forms.ValidationError(_("Please enter the country's code of two letters, such as DE."))
        return code

    def correction(self, check: VatIdCheck | None) -> actions.Correction:
        """What was entered, with the register's answer."""
        parts = {name: self.cleaned_data[name] for name in actions.BUYER_PARTS if name in self.cleaned_data}
        return actions.Correction(
            buyer=parts,
            buyer_reference=self.cleaned_data["buyer_reference"],
            tax=self.cleaned_data["tax"],
            check=check,
        )


@staff_view("invoicing.issue_credit_notes", shows="invoice")
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, number: str) -> HttpResponse:
    """Ask what is right, show both documents before, then issue them in one step."""
    found = page_parts.one(number)
    newer = Invoice.objects.filter(replaces=found).first()
    if newer is not None:
        facts = {"old": found.number, "new": newer.number}
        messages.info(request, _("Invoice %(old)s was corrected; %(new)s stands in its place.") % facts)
        return redirect("finance:invoice", newer.number)
    page_parts.standing(number)
    form = ReplaceForm(request.POST or None, invoice=found)
    context: dict[str, Any] = {"invoice": found, "form": form, "crumbs": page_parts.crumbs(found)}
    if request.method != "POST" or not form.is_valid() or request.POST.get("step") == "back":
        status = 400 if form.is_bound and form.errors else 200
        return render(request, "dashboard/finance/replace_invoice.html", context, status=status)
    issue = request.POST.get("step") == "issue"
    check = _answer(form.cleaned_data["vat_id"], ask=not issue)
    wanted = {"invoice": found, "correction": form.correction(check), "reason": form.cleaned_data["reason"]}
    try:
        if issue:
            return _done(request, actions.replace_invoice(**wanted, by=request.user))
        context |= {"preview": _rehearse(wanted, request.user), "check": check}
    except actions.NotReplaced as refused:
        form.add_error(None, str(refused))
        return render(request, "dashboard/finance/replace_invoice.html", context, status=409)
    return render(request, "dashboard/finance/replace_invoice_confirm.html", context)


@staff_view("invoicing.issue_credit_notes")
@require_POST
def ask_again(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the register once more about the buyer's VAT id; the answer is kept beside the earlier ones."""
    found = page_parts.one(number)
    vat_id = found.buyer.get("vat_id", "")
    if not vat_id or not vies.is_on():
        messages.error(request, _("There is no VAT id to ask about, or the register is not asked here."))
        return redirect("finance:invoice", found.number)
    answer = ask_register(vat_id=vat_id, again=True)
    facts = {"vat_id": vat_id, "answer": answer.get_outcome_display()}
    messages.info(request, _("The register's answer on %(vat_id)s: %(answer)s.") % facts)
    return redirect("finance:invoice", found.number)


def _answer(vat_id: str, *, ask: bool) -> VatIdCheck | None:
    """What the register says of a VAT id; asked now when it is reachable and nobody asked today."""
    known = latest_answer(vat_id)
    fresh = known is not None and clock.now() - known.asked_at <= FRESH
    if vat_id and ask and not fresh and vies.is_on():
        ask_register(vat_id=vat_id, again=True)
        known = latest_answer(vat_id)
    return known


def _done(request: HttpRequest, done: actions.Replaced) -> HttpResponse:
    facts = {"old": done.invoice.replaces.number if done.invoice.replaces else "", "new": done.invoice.number}
    messages.success(
        request,
        _("Invoice %(old)s is cancelled; %(new)s stands in its place. The customer is told by mail.") % facts,
    )
    return redirect("finance:invoice", done.invoice.number)


class _Rehearsal(Exception):
    """Carries both documents out of the transaction that is rolled back."""

    def __init__(self, shown: dict[str, Any]) -> None:
        self.shown = shown


def _rehearse(wanted: dict[str, Any], by: Any) -> dict[str, Any]:
    """What both documents would say: the same code, rolled back."""
    try:
        with transaction.atomic():
            done = actions.replace_invoice(**wanted, by=by)
            new, old = done.invoice, done.cancellation
            account = type(new.account).objects.get(pk=new.account_id)
            raise _Rehearsal(
                {
                    "cancellation": old,
                    "invoice": new,
                    "taxes": page_parts.taxes(new),
                    "old_taxes": page_parts.taxes(old),
                    "lines": list(new.lines.all()),
                    "old_lines": list(old.lines.all()),
                    "owed_minor": max(0, account.available_minor),
                }
            )
    except _Rehearsal as rehearsal:
        wanted["invoice"].refresh_from_db()
        return rehearsal.shown


urlpatterns = [
    path("invoices/<slug:number>/correct/", replace, name="replace-invoice"),
    path("invoices/<slug:number>/ask-register/", ask_again, name="ask-register"),
]
