"""Open items and ageing as of a day, and the account of a customer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.forms import day_field
from fulfilment.finance.invoicing.forms import BUCKET_LABELS
from fulfilment.finance.invoicing.letterhead import short_day
from fulfilment.finance.invoicing.queries import BUCKETS, Bucket
from fulfilment.finance.reports import actions, customers, open_items
from fulfilment.finance.reports.forms import OpenFilter, SheetFilter, given
from fulfilment.finance.reports.output import pdf_response, respond
from fulfilment.finance.reports.rows import SqlRows, day_of
from fulfilment.finance.reports.table import DAY, MONEY, NUMBER, Column, Report, Row, period_text
from fulfilment.warehouse.lists import PAGE_SIZE
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


def sql_order(request: HttpRequest, keys: dict[str, str], default: str, tie: str) -> str:
    """ORDER BY for ``?sort=``; anything that is no key means the default, ties go by ``tie``."""
    wanted = request.GET.get("sort", "")
    column = keys.get(wanted.removeprefix("-"))
    if column is None:
        return f"{default}, {tie}"
    return f"{column} {'DESC' if wanted.startswith('-') else 'ASC'}, {tie}"


@staff_view(VIEW, shows="list")
@require_safe
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
    report, buckets = (_every_item if form.value("by") == "item" else _per_customer)(request, asked)
    if asked.age:  # the chart shows every age beside the one that is listed
        buckets = open_items.ageing(asked)
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


def load_page(request: HttpRequest, rows: SqlRows) -> None:
    """Read the page that the address names, so that page and totals come by one statement."""
    given_page = request.GET.get("page", "1")
    number = int(given_page) if given_page.isascii() and given_page.isdigit() and len(given_page) < 9 else 1
    if "format" not in request.GET:
        rows.load(max(0, number - 1) * PAGE_SIZE, max(1, number) * PAGE_SIZE)


def _every_item(request: HttpRequest, asked: open_items.Asked) -> tuple[Report, list[Bucket]]:
    def make(records: Sequence[Any]) -> list[Row]:
        return [_item_row(record, asked.day) for record in records]

    order = sql_order(request, ITEM_SORT, "due_on", "order_number, invoice_id")
    by_papers = order.startswith(("name", "number")) or "format" in request.GET
    rows = open_items.items(asked, order, make, papers=by_papers)
    load_page(request, rows)
    totals = rows.totals()
    report = Report(
        name="open-items",
        title=_("Open items and ageing"),
        columns=[
            Column(_("Invoice"), key="number"), Column(_("Order"), key="order"), Column(_("Customer"), key="name"),
            Column(_("Date"), DAY), Column(_("Due"), DAY, "due"), Column(_("Days overdue"), NUMBER),
            Column(_("Open"), MONEY, "open"),
        ],
        rows=rows,  # type: ignore[arg-type]
        foot=Row([_("Total"), None, None, None, None, None, totals[1]]),
    )  # fmt: skip
    return report, open_items.buckets_of(totals)


def _item_row(record: Any, day: dt.date) -> Row:
    _id, number, order, issued, due, open_minor, customer, name, *_ages = record
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


def _per_customer(request: HttpRequest, asked: open_items.Asked) -> tuple[Report, list[Bucket]]:
    def make(records: Sequence[Any]) -> list[Row]:
        names = open_items.names_of([record[0] for record in records])
        return [_customer_row(record, names, asked.day) for record in records]

    rows = open_items.customers(asked, sql_order(request, CUSTOMER_SORT, "owed_minor DESC", "customer"), make)
    load_page(request, rows)
    totals = rows.totals()
    buckets = open_items.buckets_of(totals)
    report = Report(
        name="open-items-by-customer",
        title=_("Open items and ageing"),
        columns=[
            Column(_("Customer"), key="name"), Column(_("Open items"), NUMBER, "items"),
            Column(_("Open"), MONEY, "open"),
            *(Column(str(BUCKET_LABELS[code]), MONEY, code) for code, _low, _high in BUCKETS),
        ],
        rows=rows,  # type: ignore[arg-type]
        foot=Row([_("Total"), totals[-1], totals[1], *(bucket.open_minor for bucket in buckets)]),
    )  # fmt: skip
    return report, buckets


def _customer_row(record: Any, names: dict[str, tuple[str, str]], day: dt.date) -> Row:
    key, name, total, *ages, many = record
    shown = names.get(key, (name, ""))[0] or _("unknown")
    facts = urlencode({"day": day.isoformat(), "by": "item", "customer": key})
    urls = {1: f"?{facts}", 2: f"?{facts}"}
    if key:
        urls[0] = statement_url(key, last=day.isoformat())
    return Row([shown, int(many), int(total), *map(int, ages[::2])], urls)


@staff_view(VIEW, shows="statement")
@require_safe
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
        send_url=f"{reverse('finance:report-send-statement')}?{urlencode({'customer': of.key, **_days(first, last)})}",
    )  # fmt: skip


@staff_view("reports.send_statements", shows="statement")
@require_http_methods(["GET", "HEAD", "POST"])
def send_statement(request: HttpRequest) -> HttpResponse:
    """Send a customer their account by mail: first what will happen, then it happens."""
    query = request.POST if request.method == "POST" else request.GET
    of = customers.customer(query.get("customer", "")[:200].replace("\x00", ""))
    if of is None or not of.email:
        raise Http404
    form = SendForm(
        query if request.method == "POST" else given(request, last=clock.today(), key=uuid.uuid4())
    )
    if request.method == "POST" and form.is_valid():
        sent = actions.send_statement(
            customer=of,
            first=form.cleaned_data["first"],
            last=form.cleaned_data["last"],
            key=form.cleaned_data["key"],
            by=request.user,
        )
        messages.success(request, _("The account goes to %(email)s by mail.") % {"email": sent.email})
        return redirect(statement_url(of.key))
    context = {
        "form": form, "customer": of, "back_url": statement_url(of.key),
        "crumbs": [{"title": _("Reports"), "url": reverse("finance:reports")}, {"title": of.name, "url": ""}],
    }  # fmt: skip
    status = 400 if request.method == "POST" else 200
    return render(request, "dashboard/finance/reports/send_statement.html", context, status=status)


class SendForm(forms.Form):
    """Which days of whose account are sent; ``key`` makes a second click harmless."""

    first = day_field(gettext_lazy("From"))
    last = day_field(gettext_lazy("Until"), required=True)
    customer = forms.CharField(widget=forms.HiddenInput, max_length=200)
    key = forms.UUIDField(widget=forms.HiddenInput)


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


urlpatterns = [
    path("reports/open-items/", open_report, name="report-open-items"),
    path("reports/statement/", statement, name="report-statement"),
    path("reports/statement/send/", send_statement, name="report-send-statement"),
]
