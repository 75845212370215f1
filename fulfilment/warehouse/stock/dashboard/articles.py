"""Staff pages of an article's codes, how it is kept, and its measures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalogue.models import Product
from fulfilment.warehouse.stock import actions, article_codes, queries
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.article_forms import BarcodeForm, HandlingForm
from fulfilment.warehouse.stock.article_queries import codes_of
from fulfilment.warehouse.stock.models import Barcode
from shop.kernel.access import staff_view


@staff_view("stock.view_stock")
@require_safe
def codes(request: HttpRequest, pk: int) -> HttpResponse:
    """What means this article, and what it asks of those who handle it."""
    return _page(request, pk)


def _page(
    request: HttpRequest,
    pk: int,
    code_form: BarcodeForm | None = None,
    handling_form: HandlingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    record = get_object_or_404(queries.skus(), pk=pk)
    if handling_form is None:
        handling = actions.handling_of(pk)
        handling_form = HandlingForm(
            initial=HandlingForm.of(handling, record.product.weight_g), prefix="handling"
        )
    context = {
        "record": record,
        "codes": codes_of(record),
        "code_form": code_form or BarcodeForm(prefix="code"),
        "handling_form": handling_form,
        "crumbs": [
            {"title": _("Stock"), "url": reverse("warehouse:stock")},
            {"title": record.partner_sku, "url": reverse("warehouse:sku", args=[pk])},
            {"title": _("Codes and measures")},
        ],
    }
    return render(request, "dashboard/warehouse/codes.html", context, status=status)


@staff_view("stock.adjust_stock")
@require_POST
def add_code(request: HttpRequest, pk: int) -> HttpResponse:
    """A further barcode of an article."""
    record = get_object_or_404(queries.skus(), pk=pk)
    form = BarcodeForm(request.POST, prefix="code")
    if form.is_valid():
        try:
            made = article_codes.add_barcode(stockrecord=record, **form.cleaned_data)
        except StockError as error:
            form.add_error("code", str(error))
        else:
            said = _("%(code)s means %(sku)s from now on.")
            messages.success(request, said % {"code": made.code, "sku": record.partner_sku})
            return redirect("warehouse:codes", pk=pk)
    return _page(request, pk, code_form=form, status=400)


@staff_view("stock.adjust_stock")
@require_POST
def remove_code(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a barcode away."""
    row = get_object_or_404(Barcode, pk=pk)
    article_codes.remove_barcode(barcode=row)
    messages.success(request, _("%(code)s means nothing any more.") % {"code": row.code})
    return redirect("warehouse:codes", pk=row.stockrecord_id)


@staff_view("stock.adjust_stock")
@require_POST
def handling(request: HttpRequest, pk: int) -> HttpResponse:
    """How an article is kept, its measures and weight."""
    record = get_object_or_404(queries.skus(), pk=pk)
    form = HandlingForm(request.POST, prefix="handling")
    if form.is_valid():
        wanted: dict[str, Any] = dict(form.cleaned_data)
        weight_g = wanted.pop("weight_g")
        try:
            actions.set_handling(stockrecord=record, by=request.user, **wanted)
        except StockError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            Product.objects.filter(pk=record.product_id).update(weight_g=weight_g)
            messages.success(request, _("Saved: this is how %(sku)s is kept.") % {"sku": record.partner_sku})
            return redirect("warehouse:codes", pk=pk)
    return _page(request, pk, handling_form=form, status=400)


urlpatterns = [
    path("stock/<row:pk>/codes/", codes, name="codes"),
    path("stock/<row:pk>/codes/add/", add_code, name="add-code"),
    path("stock/<row:pk>/handling/", handling, name="handling"),
    path("codes/<row:pk>/remove/", remove_code, name="remove-code"),
]
