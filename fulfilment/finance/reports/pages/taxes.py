"""VAT by line of the return, country and rate, and what is behind it; OSS quarter and threshold; advance payments."""

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

from fulfilment.finance.amounts import rate_text
from fulfilment.finance.invoicing.letterhead import country_name, short_day
from fulfilment.finance.ledger.dashboard import document_url
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.reports import open_items, vat
from fulfilment.finance.reports.forms import Days, OnlyDay, Quarter, given
from fulfilment.finance.reports.output import respond
from fulfilment.finance.reports.table import DAY, MONEY, NUMBER, Column, Lazy, Report, Row, period_text
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.ui.numbers import money_text

VIEW = "ledger.view_ledger"
MINOR_PER_EURO = 100


@staff_view(VIEW)
@require_safe
def vat_figures(request: HttpRequest) -> HttpResponse:
    """VAT of a period per line of the return, country and rate; each cell opens to its documents."""
    first, last = vat.month(clock.today())
    form = Days(given(request, first=first, last=last))
    first, last = form.day("first") or first, form.day("last") or max(last, form.day("first") or last)
    found = vat.vat_rows(first=first, last=last)
    lang = get_language() or "de"
    report = Report(
        name="vat",
        title=_("VAT figures"),
        columns=[
            Column(_("Line (Kz)"), key="kz"), Column(_("What"), key="what"), Column(_("Country"), key="country"),
            Column(_("VAT rate")), Column(_("Base"), MONEY, "base"), Column(_("VAT"), MONEY, "vat"),
            Column(_("Postings"), NUMBER, "lines"), Column(_("Source")),
        ],
        rows=[_vat_row(row, first, last, lang) for row in found],
        foot=Row([_("To be paid (Kz 83)"), None, None, None, None, vat.payable_minor(_at_home(found)), None, None]),
        facts=[(_("Period"), period_text(first, last, lang))],
        notes=[
            _("The form takes bases in whole euros, cut off. Sales of other EU countries (Kz 45) are declared by OSS."),
            _("Write-offs and what came in on them after all are corrected in the period of the booking (§ 17 UStG)."),
        ],
        empty=(_("No VAT"), _("In these days nothing was booked that the VAT return asks for.")),
        is_paged=False,
    )  # fmt: skip
    return respond(request, report, form)


def _at_home(rows: Sequence[vat.VatRow]) -> list[vat.VatRow]:
    """What the return at home asks for: not the VAT of other countries."""
    return [row for row in rows if row.line.kz != vat.OSS_KZ]


def _vat_row(row: vat.VatRow, first: dt.date, last: dt.date, lang: str) -> Row:
    facts = {
        "kz": row.line.kz, "country": row.country, "rate": "" if row.rate_bp is None else row.rate_bp,
        "first": first.isoformat(), "last": last.isoformat(),
    }  # fmt: skip
    behind = f"{reverse('finance:report-vat-lines')}?{urlencode(facts)}"
    kz = f"{row.line.kz} / {row.line.tax_kz}" if row.line.tax_kz else row.line.kz
    cells = [
        kz, row.line.label, country_name(row.country, lang) if row.country else "",
        "" if row.rate_bp is None else rate_text(row.rate_bp), row.base_minor, row.tax_minor, row.lines,
        row.line.source,
    ]  # fmt: skip
    return Row(cells, {4: behind, 5: behind, 6: behind})


@staff_view(VIEW, shows="list")
@require_safe
def vat_lines(request: HttpRequest) -> HttpResponse:
    """The lines behind one cell of the VAT figures, with their documents."""
    line = next((one for one in vat.return_lines() if one.kz == request.GET.get("kz")), None)
    rate = request.GET.get("rate", "")
    form = Days(request.GET)
    first, last = form.day("first"), form.day("last")
    if (
        line is None
        or not (first and last)
        or not (rate == "" or (rate.isascii() and rate.isdigit() and len(rate) < 7))
    ):
        raise Http404
    country = request.GET.get("country", "")[:2]
    found = _lines_behind(line, country, int(rate) if rate else None, first, last)
    report = Report(
        name=f"vat-{line.kz}",
        title=_("Kz %(kz)s: %(what)s") % {"kz": line.kz, "what": line.label},
        columns=[
            Column(_("Date"), DAY), Column(_("Entry")), Column(_("Document no.")), Column(_("Text")),
            Column(_("Account")), Column(_("Base"), MONEY), Column(_("VAT"), MONEY),
        ],
        rows=Lazy(found, _behind_rows),
        facts=[
            (_("Period"), period_text(first, last, get_language() or "de")),
            (_("Country"), country), (_("VAT rate"), rate_text(int(rate)) if rate else ""),
        ],
        empty=(_("No lines"), _("Nothing was booked here in these days.")),
    )  # fmt: skip
    return respond(request, report)


