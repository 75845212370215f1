"""Open items and ageing as of a day, the account of a customer, and what orders and articles earn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fulfilment.finance.invoicing.forms import BUCKET_LABELS
from fulfilment.finance.invoicing.letterhead import short_day
from fulfilment.finance.invoicing.queries import BUCKETS, Bucket
from fulfilment.finance.reports import customers, margin, open_items
from fulfilment.finance.reports.forms import OpenFilter, SheetFilter, given
from fulfilment.finance.reports.output import pdf_response, respond
from fulfilment.finance.reports.rows import day_of
from fulfilment.finance.reports.table import DAY, MONEY, NUMBER, PERCENT, Column, Report, Row, period_text
from fulfilment.finance.reports.vat import month
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.ui.numbers import money_text

VIEW = "ledger.view_ledger"
TONES = {"not_due": "good", "d1_30": "warn", "d31_60": "warn", "d61_90": "bad", "d91": "bad"}
#: ?sort= -> SQL; only what is listed here ever reaches the statement.
ITEM_SORT = {
    "number": "number",
    "due": "due_on",
    "open": "open_minor",
    "name": "name",
    "order": "order_number",
}
CUSTOMER_SORT = {
    "name": "name",
    "open": "owed_minor",
    "items": "many",
    **{code: code for code, _l, _h in BUCKETS},
}
ORDER_SORT = {
    "number": "number", "placed": "placed", "net": "net_minor", "cost": "cost_minor", "fees": "fees_minor",
    "margin": "margin_minor",
}  # fmt: skip
ARTICLE_SORT = {
    "sku": "sku", "name": "name", "pieces": "pieces", "net": "net_minor", "cost": "cost_minor",
    "margin": "margin_minor",
}  # fmt: skip
CHART_BARS = 10


def sql_order(request: HttpRequest, keys: dict[str, str], default: str, tie: str) -> str:
    """ORDER BY for ``?sort=``; anything that is no key means the default, ties go by ``tie``."""
    wanted = request.GET.get("sort", "")
    column = keys.get(wanted.removeprefix("-"))
    if column is None:
        return f"{default}, {tie}"
    return f"{column} {'DESC' if wanted.startswith('-') else 'ASC'}, {tie}"


@staff_view(VIEW)
@require_GET
def open_report(request: HttpRequest) -> HttpResponse:
    """What customers owed at the end of any day, by age, per customer or every item."""
    today = clock.today()
    form = OpenFilter(given(request, day=today))
    asked = open_items.Asked(
        day=form.on(today),
        age=form.value("age"),
        search=form.value("q"),
        customer=request.GET.get("customer", "")[:200].replace("\x00", ""),
    )
    buckets = open_items.ageing(asked)
    report = _every_item(request, asked) if form.value("by") == "item" else _per_customer(request, asked)
    report.charts = [{"title": _("Ageing"), "rows": [_bar(bucket, asked) for bucket in buckets]}]
    report.facts = [(_("Day"), short_day(asked.day, get_language() or "de")), (_("Search"), asked.search)]
    report.stats = [
        {
            "label": _("Customers owe"),
            "value": money_text(sum(bucket.open_minor for bucket in buckets)),
            "note": _("at the end of %(day)s") % {"day": short_day(asked.day, get_language() or "de")},
        },
        {
            "label": _("Of it overdue"),
            "value": money_text(sum(bucket.open_minor for bucket in buckets if bucket.code != "not_due")),
            "tone": "bad" if any(bucket.open_minor for bucket in buckets[1:]) else "good",
        },
    ]
    report.notes = [
        _("By the books of that day; what an order owes is laid on its invoices, the oldest paid first.")
    ]
    report.empty = (_("Nothing is open"), _("On this day no customer owed anything that fits."))
    return respond(request, report, form)


def _bar(bucket: Bucket, asked: open_items.Asked) -> tuple[str, int, str, str]:
    facts = {"day": asked.day.isoformat(), "by": "item", "age": bucket.code, "q": asked.search}
    return str(BUCKET_LABELS[bucket.code]), bucket.open_minor, TONES[bucket.code], f"?{urlencode(facts)}"


def _every_item(request: HttpRequest, asked: open_items.Asked) -> Report:
    def make(records: Sequence[Any]) -> list[Row]:
        return [_item_row(record, asked.day) for record in records]

    rows = open_items.items(asked, sql_order(request, ITEM_SORT, "due_on", "order_number, invoice_id"), make)
    _count, total = rows.sums("COUNT(*), COALESCE(SUM(open_minor), 0)")
    return Report(
        name="open-items",
        title=_("Open items and ageing"),
        columns=[
            Column(_("Invoice"), key="number"), Column(_("Order"), key="order"), Column(_("Customer"), key="name"),
            Column(_("Date"), DAY), Column(_("Due"), DAY, "due"), Column(_("Days overdue"), NUMBER),
            Column(_("Open"), MONEY, "open"),
        ],
        rows=rows,  # type: ignore[arg-type]
        foot=Row([_("Total"), None, None, None, None, None, int(total)]),
    )  # fmt: skip


def _item_row(record: Any, day: dt.date) -> Row:
    _id, number, order, issued, due, open_minor, customer, name = record
    due_on = day_of(due)
    days = max(0, (day - due_on).days) if due_on else 0
    cells = [number or _("not invoiced"), order, name, day_of(issued), due_on, days or None, int(open_minor)]
    urls = {1: journal_url(order), 6: journal_url(order)}
    if number:
        urls[0] = reverse("finance:invoice", args=[number])
    if customer:
        urls[2] = statement_url(customer)
    return Row(cells, urls)


def journal_url(order_number: str) -> str:
    """The entries of an order."""
    return f"{reverse('finance:journal')}?{urlencode({'q': f'order:{order_number}'})}"


def statement_url(customer: str, **more: Any) -> str:
    """The account of a customer."""
    return f"{reverse('finance:report-statement')}?{urlencode({'customer': customer, **more})}"


def _per_customer(request: HttpRequest, asked: open_items.Asked) -> Report:
    def make(records: Sequence[Any]) -> list[Row]:
        names = open_items.names_of([record[0] for record in records])
        return [_customer_row(record, names, asked.day) for record in records]

    rows = open_items.customers(asked, sql_order(request, CUSTOMER_SORT, "owed_minor DESC", "customer"), make)
    sums = ", ".join(f"COALESCE(SUM({code}), 0)" for code, _low, _high in BUCKETS)
    _count, many, total, *ages = rows.sums(
        f"COUNT(*), COALESCE(SUM(many), 0), COALESCE(SUM(owed_minor), 0), {sums}"
    )
    return Report(
        name="open-items-by-customer",
        title=_("Open items and ageing"),
        columns=[
            Column(_("Customer"), key="name"), Column(_("Open items"), NUMBER, "items"),
            Column(_("Open"), MONEY, "open"),
            *(Column(str(BUCKET_LABELS[code]), MONEY, code) for code, _low, _high in BUCKETS),
        ],
        rows=rows,  # type: ignore[arg-type]
        foot=Row([_("Total"), int(many), int(total), *map(int, ages)]),
    )  # fmt: skip


def _customer_row(record: Any, names: dict[str, tuple[str, str]], day: dt.date) -> Row:
    key, name, many, total, *ages = record
    shown = names.get(key, (name, ""))[0] or _("unknown")
    facts = urlencode({"day": day.isoformat(), "by": "item", "customer": key})
    urls = {1: f"?{facts}", 2: f"?{facts}"}
    if key:
        urls[0] = statement_url(key, last=day.isoformat())
    return Row([shown, int(many), int(total), *map(int, ages)], urls)


@staff_view(VIEW)
@require_GET
def statement(request: HttpRequest) -> HttpResponse:
    """The account of a customer: each document and payment with the balance after it; also as a letter to them."""
    of = customers.customer(request.GET.get("customer", "")[:200].replace("\x00", ""))
    if of is None:
        raise Http404
    form = StatementFilter(given(request, last=clock.today()))
    first, last = form.day("first"), form.day("last") or clock.today()
    if request.GET.get("format") == "letter":
        return pdf_response(
            customers.statement_pdf(of, first=first, last=last), f"statement-{last.isoformat()}"
        )
    opening, found = customers.movements(of, first=first, last=last)
    closing = found[-1].balance_minor if found else opening
    report = Report(
        name="customer-statement",
        title=_("Account of %(name)s") % {"name": of.name},
        columns=[
            Column(_("Date"), DAY), Column(_("Entry")), Column(_("Document no.")), Column(_("Order")),
            Column(_("Debit"), MONEY), Column(_("Credit"), MONEY), Column(_("Balance"), MONEY),
        ],
        rows=[_movement_row(row) for row in found],
        foot=Row([_("Balance"), None, None, None, None, None, closing]),
        facts=[
            (_("Customer"), f"{of.name} <{of.email}>"),
            (_("Period"), period_text(first, last, get_language() or "de")),
        ],
        stats=[
            {"label": _("Opening"), "value": money_text(opening)},
            {"label": _("Closing"), "value": money_text(closing), "tone": "warn" if closing > 0 else "good"},
        ],
        notes=[_("Positive: the customer owes; negative: in their favour.")],
        empty=(_("No movements"), _("In these days nothing was booked for this customer.")),
    )  # fmt: skip
    return respond(
        request, report, form, template="dashboard/finance/reports/statement.html", customer=of,
        letter_url=statement_url(of.key, **_days(first, last), format="letter"),
    )  # fmt: skip


class StatementFilter(SheetFilter):
    """Days of a customer's account; carries whose it is."""

    q = None  # type: ignore[assignment]
    customer = forms.CharField(required=False, widget=forms.HiddenInput)


