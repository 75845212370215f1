"""What orders and articles earn, with the documents behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fulfilment.finance.invoicing.models import InvoiceLine
from fulfilment.finance.reports import margin
from fulfilment.finance.reports.forms import SheetFilter, given
from fulfilment.finance.reports.output import respond
from fulfilment.finance.reports.rows import day_of
from fulfilment.finance.reports.table import (
    DAY,
    MONEY,
    NUMBER,
    PERCENT,
    Column,
    Lazy,
    Report,
    Row,
    period_text,
)
from fulfilment.finance.reports.vat import month
from shop.kernel import clock
from shop.kernel.access import staff_view

from .people import journal_url, load_page, sql_order

VIEW = "ledger.view_ledger"
#: ?sort= -> SQL; only what is listed here ever reaches the statement.
ORDER_SORT = {
    "number": "number", "placed": "placed", "net": "net_minor", "cost": "cost_minor", "fees": "fees_minor",
    "margin": "margin_minor",
}  # fmt: skip
ARTICLE_SORT = {
    "sku": "sku", "name": "name", "pieces": "pieces", "net": "net_minor", "cost": "cost_minor",
    "margin": "margin_minor",
}  # fmt: skip


@staff_view(VIEW)
@require_safe
def margin_report(request: HttpRequest, by: str) -> HttpResponse:
    """What orders or articles earned in some days: list and chart."""
    first, last = month(clock.today())
    form = SheetFilter(given(request, first=first, last=last))
    first = form.day("first") or first
    last = form.day("last") or max(last, first)
    search = form.value("q")
    report = (
        _orders(request, first, last, search) if by == "order" else _articles(request, first, last, search)
    )
    report.facts = [(_("Period"), period_text(first, last, get_language() or "de")), (_("Search"), search)]
    report.empty = (_("Nothing was sold"), _("In these days there is no document that fits."))
    return respond(request, report, form)


def _orders(request: HttpRequest, first: dt.date, last: dt.date, search: str) -> Report:
    order = sql_order(request, ORDER_SORT, "placed DESC", "number")
    rows = margin.orders(first, last, search, order, _order_rows)
    load_page(request, rows)
    _count, net, cost, fees, earned = rows.totals()
    return Report(
        name="margin-per-order",
        title=_("Margin per order"),
        columns=[
            Column(_("Order"), key="number"), Column(_("Placed"), DAY, "placed"),
            Column(_("Revenue net"), MONEY, "net"), Column(_("Cost of goods"), MONEY, "cost"),
            Column(_("Fees and losses"), MONEY, "fees"),
            Column(_("Margin"), MONEY, "margin"), Column(_("Margin %"), PERCENT),
        ],
        rows=rows,  # type: ignore[arg-type]
        foot=Row([_("Total"), None, net, cost, fees, earned, margin.rate_bp(earned, net)]),
        charts=[_chart(_order_rows(rows.best()), 0, 5)],
        notes=[
            _("Orders placed in these days, with everything booked for them since."),
            _("Fees count as far as they name their order."),
        ],
    )  # fmt: skip


def _order_rows(records: Sequence[Any]) -> list[Row]:
    rows = []
    for number, placed, net, cost, fees, earned in records:
        cells = [
            number, day_of(placed), int(net), int(cost), int(fees), int(earned), margin.rate_bp(int(earned), int(net)),
        ]  # fmt: skip
        documents = f"{reverse('finance:invoices')}?{urlencode({'q': number})}"
        rows.append(Row(cells, {0: documents, 2: documents, 3: journal_url(number), 4: journal_url(number)}))
    return rows


def _articles(request: HttpRequest, first: dt.date, last: dt.date, search: str) -> Report:
    def make(records: Sequence[Any]) -> list[Row]:
        return _with_lines(_article_rows(records), first, last)

    order = sql_order(request, ARTICLE_SORT, "margin_minor DESC", "sku")
    rows = margin.articles(first, last, search, order, make)
    load_page(request, rows)
    _count, pieces, net, cost, earned = rows.totals()
    return Report(
        name="margin-per-article",
        title=_("Margin per article"),
        columns=[
            Column(_("SKU"), key="sku"), Column(_("Article"), key="name"), Column(_("Pieces"), NUMBER, "pieces"),
            Column(_("Revenue net"), MONEY, "net"), Column(_("Cost of goods"), MONEY, "cost"),
            Column(_("Margin"), MONEY, "margin"), Column(_("Margin %"), PERCENT),
        ],
        rows=rows,  # type: ignore[arg-type]
        foot=Row([_("Total"), None, pieces, net, cost, earned, margin.rate_bp(earned, net)]),
        charts=[_chart(_article_rows(rows.best()), 1, 5)],
        notes=[_("Pieces invoiced less pieces credited, at what a piece cost when it was ordered. Without shipping.")],
    )  # fmt: skip


def _article_rows(records: Sequence[Any]) -> list[Row]:
    rows = []
    for sku, name, pieces, net, cost, earned in records:
        cells = [
            sku,
            name,
            int(pieces),
            int(net),
            int(cost),
            int(earned),
            margin.rate_bp(int(earned), int(net)),
        ]
        rows.append(Row(cells))
    return rows


def _with_lines(rows: list[Row], first: dt.date, last: dt.date) -> list[Row]:
    """Articles lead to the lines of documents behind them."""
    for row in rows:
        facts = {"sku": row.cells[0], "first": first.isoformat(), "last": last.isoformat()}
        behind = f"{reverse('finance:report-article-lines')}?{urlencode(facts)}"
        row.urls = dict.fromkeys((0, 2, 3, 4), behind)
    return rows


@staff_view(VIEW)
@require_safe
def article_lines(request: HttpRequest) -> HttpResponse:
    """The lines of documents behind an article's figures."""
    form = SheetFilter(request.GET)
    first, last, sku = (
        form.day("first"),
        form.day("last"),
        request.GET.get("sku", "")[:128].replace("\x00", ""),
    )
    if not (first and last):
        raise Http404
    found = (
        InvoiceLine.objects.filter(sku=sku, invoice__issued_on__gte=first, invoice__issued_on__lte=last)
        .select_related("invoice")
        .order_by("invoice__issued_on", "invoice_id", "position")
    )
    report = Report(
        name="article-lines",
        title=sku or _("Without SKU"),
        columns=[
            Column(_("Date"), DAY), Column(_("Document no.")), Column(_("Kind")), Column(_("Order")),
            Column(_("Article")), Column(_("Pieces"), NUMBER), Column(_("Revenue net"), MONEY),
        ],
        rows=Lazy(found, _document_rows),
        facts=[(_("Period"), period_text(first, last, get_language() or "de"))],
        empty=(_("Nothing was sold"), _("In these days there is no document that fits.")),
    )  # fmt: skip
    return respond(request, report)


def _document_rows(lines: Sequence[InvoiceLine]) -> list[Row]:
    rows = []
    for line in lines:
        document, sign = line.invoice, 1 if line.invoice.is_claim else -1
        cells = [
            document.issued_on, document.number, str(document.get_kind_display()), document.order_number, line.name,
            sign * line.quantity, sign * (line.gross_minor - line.vat_minor),
        ]  # fmt: skip
        urls = {1: reverse("finance:invoice", args=[document.number]), 3: journal_url(document.order_number)}
        rows.append(Row(cells, urls))
    return rows


def _chart(rows: Sequence[Row], label: int, value: int) -> dict[str, Any]:
    bars = [(str(row.cells[label]), max(0, row.cells[value])) for row in rows if row.cells[value] > 0]
    return {"title": _("What earned most"), "rows": bars}


urlpatterns = [
    path("reports/margin/orders/", margin_report, {"by": "order"}, name="report-margin-orders"),
    path("reports/margin/articles/", margin_report, {"by": "article"}, name="report-margin-articles"),
    path("reports/margin/articles/lines/", article_lines, name="report-article-lines"),
]
