"""Goods in, by scan on a phone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from fulfilment.warehouse.stock import actions
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.forms import ReceiveForm
from fulfilment.warehouse.stock.models import Bin
from shop.kernel.access import staff_view


@staff_view("stock.receive_goods")
@require_http_methods(["GET", "POST"])
def receive(request: HttpRequest) -> HttpResponse:
    """Goods came: article, bin, quantity; the bin stays for the next scan."""
    if request.method == "GET":
        form = ReceiveForm(initial={"bin": request.GET.get("bin", "")[:60], "quantity": 1})
        return _receive_page(request, form)
    form = ReceiveForm(request.POST)
    if not form.is_valid():
        return _receive_page(request, form, status=400)
    record, bin, quantity = (form.cleaned_data[name] for name in ("code", "bin", "quantity"))
    try:
        actions.receive(
            stockrecord=record,
            bin=bin,
            quantity=quantity,
            by=request.user,
            why=form.cleaned_data["why"],
            cause="receipt",
            key=form.cleaned_data["key"],
        )
    except AlreadyBooked as error:
        messages.info(request, str(error))
        return redirect(f"{reverse('warehouse:receive')}?bin={bin.code}")
    except StockError as error:
        form.add_error(None, str(error))
        return _receive_page(request, form, status=400)
    record.refresh_from_db(fields=["num_in_stock", "num_allocated"])
    text = _("%(n)s × %(sku)s received into %(bin)s. In stock now: %(stock)s, free: %(free)s.")
    messages.success(
        request,
        text
        % {
            "n": quantity,
            "sku": record.partner_sku,
            "bin": bin,
            "stock": record.num_in_stock,
            "free": record.available,
        },
    )
    return redirect(f"{reverse('warehouse:receive')}?bin={bin.code}")


def _receive_page(request: HttpRequest, form: ReceiveForm, status: int = 200) -> HttpResponse:
    # The answer to the last scan stands large above the form instead of in a corner.
    answers = [str(message) for message in messages.get_messages(request)]
    context = {
        "form": form,
        "answers": answers,
        "messages": (),
        "bin_codes": Bin.objects.values_list("code", flat=True)[:500],
    }
    return render(request, "dashboard/warehouse/receive.html", context, status=status)


urlpatterns = [path("receive/", receive, name="receive")]