def _days(first: dt.date | None, last: dt.date | None) -> dict[str, str]:
    return {name: day.isoformat() for name, day in (("first", first), ("last", last)) if day}


def _movement_row(row: customers.Movement) -> Row:
    amount = row.amount_minor
    cells = [
        row.day, row.kind, row.document, row.order_number, amount if amount > 0 else None,
        -amount if amount < 0 else None, row.balance_minor,
    ]  # fmt: skip
    entry = reverse("finance:entry", args=[row.entry_id])
    return Row(cells, {1: entry, 4: entry, 5: entry, 3: journal_url(row.order_number)})


@staff_view(VIEW)
@require_GET
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
    sums = rows.sums(_sum_columns("net_minor", "cost_minor", "fees_minor", "margin_minor"))
    net, cost, fees, earned = map(int, sums[1:])
    best = margin.orders(first, last, search, "margin_minor DESC, number", _order_rows)[:CHART_BARS]
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
        charts=[_chart(best, 0, 5)],
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
    order = sql_order(request, ARTICLE_SORT, "margin_minor DESC", "sku")
    rows = margin.articles(first, last, search, order, _article_rows)
    sums = rows.sums(_sum_columns("pieces", "net_minor", "cost_minor", "margin_minor"))
    pieces, net, cost, earned = map(int, sums[1:])
    best = margin.articles(first, last, search, "margin_minor DESC, sku", _article_rows)[:CHART_BARS]
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
        charts=[_chart(best, 1, 5)],
        notes=[_("Pieces invoiced less pieces credited, at what a piece cost when it was ordered. Without shipping.")],
    )  # fmt: skip


def _article_rows(records: Sequence[Any]) -> list[Row]:
    rows = []
    for sku, name, pieces, net, cost, earned in records:
        cells = [
            sku or "–",
            name,
            int(pieces),
            int(net),
            int(cost),
            int(earned),
            margin.rate_bp(int(earned), int(net)),
        ]
        rows.append(Row(cells))
    return rows


def _sum_columns(*columns: str) -> str:
    return "COUNT(*), " + ", ".join(f"COALESCE(SUM({column}), 0)" for column in columns)


def _chart(rows: Sequence[Row], label: int, value: int) -> dict[str, Any]:
    bars = [(str(row.cells[label]), max(0, row.cells[value])) for row in rows if row.cells[value] > 0]
    return {"title": _("What earned most"), "rows": bars}


urlpatterns = [
    path("reports/open-items/", open_report, name="report-open-items"),
    path("reports/statement/", statement, name="report-statement"),
    path("reports/margin/orders/", margin_report, {"by": "order"}, name="report-margin-orders"),
    path("reports/margin/articles/", margin_report, {"by": "article"}, name="report-margin-articles"),
]
