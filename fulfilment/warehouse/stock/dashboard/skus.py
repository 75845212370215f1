"""Staff pages of stock: what is there, where it lies, why it is so many; receive, move, count."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import actions, queries
from .actions import AlreadyBooked, StockError
from .forms import BinForm, BinSearch, CountForm, ReceiveForm, SkuSearch, TransferForm
from .models import PICKED, TRANSFER, Bin, Movement

CHART_POINTS = 120
SKU_SORT = {
    "sku": "partner_sku",
    "title": "product__title",
    "stock": "num_in_stock",
    "reserved": "num_allocated",
    "free": "free",
}
BIN_SORT = {
    "code": "code",
    "zone": "zone__code",
    "kind": "kind",
    "sequence": "sequence",
    "pieces": "pieces",
    "skus": "skus",
}


@staff_view("stock.view_stock")
@require_GET
def sku_list(request: HttpRequest) -> HttpResponse:
    """Every SKU with what is in stock, reserved, free, and its bins."""
    form = SkuSearch(request.GET)
    rows = queries.skus().prefetch_related("bin_stock__bin")
    if form.value("q"):
        rows = queries.search_skus(rows, form.value("q"))
    chosen = {"free": Q(free__gt=0), "none": Q(free__lte=0), "reserved": Q(num_allocated__gt=0)}
    if form.value("show"):
        rows = rows.filter(chosen[form.value("show")])
    rows = sorted_by(request, rows, SKU_SORT, ["partner_sku", "pk"])
    if wants_csv(request):
        head = [
            _("SKU"),
            _("GTIN"),
            _("Article"),
            _("In stock"),
            _("Reserved"),
            pgettext("stock", "Free"),
            _("Bins"),
        ]
        return csv_file("stock", head, (_sku_cells(row) for row in rows.iterator(chunk_size=1_000)))
    page = page_of(request, rows)
    context = {"page": page, "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/skus.html", context, status=form.status)


def _sku_cells(row: Any) -> list[Any]:
    bins = ", ".join(f"{part.bin.code} ({part.quantity})" for part in row.bin_stock.all() if part.quantity)
    return [
        row.partner_sku,
        row.product.upc or "",
        row.product.title_local,
        row.num_in_stock,
        row.num_allocated,
        row.free,
        bins,
    ]


@staff_view("stock.view_stock")
@require_GET
def sku(request: HttpRequest, pk: int) -> HttpResponse:
    """One SKU: bins, who has reserved it, and every movement with the balance after it."""
    return _sku_page(request, pk)


def _sku_page(
    request: HttpRequest,
    pk: int,
    transfer_form: TransferForm | None = None,
    count_form: CountForm | None = None,
    status: int = 200,
) -> HttpResponse:
    record = get_object_or_404(queries.skus(), pk=pk)
    history = queries.history(pk)
    latest = list(history[:CHART_POINTS])
    context = {
        "record": record,
        "bins": queries.where_is(pk),
        "reserved": queries.reserved_by(pk),
        "page": page_of(request, history),
        "points": _points(latest),
        "transfer_form": transfer_form or TransferForm(prefix="transfer"),
        "count_form": count_form or CountForm(prefix="count", initial={"seen": _last_movement(pk)}),
        "crumbs": [{"title": _("Stock"), "url": reverse("warehouse:stock")}, {"title": record.partner_sku}],
    }
    return render(request, "dashboard/warehouse/sku.html", context, status=status)


def _last_movement(pk: int) -> int:
    return Movement.objects.filter(stockrecord_id=pk).aggregate(last=Max("pk"))["last"] or 0


def _points(latest: list[Any]) -> list[tuple[str, int]]:
    """Balance over time for the chart. Pick and transfer are two rows each: between them nothing was missing."""
    return [(f"{localtime(row.at):%d.%m. %H:%M}", row.balance) for row in reversed(latest) if _settles(row)]


def _settles(row: Any) -> bool:
    return not (row.kind in (PICKED, TRANSFER) and row.quantity < 0)


@staff_view("stock.adjust_stock")
@require_POST
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry pieces of a SKU from bin to bin."""
    record = get_object_or_404(StockRecord, pk=pk)
    form = TransferForm(request.POST, prefix="transfer")
    if form.is_valid():
        data = form.cleaned_data
        try:
            actions.transfer(stockrecord=record, by=request.user, **data)
        except AlreadyBooked as error:
            messages.info(request, str(error))
            return redirect("warehouse:sku", pk=pk)
        except StockError as error:
            form.add_error(None, str(error))
    if form.errors:
        return _sku_page(request, pk, transfer_form=form, status=400)
    text = ngettext(
        "%(n)s piece moved from %(source)s to %(target)s.",
        "%(n)s pieces moved from %(source)s to %(target)s.",
        data["quantity"],
    )
    messages.success(
        request, text % {"n": data["quantity"], "source": data["source"], "target": data["target"]}
    )
    return redirect("warehouse:sku", pk=pk)


