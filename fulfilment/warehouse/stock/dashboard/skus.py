"""Staff pages of stock: what is there, where it lies, why it is so many; receive, move, count."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.contrib import messages
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock import actions, article_queries, history, queries
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.forms import CountForm, SkuSearch, TransferForm
from fulfilment.warehouse.stock.history_forms import HistorySearch
from fulfilment.warehouse.stock.models import Movement
from shop.kernel.access import staff_view
from shop.ui.reasons import reason

PROMISES_SHOWN = 50
SKU_SORT = {
    "sku": "partner_sku",
    "title": "product__title",
    "stock": "num_in_stock",
    "reserved": "num_allocated",
    "free": "free",
}


@staff_view("stock.view_stock")
@require_safe
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
@require_safe
def sku(request: HttpRequest, pk: int) -> HttpResponse:
    """One SKU: bins, who has reserved it, and every movement with the balance after it."""
    return sku_page(request, pk)


def sku_page(
    request: HttpRequest,
    pk: int,
    transfer_form: TransferForm | None = None,
    count_form: CountForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a SKU, with forms that were sent and what was wrong in them."""
    record = get_object_or_404(queries.skus(), pk=pk)
    search = HistorySearch(request.GET, pk)
    scope, wanted = search.scope(), search.wanted()
    if wants_csv(request) and search.is_valid():
        return _history_csv(record, scope, wanted)
    page = page_of(request, wanted.of(scope.movements()))
    shown = list(page)
    after = history.balances(scope, shown, everything=wanted.is_everything)
    bins = list(queries.where_is(pk).select_related("bin__site", "bin__zone"))
    promises = queries.reserved_by(pk)
    context = {
        "record": record,
        "on_hand": record.num_in_stock + record.num_quarantine,
        "bins": bins,
        "sites": by_site(bins),
        "lots": article_queries.lots_of(pk),
        "reserved": promises[:PROMISES_SHOWN],
        "more_reserved": len(promises[PROMISES_SHOWN:]),
        "page": page,
        "rows": [(row, after[row.pk]) for row in shown],
        "search": search,
        "scope": scope,
        "csv_url": csv_url(request),
        "picture": history.picture(scope),
        "transfer_form": transfer_form or TransferForm(prefix="transfer"),
        "count_form": count_form or CountForm(prefix="count", initial={"seen": last_movement(pk)}),
        "crumbs": [{"title": _("Stock"), "url": reverse("warehouse:stock")}, {"title": record.partner_sku}],
    }
    code = status if status != 200 else search.status
    return render(request, "dashboard/warehouse/sku.html", context, status=code)


def by_site(bins: list[Any]) -> list[dict[str, Any]]:
    """What lies where, summed up by site: for sale and not, in the order of the sites."""
    found: dict[int, dict[str, Any]] = {}
    for part in bins:
        row = found.setdefault(part.bin.site_id, {"site": part.bin.site, "for_sale": 0, "blocked": 0})
        row["blocked" if part.bin.is_blocked else "for_sale"] += part.quantity
    return sorted(found.values(), key=lambda row: (row["site"].position, row["site"].code))


def _history_csv(record: Any, scope: history.Scope, wanted: history.Wanted) -> HttpResponse:
    head = [
        _("When"), _("What"), _("Site"), _("Bin"), _("Lot"), pgettext("stock", "Change"), _("Then there"),
        _("Belongs to"), _("Reason"), _("Who"),
    ]  # fmt: skip
    cells = (
        [
            f"{localtime(row.at):%Y-%m-%d %H:%M:%S}", row.get_kind_display(), row.bin.site.name, row.bin.code,
            row.lot.code if row.lot else "", row.quantity, balance, row.cause_text, reason(row.why),
            row.by.name if row.by else "",
        ]
        for row, balance in islice(history.told(scope, wanted), CSV_ROWS_MAX)
    )  # fmt: skip
    return csv_file(f"history-{record.pk}", head, cells)


def last_movement(pk: int) -> int:
    """The SKU's last movement, 0 without one; a count is void when the bin moved after it."""
    return Movement.objects.filter(stockrecord_id=pk).aggregate(last=Max("pk"))["last"] or 0


@staff_view("stock.adjust_stock")
@require_POST
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry pieces of a SKU from bin to bin."""
    record = get_object_or_404(StockRecord, pk=pk)
    form = TransferForm(request.POST, prefix="transfer")
    if form.is_valid():
        data = form.cleaned_data
        try:
            lot = actions.find_lot(stockrecord_id=pk, code=data["lot"]) if data["lot"] else None
            actions.transfer(stockrecord=record, by=request.user, **(data | {"lot": lot}))
        except AlreadyBooked as error:
            messages.info(request, str(error))
            return redirect("warehouse:sku", pk=pk)
        except StockError as error:
            form.add_error(None, str(error))
    if form.errors:
        return sku_page(request, pk, transfer_form=form, status=400)
    text = ngettext(
        "%(n)s piece moved from %(source)s to %(target)s.",
        "%(n)s pieces moved from %(source)s to %(target)s.",
        data["quantity"],
    )
    messages.success(
        request, text % {"n": data["quantity"], "source": data["source"], "target": data["target"]}
    )
    return redirect("warehouse:sku", pk=pk)


urlpatterns = [
    path("stock/", sku_list, name="stock"),
    path("stock/<row:pk>/", sku, name="sku"),
    path("stock/<row:pk>/transfer/", transfer, name="transfer"),
]
