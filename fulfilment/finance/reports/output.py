"""A report on screen, as CSV and as PDF."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.invoicing import letterhead as head
from fulfilment.finance.invoicing.merchant import profile
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, wants_csv
from shop.kernel import clock, pdf
from shop.ui.numbers import money_text, plain_number

from .table import DAY, MONEY, NUMBER, PERCENT, Column, Report, Row, sorted_rows

PDF_ROWS_MAX = 2_000  #: about forty pages; whoever wants more wants the CSV
TEMPLATE = "dashboard/finance/reports/report.html"
BP_PER_PERCENT = 100


def respond(
    request: HttpRequest, report: Report, form: Any = None, *, template: str = TEMPLATE, **context: Any
) -> HttpResponse:
    """The report as the address asks for it: ``?format=csv``, ``?format=pdf``, else the page with its filters.

    context: further variables of the page; ``crumbs`` where the report does not stand among those of finance.
    """
    if isinstance(report.rows, list):
        report.rows = sorted_rows(report.rows, report.columns, request.GET.get("sort", ""))
    if wants_csv(request):
        return _csv(report)
    if request.GET.get("format") == "pdf":
        return pdf_response(report_pdf(report, get_language() or "de"), report.name)
    page = page_of(request, report.rows) if report.is_paged else None
    shown = list(page.object_list) if page is not None else list(report.rows)
    context = {
        "crumbs": [
            {"title": _("Reports"), "url": reverse("finance:reports")},
            {"title": report.title, "url": ""},
        ],
        **context,
        "report": report,
        "form": form,
        "page": page,
        "rows": [_shown(row, report) for row in shown],
        "foot": _shown(report.foot, report) if report.foot else None,
        "csv_url": csv_url(request),
        "pdf_url": csv_url(request).replace("format=csv", "format=pdf"),
    }
    return render(request, template, context, status=form.status if form is not None else 200)


def pdf_response(content: bytes, name: str) -> HttpResponse:
    """A PDF that the browser shows, called ``name``."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def cell_text(value: Any, column: Column, currency: str, lang: str) -> str:
    """A cell as people read it, on screen and on paper."""
    if value is None or value == "":
        return ""
    if column.kind == MONEY and isinstance(value, int):
        return money_text(value, currency)
    if column.kind == PERCENT and isinstance(value, int):
        return head.percent(value, lang)
    if column.kind == NUMBER and isinstance(value, int):
        return plain_number(value, 0)
    if column.kind == DAY and isinstance(value, dt.date):
        return head.short_day(value, lang)
    return str(value)


def report_pdf(report: Report, lang: str) -> bytes:
    """The report as PDF: merchant, what it covers, when it was made, page numbers; at most ``PDF_ROWS_MAX`` rows."""
    rows = list(report.rows[:PDF_ROWS_MAX])
    notes = [*report.notes]
    if report.warning:
        notes.insert(0, report.warning)
    if len(report.rows) > len(rows):
        notes.append(
            _("Printed are the first %(n)s rows; the CSV has all.") % {"n": plain_number(len(rows), 0)}
        )
    made = timezone.localtime(clock.now())
    merchant = profile()
    facts = [
        *report.facts,
        (_("Currency"), report.currency),
        (_("Created at"), f"{head.short_day(made.date(), lang)} {made:%H:%M}"),
    ]
    data = {
        "title": report.title,
        "merchant": merchant.name,
        "place": f"{merchant.street} · {merchant.postcode} {merchant.city}",
        "facts": [[label, text] for label, text in facts if text],
        "columns": [[column.label, column.is_number] for column in report.columns],
        "rows": [_printed(row, report, lang) for row in rows],
        "foot": _printed(report.foot, report, lang)["cells"] if report.foot else [],
        "notes": notes,
        "labels": {"page": _("Page {page} of {pages}"), "empty": report.empty[0]},
    }
    return pdf.render(pdf.DOCUMENTS / "report.typ", data, standard="ua-1", lang=lang)


def _printed(row: Row, report: Report, lang: str) -> dict[str, Any]:
    cells = [
        cell_text(value, column, report.currency, lang)
        for value, column in zip(row.cells, report.columns, strict=True)
    ]
    return {"cells": cells, "style": row.style, "depth": row.depth}


def _shown(row: Row, report: Report) -> dict[str, Any]:
    lang = get_language() or "de"
    cells = [
        {
            "text": cell_text(value, column, report.currency, lang),
            "url": row.urls.get(at, ""),
            "label": column.label,
            "is_number": column.is_number,
        }
        for at, (value, column) in enumerate(zip(row.cells, report.columns, strict=True))
    ]
    return {"cells": cells, "style": row.style, "depth": row.depth}


def _csv(report: Report) -> HttpResponse:
    rows = [*report.rows[:CSV_ROWS_MAX], *([report.foot] if report.foot else [])]
    return csv_file(
        report.name,
        [column.label for column in report.columns],
        (
            [_csv_cell(value, column) for value, column in zip(row.cells, report.columns, strict=True)]
            for row in rows
        ),
    )


def _csv_cell(value: Any, column: Column) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, int) and column.kind == MONEY:
        return CsvAmount(value)
    if isinstance(value, int) and column.kind == PERCENT:
        return f"{value / BP_PER_PERCENT:g}"
    return value