@staff_view("stock.adjust_stock")
@require_POST
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """Book what was counted in a bin."""
    record = get_object_or_404(StockRecord, pk=pk)
    form = CountForm(request.POST, prefix="count")
    difference = 0
    if form.is_valid():
        try:
            difference = actions.count(stockrecord=record, by=request.user, **form.cleaned_data)
        except StockError as error:
            # The count that follows begins with this page.
            form = CountForm({**request.POST.dict(), "count-seen": _last_movement(pk)}, prefix="count")
            form.add_error(None, str(error))
    if form.errors:
        return _sku_page(request, pk, count_form=form, status=400)
    bin = form.cleaned_data["bin"]
    if difference:
        messages.success(
            request, _("Bin %(bin)s: difference of %(n)s booked.") % {"bin": bin, "n": f"{difference:+d}"}
        )
    else:
        messages.success(request, _("Bin %(bin)s: the count agrees, nothing to book.") % {"bin": bin})
    return redirect("warehouse:sku", pk=pk)


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


@staff_view("stock.view_stock")
@require_GET
def bin_list(request: HttpRequest) -> HttpResponse:
    """Every bin with what it holds."""
    form = BinSearch(request.GET)
    rows: Any = queries.bins()
    if form.value("q"):
        rows = rows.filter(Q(code__icontains=form.value("q")) | Q(zone__code__icontains=form.value("q")))
    if form.value("kind"):
        rows = rows.filter(kind=form.value("kind"))
    rows = sorted_by(request, rows, BIN_SORT, ["sequence", "code"])
    if wants_csv(request):
        head = [_("Bin"), _("Zone"), _("Kind"), _("Turn on the walk"), _("Articles"), _("Pieces")]
        cells = ([b.code, b.zone or "", b.get_kind_display(), b.sequence, b.skus, b.pieces] for b in rows)
        return csv_file("bins", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/bins.html", context, status=form.status)


@staff_view("stock.view_stock")
@require_GET
def bin_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What lies in one bin."""
    bin = get_object_or_404(Bin.objects.select_related("zone"), pk=pk)
    context = {
        "bin": bin,
        "page": page_of(request, queries.contents(pk)),
        "crumbs": [{"title": _("Bins"), "url": reverse("warehouse:bins")}, {"title": bin.code}],
    }
    return render(request, "dashboard/warehouse/bin.html", context)


@staff_view("stock.adjust_stock")
@require_http_methods(["GET", "POST"])
def new_bin(request: HttpRequest) -> HttpResponse:
    """Put up a new bin."""
    form = BinForm(request.POST or None)
    made = form.create() if request.method == "POST" and form.is_valid() else None
    if made is not None:
        messages.success(request, _("Bin %(bin)s is there.") % {"bin": made})
        return redirect("warehouse:bins")
    context = {
        "form": form,
        "crumbs": [{"title": _("Bins"), "url": reverse("warehouse:bins")}, {"title": _("New bin")}],
    }
    return render(request, "dashboard/warehouse/new_bin.html", context, status=400 if form.errors else 200)


urlpatterns = [
    path("stock/", sku_list, name="stock"),
    path("stock/<row:pk>/", sku, name="sku"),
    path("stock/<row:pk>/transfer/", transfer, name="transfer"),
    path("stock/<row:pk>/count/", count, name="count"),
    path("receive/", receive, name="receive"),
    path("bins/", bin_list, name="bins"),
    path("bins/new/", new_bin, name="new-bin"),
    path("bins/<row:pk>/", bin_page, name="bin"),
]

NAV = [
    NavEntry("warehouse", gettext_lazy("Stock"), "warehouse:stock", "stock.view_stock", "shelf", 40),
    NavEntry(
        "warehouse", gettext_lazy("Receive goods"), "warehouse:receive", "stock.receive_goods", "download", 50
    ),
    NavEntry("warehouse", gettext_lazy("Bins"), "warehouse:bins", "stock.view_stock", "box", 60),
]
