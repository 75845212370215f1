"""The merchant's own data, as printed on every document from now on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from stdnum import iban as iban_rules
from stdnum.eu import vat as vat_rules
from stdnum.exceptions import ValidationError as NotValid

from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from .merchant import profile
from .models import MerchantProfile

ASK_HELP = gettext_lazy("A VAT id or a tax number must be on every invoice (§ 14 (4) no. 2 UStG).")


class MerchantForm(forms.ModelForm):  # type: ignore[type-arg]
    """What § 14 UStG and § 35a GmbHG want printed, with check digits looked at."""

    class Meta:
        model = MerchantProfile
        exclude = ["id"]
        help_texts = {"vat_id": ASK_HELP}

    def clean_iban(self) -> str:
        """Without blanks; the check digits must fit."""
        typed: str = self.cleaned_data["iban"]
        if not typed:
            return ""
        try:
            return str(iban_rules.validate(typed))
        except NotValid:
            raise forms.ValidationError(_("This is not an IBAN; please check its digits.")) from None

    def clean_vat_id(self) -> str:
        """Without blanks; format and check digit must fit."""
        typed: str = self.cleaned_data["vat_id"]
        if not typed:
            return ""
        try:
            return str(vat_rules.validate(typed))
        except NotValid:
            raise forms.ValidationError(_("This is not a VAT id; please check its digits.")) from None

    def clean_country(self) -> str:
        """Two letters."""
        typed = str(self.cleaned_data["country"]).upper()
        if len(typed) != 2 or not typed.isascii() or not typed.isalpha():
            raise forms.ValidationError(_("Please enter the country's code of two letters, such as DE."))
        return typed

    def clean(self) -> dict[str, Any]:
        """One of both tax numbers is there."""
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not (data.get("vat_id") or data.get("tax_number")):
            raise forms.ValidationError(str(ASK_HELP))
        return data


@staff_view("invoicing.change_merchant")
@require_http_methods(["GET", "HEAD", "POST"])
def merchant(request: HttpRequest) -> HttpResponse:
    """Change the merchant's data; documents issued before keep theirs."""
    form = MerchantForm(request.POST or None, instance=profile())
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. Documents issued from now on carry these data."))
        return redirect("finance:merchant")
    return render(
        request, "dashboard/finance/merchant.html", {"form": form}, status=400 if form.is_bound else 200
    )


urlpatterns = [path("merchant/", merchant, name="merchant")]
NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Merchant's data"),
        "finance:merchant",
        "invoicing.change_merchant",
        "store",
        90,
    )
]