def _lines_behind(line: vat.ReturnLine, country: str, rate: int | None, first: dt.date, last: dt.date) -> Any:
    """Lines of the accounts that make up a line of the return, in the order of the books."""
    return (
        EntryLine.objects.filter(
            account__role__in=line.behind if rate else line.roles, vat_country=country, vat_rate_bp=rate,
            currency="EUR", entry__booked_on__gte=first, entry__booked_on__lte=last, entry__posted_at__isnull=False,
        )
        .select_related("entry", "entry__reverses", "account")
        .order_by("entry__booked_on", "entry_id", "pk")
    )  # fmt: skip


def _behind_rows(lines: Sequence[EntryLine]) -> list[Row]:
    rows = []
    for line in lines:
        entry, amount = line.entry, line.credit_minor - line.debit_minor
        is_tax = line.account.role.startswith("vat_") or line.account.role == "input_vat"
        cells = [
            entry.booked_on, str(entry.get_kind_display()), entry.document, entry.text, str(line.account),
            None if is_tax else amount, amount if is_tax else None,
        ]  # fmt: skip
        urls = {1: reverse("finance:entry", args=[entry.pk])}
        if entry.kind in ("invoice_issued", "credit_note_issued"):
            urls[2] = document_url(entry)
        rows.append(Row(cells, urls))
    return rows


