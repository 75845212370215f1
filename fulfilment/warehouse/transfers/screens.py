"""The screens of transfers for phone and scanner: put goods on the list, receive them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from fulfilment.warehouse.answers import SCAN_TAG, scan_answers
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.codes import find_article, find_bin
from fulfilment.warehouse.stock.models import Bin, Lot
from shop.kernel.access import staff_view

from . import actions, arrivals, queries
from .arrivals import MoreThanSent
from .forms import AddForm, ArriveForm
from .models import Transfer

BINS_OFFERED = 500


@staff_view("transfers.move_between_sites")
@require_http_methods(["GET", "HEAD", "POST"])
def collect(request: HttpRequest, pk: int) -> HttpResponse:
    """The sender's screen for phone and scanner: bin, article, quantity; the bin stays for the next scan."""
    found = get_object_or_404(queries.transfers(), pk=pk)
    if request.method != "POST":
        if found.state != "draft":
            return redirect("warehouse:transfer-page", pk=pk)
        form = AddForm(initial={"bin": request.GET.get("bin", "")[:60], "quantity": 1})
        return _collect_page(request, found, form)
    form = AddForm(request.POST)
    if (scanned := _bin_scanned(request)) is not None:
        try:
            actions.check_bin(found, scanned)
        except StockError as error:
            _refuse_bin(form, error)
            return _collect_page(request, found, form, status=409)
        return _with_bin(request, "warehouse:transfer-collect", found, scanned)
    if not form.is_valid():
        return _collect_page(request, found, form, status=400)
    data = form.cleaned_data
    try:
        line = actions.add(
            transfer=found, bin=data["bin"], stockrecord=data["code"], quantity=data["quantity"],
            lot=data["lot"], by=request.user, key=data["key"],
        )  # fmt: skip
    except AlreadyBooked as error:
        messages.info(request, str(error), extra_tags=SCAN_TAG)
    except StockError as error:
        form.add_error(None, str(error))
        return _collect_page(request, found, form, status=409)
    else:
        text = _("%(n)s × %(sku)s is on the list, %(total)s from bin %(bin)s in all.")
        values = {
            "n": data["quantity"],
            "sku": data["code"].partner_sku,
            "total": line.quantity,
            "bin": data["bin"],
        }
        messages.success(request, text % values, extra_tags=SCAN_TAG)
    return redirect(
        f"{reverse('warehouse:transfer-collect', args=[pk])}?{urlencode({'bin': data['bin'].code})}"
    )


def _collect_page(request: HttpRequest, found: Transfer, form: AddForm, status: int = 200) -> HttpResponse:
    answers, others = scan_answers(request)
    context = {
        "transfer": found,
        "form": form,
        "lines": list(queries.lines_of(found.pk)),
        "answers": answers,
        "messages": others,
        "bin_codes": _bin_codes(found.source_id),
    }
    return render(request, "dashboard/warehouse/transfers/collect.html", context, status=status)


def _bin_scanned(request: HttpRequest) -> Bin | None:
    """The bin, when the scanner read a bin instead of an article: one field takes both."""
    code = request.POST.get("code", "")
    return find_bin(code) if find_article(code) is None else None


def _refuse_bin(form: Form, error: StockError) -> None:
    """Let the form say why this bin is wrong, and nothing else: no article was scanned yet."""
    form.errors.clear()
    form.add_error(None, str(error))


def _with_bin(request: HttpRequest, name: str, found: Transfer, bin: Bin) -> HttpResponse:
    text = _("Bin %(bin)s. Now scan the article.") % {"bin": bin}
    messages.success(request, text, extra_tags=SCAN_TAG)
    return redirect(f"{reverse(name, args=[found.pk])}?{urlencode({'bin': bin.code})}")


def _bin_codes(site_id: int) -> Any:
    return Bin.objects.filter(site=site_id, is_active=True).values_list("code", flat=True)[:BINS_OFFERED]


@staff_view("transfers.move_between_sites")
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: HttpRequest, pk: int) -> HttpResponse:
    """The receiver's screen for phone and scanner: article, bin, quantity; the bin stays for the next scan."""
    found = get_object_or_404(queries.transfers(), pk=pk)
    if request.method != "POST":
        if found.state != "dispatched":
            return redirect("warehouse:transfer-page", pk=pk)
        form = ArriveForm(initial={"bin": request.GET.get("bin", "")[:60], "quantity": 1})
        return _receive_page(request, found, form)
    form = ArriveForm(request.POST)
    if (scanned := _bin_scanned(request)) is not None:
        try:
            arrivals.check_target(found, scanned)
        except StockError as error:
            _refuse_bin(form, error)
            return _receive_page(request, found, form, status=409)
        return _with_bin(request, "warehouse:transfer-receive", found, scanned)
    if not form.is_valid():
        return _receive_page(request, found, form, status=400)
    data = form.cleaned_data
    try:
        left = arrivals.receive(
            transfer=found, stockrecord=data["code"], bin=data["bin"], quantity=data["quantity"],
            lot=data["lot"], surplus_why=data["surplus_why"], by=request.user, key=data["key"],
        )  # fmt: skip
    except AlreadyBooked as error:
        messages.info(request, str(error), extra_tags=SCAN_TAG)
    except StockError as error:
        form.add_error(None, str(error))
        too_many = isinstance(error, MoreThanSent)
        return _receive_page(request, found, form, status=409, ask_why=too_many)
    else:
        values = {"n": data["quantity"], "sku": data["code"].partner_sku, "bin": data["bin"]}
        text = _("%(n)s × %(sku)s received into %(bin)s.") % values
        text += " " + (_still_expected(left) if left else _("All of it has arrived."))
        text += _held_back(data["lot"], found.target_id)
        messages.success(request, text, extra_tags=SCAN_TAG)
    return redirect(
        f"{reverse('warehouse:transfer-receive', args=[pk])}?{urlencode({'bin': data['bin'].code})}"
    )


def _held_back(lot: Lot | None, site_id: int) -> str:
    """What to say of pieces of a recalled lot that could not go off sale, because customers were promised them."""
    rows = queries.held_back(lot, site_id) if lot is not None and lot.is_recalled else []
    said = ""
    for row in rows:
        text = ngettext(
            "%(n)s of it is promised to a customer: in the books it is held back in %(bin)s.",
            "%(n)s of it are promised to customers: in the books they are held back in %(bin)s.",
            row.quantity,
        )
        said += " " + text % {"n": row.quantity, "bin": row.bin}
    return said


def _still_expected(left: int) -> str:
    text = ngettext("%(n)s piece is still expected.", "%(n)s pieces are still expected.", left)
    return text % {"n": left}


def _receive_page(
    request: HttpRequest, found: Transfer, form: ArriveForm, status: int = 200, ask_why: bool = False
) -> HttpResponse:
    answers, others = scan_answers(request)
    lines = list(queries.lines_of(found.pk))
    context = {
        "transfer": found,
        "form": form,
        "ask_why": ask_why or bool(form.data.get("surplus_why")),
        "expected": [line for line in lines if line.quantity_open],
        "arrived": [line for line in lines if not line.quantity_open],
        "answers": answers,
        "messages": others,
        "bin_codes": _bin_codes(found.target_id),
    }
    return render(request, "dashboard/warehouse/transfers/receive.html", context, status=status)


urlpatterns = [
    path("transfers/<row:pk>/collect/", collect, name="transfer-collect"),
    path("transfers/<row:pk>/receive/", receive, name="transfer-receive"),
]
