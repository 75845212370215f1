"""Ways to deliver and what they cost: one page per way, with its charges by country and weight."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Min
from django.forms import inlineformset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from oscar.apps.address.models import Country

from checkout.shipping.models import DeliveryCharge, DeliveryMethod
from fulfilment.finance.model_forms import PeopleForm
from shop.kernel.access import staff_view
from shop.kernel.history import signed
from shop.kernel.nav import NavEntry

from .rules import PERMISSION

ROWS_MAX = 400
NEW_ROWS = 3


class MethodForm(PeopleForm):
    """What the shopper reads about a way to deliver, in both languages."""

    name_en = forms.CharField(label=gettext_lazy("Name (English)"), max_length=80)
    description_en = forms.CharField(
        label=gettext_lazy("Description (English)"), max_length=200, required=False
    )

    class Meta:
        model = DeliveryMethod
        fields = ("name", "description", "carrier", "days_min", "days_max", "enabled", "position")
        labels = {
            "name": gettext_lazy("Name (German)"),
            "description": gettext_lazy("Description (German)"),
            "carrier": gettext_lazy("Carrier"),
            "days_min": gettext_lazy("Working days, at least"),
            "days_max": gettext_lazy("Working days, at most"),
            "enabled": gettext_lazy("Offered"),
            "position": gettext_lazy("Place in the list"),
        }

    field_order = ("name", "name_en", "description", "description_en")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in ("name", "description"):
            self.initial[f"{field}_en"] = self.instance.texts.get("en", {}).get(field, "")

    def clean(self) -> dict[str, Any]:
        """At least is not more than at most."""
        data = super().clean()
        low, high = data.get("days_min"), data.get("days_max")
        if low is not None and high is not None and low > high:
            self.add_error("days_max", _("At most is less than at least."))
        return data

    def save(self, commit: bool = True) -> Any:
        """English goes into the texts column."""
        english = {field: self.cleaned_data[f"{field}_en"] for field in ("name", "description")}
        self.instance.texts = {**self.instance.texts, "en": english}
        return super().save(commit)


class ChargeForm(PeopleForm):
    """One band: country, weight up to, charge, free from."""

    class Meta:
        model = DeliveryCharge
        fields = ("country", "weight_to_g", "gross_minor", "free_from_minor")
        labels = {
            "country": gettext_lazy("Country"),
            "weight_to_g": gettext_lazy("Weight up to (g)"),
            "gross_minor": gettext_lazy("Charge, VAT included"),
            "free_from_minor": gettext_lazy("Free from goods of"),
        }

    def __init__(self, *args: Any, countries: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.countries = countries
        for field in self.fields.values():
            field.help_text = ""

    def clean_country(self) -> str:
        """A country we know."""
        code = str(self.cleaned_data["country"]).strip().upper()
        if code not in self.countries:
            raise forms.ValidationError(_("Unknown country: %(codes)s") % {"codes": code[:10]})
        return code


Charges = inlineformset_factory(
    DeliveryMethod,
    DeliveryCharge,
    form=ChargeForm,
    extra=NEW_ROWS,
    can_delete=True,
    max_num=ROWS_MAX,
    absolute_max=ROWS_MAX,
    validate_max=True,
)


@staff_view(PERMISSION)
@require_safe
def methods(request: HttpRequest) -> HttpResponse:
    """Every way to deliver."""
    rows = DeliveryMethod.objects.annotate(
        bands=Count("charges"),
        lands=Count("charges__country", distinct=True),
        least=Min("charges__gross_minor"),
    )
    return render(request, "dashboard/rules/delivery.html", {"rows": rows})


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def method(request: HttpRequest, code: str) -> HttpResponse:
    """Change a way to deliver and its charges, all at once or nothing."""
    row = get_object_or_404(DeliveryMethod, code=code)
    form = MethodForm(request.POST or None, instance=row)
    countries = frozenset(Country.objects.values_list("pk", flat=True))
    charges = Charges(
        request.POST or None, instance=row, prefix="charge", form_kwargs={"countries": countries}
    )
    if request.method == "POST" and form.is_valid() and charges.is_valid():
        _save(form, charges, request.user)
        messages.success(request, _("Saved. The checkout goes by it from now on."))
        return redirect("dashboard:delivery-method", code)
    context = {
        "method": row,
        "form": form,
        "charges": charges,
        "changes": row.history.select_related("history_user")[:20],
        "crumbs": [
            {"title": _("Ways to deliver"), "url": reverse("dashboard:delivery")},
            {"title": row.name, "url": ""},
        ],
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/rules/delivery_method.html", context, status=status)


def _save(form: MethodForm, charges: Any, user: Any) -> None:
    with transaction.atomic():
        form.save_as(user)
        for charge in charges.save(commit=False):
            signed(charge, user).save()
        for charge in charges.deleted_objects:
            if charge.pk is None:  # added and taken away in one form
                continue
            signed(charge, user).delete()


urlpatterns = [
    path("delivery/", methods, name="delivery"),
    path("delivery/<slug:code>/", method, name="delivery-method"),
]
NAV = [NavEntry("orders", gettext_lazy("Ways to deliver"), "dashboard:delivery", PERMISSION, "truck", 50)]