@staff_view(VIEW)
@require_safe
def oss(request: HttpRequest) -> HttpResponse:
    """The OSS return of a quarter, its file for the tax office, and how near the year is to the threshold."""
    today = clock.today()
    form = Quarter(given(request, year=today.year, quarter=(today.month + 2) // 3))
    first, last = vat.quarter(form.first_day(today))
    found = vat.oss_rows(first=first, last=last)
    if request.GET.get("format") == "bzst":
        return _bzst_file(found, first)
    lang = get_language() or "de"
    report = Report(
        name=f"oss-{first.year}-q{(first.month + 2) // 3}",
        title=_("One-Stop-Shop (OSS)"),
        columns=[
            Column(_("Country"), key="country"), Column(_("VAT rate")), Column(_("Kind of rate")),
            Column(_("Base"), MONEY, "base"), Column(_("VAT"), MONEY, "vat"),
        ],
        rows=[_oss_row(row, first, last, lang) for row in found],
        foot=Row([_("Total"), None, None, *_oss_sums(found)]),
        facts=[(_("Period"), period_text(first, last, lang))],
        notes=[
            _("Declared to the Federal Central Tax Office until the end of the month after the quarter (§ 18j UStG)."),
        ],
        empty=(
            _("Nothing to declare"),
            _("No VAT of another EU country in this quarter; a nil return is due all the same."),
        ),
        is_paged=False,
    )  # fmt: skip
    if any(row.base_minor <= 0 or row.tax_minor <= 0 for row in found):
        report.warning = _(
            "Rows that are not positive correct an earlier quarter; declare them as corrections by hand."
        )
    meter = vat.meter(first.year)
    _show_meter(report, meter, lang)
    query = request.GET.copy()
    query["format"] = "bzst"
    return respond(
        request, report, form, template="dashboard/finance/reports/oss.html", meter=meter,
        bzst_url=f"?{query.urlencode()}", percent=min(100, meter.percent),
    )  # fmt: skip


def _oss_sums(rows: Sequence[vat.OssRow]) -> list[int]:
    return [sum(row.base_minor for row in rows), sum(row.tax_minor for row in rows)]


def _oss_row(row: vat.OssRow, first: dt.date, last: dt.date, lang: str) -> Row:
    facts = {
        "kz": vat.OSS_KZ, "country": row.country, "rate": row.rate_bp,
        "first": first.isoformat(), "last": last.isoformat(),
    }  # fmt: skip
    behind = f"{reverse('finance:report-vat-lines')}?{urlencode(facts)}"
    cells = [country_name(row.country, lang), rate_text(row.rate_bp), row.kind, row.base_minor, row.tax_minor]
    return Row(cells, {3: behind, 4: behind})


def _bzst_file(rows: Sequence[vat.OssRow], first: dt.date) -> HttpResponse:
    response = HttpResponse(vat.oss_csv(rows), content_type="text/csv; charset=utf-8")
    name = f"oss-{first.year}-q{(first.month + 2) // 3}-bzst.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _show_meter(report: Report, meter: vat.Meter, lang: str) -> None:
    """The threshold in figures, in a chart, and as a warning before it is reached."""
    tones = {"below": "good", "near": "warn", "above": "bad"}
    report.stats = [
        {
            "label": _("Net to other EU countries in %(year)s") % {"year": meter.year},
            "value": money_text(meter.net_minor),
            "note": _("%(percent)s %% of the threshold of %(limit)s")
            % {"percent": meter.percent, "limit": money_text(vat.THRESHOLD_MINOR)},
            "tone": tones[meter.state],
        }
    ]
    rows = [(country_name(code, lang), net, tones[meter.state]) for code, net in meter.by_country.items()]
    if rows:
        report.charts = [{"title": _("Net sales of the year by country"), "rows": rows}]
    if meter.state == "near":
        report.warning = _(
            "The threshold of § 3a (5) and § 3c (4) UStG is nearly reached: from the sale that passes it on, VAT is "
            "that of the country of destination."
        )
    elif meter.state == "above":
        report.notes.insert(
            0, _("Above the threshold: VAT is that of the country of destination (§ 3c (1) UStG).")
        )


@staff_view(VIEW, shows="list")
@require_safe
def advances(request: HttpRequest) -> HttpResponse:
    """Orders in credit at the end of a day with the VAT inside: due with the money, before the invoice."""
    today = clock.today()
    form = OnlyDay(given(request, day=today))
    day = form.on(today)
    found = open_items.advances(day)
    lang = get_language() or "de"
    names = open_items.names_of([one.customer for one in found])
    rates = sorted({key for one in found for key in one.vat})
    report = Report(
        name="advance-payments",
        title=_("Advance payments"),
        columns=[
            Column(_("Order"), key="order"), Column(_("Placed"), DAY, "placed"), Column(_("Customer"), key="customer"),
            Column(_("In credit"), MONEY, "credit"), Column(_("Of it paid in advance"), MONEY, "advance"),
            Column(_("VAT inside"), MONEY, "vat"), Column(_("VAT by rate")),
        ],
        rows=[_advance_row(one, names, lang) for one in found],
        foot=Row([_("Total"), None, None, sum(one.credit_minor for one in found),
                  sum(one.advance_minor for one in found), sum(one.vat_minor for one in found), None]),
        facts=[(_("Day"), short_day(day, lang))],
        stats=[_rate_stat(key, found, lang) for key in rates],
        notes=[
            _("VAT on advance payments is due with the money (§ 13 (1) Nr. 1 a sentence 4 UStG)."),
            _("What is in credit beyond goods not yet invoiced was overpaid and carries no VAT."),
        ],
        empty=(_("No advance payments"), _("On this day no order was in credit.")),
    )  # fmt: skip
    return respond(request, report, form)


def _rate_stat(key: tuple[str, int], found: Sequence[open_items.Advance], lang: str) -> dict[str, Any]:
    parts = [one.vat[key] for one in found if key in one.vat]
    country, rate = key
    return {
        "label": f"{country_name(country, lang)} {rate_text(rate)}",
        "value": money_text(sum(tax for _gross, tax in parts)),
        "note": _("VAT in %(gross)s") % {"gross": money_text(sum(gross for gross, _tax in parts))},
    }


def _advance_row(one: open_items.Advance, names: dict[str, tuple[str, str]], lang: str) -> Row:
    by_rate = ", ".join(
        f"{country} {rate_text(rate)}: {money_text(tax)}" for (country, rate), (_g, tax) in one.vat.items()
    )
    name = names.get(one.customer, (one.name, ""))[0]
    cells = [
        one.order_number, one.placed_on, name, one.credit_minor, one.advance_minor, one.vat_minor, by_rate,
    ]  # fmt: skip
    sheet = reverse("finance:journal") + "?" + urlencode({"q": f"order:{one.order_number}"})
    urls = {0: sheet, 3: sheet}
    if one.customer:
        urls[2] = f"{reverse('finance:report-statement')}?{urlencode({'customer': one.customer})}"
    return Row(cells, urls)


urlpatterns = [
    path("reports/vat/", vat_figures, name="report-vat"),
    path("reports/vat/lines/", vat_lines, name="report-vat-lines"),
    path("reports/oss/", oss, name="report-oss"),
    path("reports/advances/", advances, name="report-advances"),
]
