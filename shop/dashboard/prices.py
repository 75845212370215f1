"""Changing prices: first what would stand in the shop, with the 30-day price by law, then it stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from catalogue.models import Product
from catalogue.partner.models import StockRecord
from catalogue.partner.prices import NoReduction, reference_for, set_price
from catalogue.prices import reduction_percent
from fulfilment.finance.amounts import AmountField, CsvAmount
from fulfilment.warehouse.lists import RowId  # noqa: F401  registers <row:...>
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.transactions import retrying

from .models import PRODUCT, note

PERMISSION = "partner.change_stockrecord"
MOST_MINOR = 10_000_000  #: a typing fault rather than a price: 100,000.00


@dataclass(frozen=True)
class Change:
    """A price as it is and as it would be. Amounts in minor units; ``percent`` of the reduction by law, or None."""

    record: StockRecord
    old_minor: int
    new_minor: int
    reference_minor: int | None
    percent: int | None


class PriceForm(forms.Form):
    """The new total price, for all variants or one, announced as a reduction or not."""

    price = AmountField(label=gettext_lazy("New price, VAT included"))
    variant = forms.ChoiceField(label=gettext_lazy("For"))
    reduced = forms.BooleanField(
        label=gettext_lazy("Announce as a reduction"),
        required=False,
        help_text=gettext_lazy(
            "The shop then shows the lowest price of the last 30 days beside it (§ 11 PAngV)."
        ),
    )

    def __init__(self, *args: Any, records: list[StockRecord], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.records = records
        box: Any = self.fields["variant"]
        box.choices = [("all", _("all variants")), *((str(r.pk), _variant(r)) for r in records)]

    def clean_price(self) -> int:
        """A price that is none by mistake."""
        price: int = self.cleaned_data["price"]
        if price > MOST_MINOR:
            raise forms.ValidationError(_("Is this a typing fault? The price is above 100,000."))
        return price

    def clean(self) -> dict[str, Any]:
        """Nobody announces a reduction that is none."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("reduced") and data.get("price") and data.get("variant"):
            if any(change.percent is None for change in self.changes()):
                text = _(
                    "The price is not below the lowest of the last 30 days; it cannot be called a reduction."
                )
                self.add_error("price", text)
        return data

    def changes(self) -> list[Change]:
        """What the form would do, per variant."""
        data = self.cleaned_data
        chosen = [r for r in self.records if data["variant"] in ("all", str(r.pk))]
        return [_change(record, data["price"], data["reduced"]) for record in chosen]


def _change(record: StockRecord, new_minor: int, reduced: bool) -> Change:
    reference = reference_for(record, new_minor, clock.now()) if reduced else None
    return Change(record, record.price_minor, new_minor, reference, reduction_percent(new_minor, reference))


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def price(request: HttpRequest, pk: int) -> HttpResponse:
    """Preview, then change. History is kept; orders that were placed keep their price."""
    from .marketing import crumbs

    row = get_object_or_404(Product, pk=pk, parent=None)
    records = records_of(row)
    initial = {"price": str(CsvAmount(records[0].price_minor)) if records else "", "variant": "all"}
    form = PriceForm(request.POST or None, records=records, initial=initial)
    changes: list[Change] = []
    if request.method == "POST" and form.is_valid():
        changes = form.changes()
        if request.POST.get("step") == "save":
            return _saved(request, row, changes, form.cleaned_data["reduced"])
    context = {"product": row, "form": form, "changes": changes, "crumbs": crumbs(row, _("Price"))}
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "dashboard/marketing/price.html", context, status=status)


def records_of(row: Product) -> list[StockRecord]:
    """Stock records of a product and its variants with colour. One query."""
    records = StockRecord.objects.filter(Q(product=row) | Q(product__parent=row), price__isnull=False)
    return list(records.select_related("product__colour").order_by("product__colour__name", "pk"))


def _saved(request: HttpRequest, row: Product, changes: list[Change], reduced: bool) -> HttpResponse:
    """Save and say so; where a price has changed since the preview, say that nothing was changed."""
    try:
        _save(row, changes, reduced, request.user)
    except NoReduction:
        text = _("The price has changed meanwhile, and this is no reduction any more. Nothing was changed.")
        messages.error(request, text)
        return redirect("dashboard:product-price", row.pk)
    messages.success(request, _("The new price stands in the shop now."))
    return redirect("dashboard:product", row.pk)


def _save(row: Product, changes: list[Change], reduced: bool, user: Any) -> None:
    """All or nothing. Rows are taken in the order in which an order takes them: two that wait for each other are rare,
    and the whole is done again then."""

    def work() -> None:
        for change in sorted(changes, key=lambda one: (one.record.partner_sku, one.record.pk)):
            set_price(stockrecord=change.record, gross_minor=change.new_minor, reduced=reduced)
        note(
            subject=PRODUCT,
            subject_id=row.pk,
            what="set_price",
            by=user,
            price_minor=changes[0].new_minor if changes else 0,
            reduced=reduced,
            skus=[change.record.partner_sku for change in changes],
        )

    retrying(work)


def _variant(record: StockRecord) -> str:
    product = record.product
    parts = [product.colour.name_local if product.colour else "", product.size, record.partner_sku]
    return " · ".join(part for part in parts if part)


urlpatterns = [path("products/<row:pk>/price/", price, name="product-price")]
