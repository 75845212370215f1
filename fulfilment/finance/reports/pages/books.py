"""Trial balance, account sheet, profit and loss, balance sheet."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fulfilment.finance.invoicing.letterhead import short_day
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reports import balances, statements
from fulfilment.finance.reports.forms import Compared, Days, OnlyDay, SheetFilter, given, year_before
from fulfilment.finance.reports.output import respond
from fulfilment.finance.reports.sheet import Sheet, SubSheet
from fulfilment.finance.reports.table import DAY, MONEY, Column, Report, Row, period_text
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.ui.numbers import money_text

VIEW = "ledger.view_ledger"
#: What customers owe and what they paid in advance are sides of one account: each opens to its own orders.
BEHIND = {"B.II.1": "finance:report-open-items", statements.ADVANCES: "finance:report-advances"}


@staff_view(VIEW)
@require_safe
def trial_balance(request: HttpRequest) -> HttpResponse:
    """Opening, debits, credits and closing of every account; each figure leads to its sheet."""
    today = clock.today()
    form = Days(given(request, first=today.replace(month=1, day=1), last=today))
    first, last = form.day("first"), form.day("last")
    sums = balances.by_account(first_day=first, last_day=last)

    found = [(account, sums[account.pk]) for account in Account.objects.all() if account.pk in sums]
    report = Report(
        name="trial-balance",
        title=_("Trial balance"),
        columns=[
            Column(_("Account"), key="number"), Column(_("Name"), key="name"),
            Column(_("Opening"), MONEY, "opening"), Column(_("Debit"), MONEY, "debit"),
            Column(_("Credit"), MONEY, "credit"), Column(_("Closing"), MONEY, "closing"),
        ],
        rows=[_trial_row(account, row, first, last) for account, row in found],
        facts=[(_("Period"), period_text(first, last, get_language() or "de"))],
        notes=[_("Balances: debit positive, credit negative.")],
        empty=(_("Nothing was booked"), _("In these days no account was posted to.")),
        is_paged=False,
    )  # fmt: skip
    totals = [sum(row.cells[at] for row in report.rows) for at in range(2, 6)]
    report.foot = Row([_("Total"), None, *totals])
    balanced = totals[0] == totals[3] == 0 and totals[1] == totals[2]
    if balanced:
        report.notes.insert(0, _("Debits and credits are equal."))
    else:
        report.warning = _("Debits and credits differ.")
    return respond(request, report, form)


def _trial_row(
    account: Account, row: balances.AccountSum, first: dt.date | None, last: dt.date | None
) -> Row:
    sheet = reverse("finance:account", args=[account.number])
    within = sheet + days_query(first, last)
    before = sheet + days_query(None, first - dt.timedelta(days=1)) if first else within
    cells = [
        account.number,
        account.name,
        row.opening_minor,
        row.debit_minor,
        row.credit_minor,
        row.closing_minor,
    ]
    return Row(cells, {0: within, 2: before, 3: within, 4: within, 5: within})


def days_query(first: dt.date | None, last: dt.date | None) -> str:
    """What makes a link lead into these days: ``?first=…&last=…``."""
    days = {"first": first, "last": last}
    found = "&".join(f"{name}={day.isoformat()}" for name, day in days.items() if day)
    return f"?{found}" if found else ""


@staff_view(VIEW, shows="list")
@require_safe
def account_sheet(request: HttpRequest, number: str) -> HttpResponse:
    """Every line of an account with its running balance."""
    account = get_object_or_404(Account, number=number)
    form = SheetFilter(request.GET)
    first, last, subject = form.day("first"), form.day("last"), form.value("q")
    sheet: Sheet | SubSheet
    if subject:
        sheet = SubSheet(account, subject, first=first, last=last)
    else:
        sheet = Sheet(account, first=first, last=last)
    report = Report(
        name=f"account-{account.number}",
        title=str(account),
        columns=[
            Column(_("Date"), DAY), Column(_("Entry")), Column(_("Document no.")), Column(_("Text")),
            Column(_("Sub-account")), Column(_("Debit"), MONEY), Column(_("Credit"), MONEY),
            Column(_("Balance"), MONEY),
        ],
        rows=sheet,  # type: ignore[arg-type]
        stats=[
            {"label": _("Opening"), "value": money_text(sheet.opening_minor)},
            {"label": _("Closing"), "value": money_text(sheet.closing_minor)},
        ],
        foot=Row([_("Balance of all pages"), None, None, None, None, None, None, sheet.closing_minor]),
        facts=[
            (_("Period"), period_text(first, last, get_language() or "de") if first or last else ""),
            (_("Sub-account"), subject),
        ],
        notes=[_("Balances: debit positive, credit negative.")],
        empty=(_("No lines"), _("This account was not posted to in these days.")),
    )  # fmt: skip
    return respond(request, report, form)


@staff_view(VIEW)
@require_safe
def income(request: HttpRequest) -> HttpResponse:
    """Profit and loss by the headings of § 275 (2) HGB, beside another period."""
    today = clock.today()
    form = Compared(given(request, first=today.replace(month=1, day=1), last=today))
    first = form.day("first") or today.replace(month=1, day=1)
    last = form.day("last") or max(today, first)
    before = form.before(first, last)
    lines = statements.income(first=first, last=last, before=before)
    lang = get_language() or "de"

    def url(account: Account, code: str, is_before: bool) -> str:
        return sheet_url(account, *(before if is_before else (first, last)))

    report = Report(
        name="profit-and-loss",
        title=_("Profit and loss"),
        columns=_compared_columns(period_text(first, last, lang), period_text(*before, lang)),
        rows=_statement_rows(lines, url),
        facts=[(_("Period"), period_text(first, last, lang)), (_("Compared with"), period_text(*before, lang))],
        notes=[_("By the total cost format, § 275 (2) HGB. Income counts positive, expense negative.")],
        empty=(_("Nothing was booked"), _("In these days there was neither income nor expense.")),
        is_paged=False,
    )  # fmt: skip
    if lines[-1].heading.adds and not any(
        line.now_minor or line.before_minor or line.accounts for line in lines
    ):
        report.rows = []
    return respond(request, report, form)


@staff_view(VIEW)
@require_safe
def balance_sheet(request: HttpRequest) -> HttpResponse:
    """The balance sheet by the headings of § 266 HGB at the end of a day, beside that of a year before."""
    today = clock.today()
    form = OnlyDay(given(request, day=today))
    day = form.on(today)
    before = year_before(day)
    found = statements.balance_sheet(day=day, before=before)
    lang = get_language() or "de"

    def url(account: Account, code: str, is_before: bool) -> str:
        on = before if is_before else day
        page = BEHIND.get(code) if account.role == "receivable" else None
        return f"{reverse(page)}?day={on.isoformat()}" if page else sheet_url(account, None, on)

    report = Report(
        name="balance-sheet",
        title=_("Balance sheet"),
        columns=_compared_columns(short_day(day, lang), short_day(before, lang)),
        rows=[
            *_side_rows(found, "assets", _("Assets"), url),
            *_side_rows(found, "liabilities", _("Equity and liabilities"), url),
        ],
        facts=[(_("Day"), short_day(day, lang)), (_("Compared with"), short_day(before, lang))],
        notes=[
            _("By the headings of § 266 HGB. The results of this year and of years not closed are computed."),
            _("What customers paid in advance is not set off against what others owe (§ 246 (2) HGB)."),
        ],
        empty=(_("Nothing was booked"), _("Until this day no account was posted to.")),
        is_paged=False,
    )
    if found.total("assets") != found.total("liabilities"):
        report.warning = _("Assets and liabilities differ: please let the books be checked.")
    return respond(request, report, form)


def sheet_url(account: Account, first: dt.date | None, last: dt.date | None) -> str:
    """The sheet of an account within some days."""
    return reverse("finance:account", args=[account.number]) + days_query(first, last)


def _compared_columns(now: str, before: str) -> list[Column]:
    return [Column(_("Heading")), Column(now, MONEY), Column(before, MONEY), Column(_("Difference"), MONEY)]


def _amounts(now: int, before: int) -> list[Any]:
    return [now, before, now - before]


def _statement_rows(lines: list[statements.Line], url: Any) -> list[Row]:
    """Headings that hold something, each with its accounts beneath; sums always."""
    rows = []
    for line in lines:
        if not (line.accounts or line.heading.adds or line.now_minor or line.before_minor):
            continue
        style = "sum" if line.heading.adds else "head"
        cells = [line.heading.label, *_amounts(line.now_minor, line.before_minor)]
        rows.append(Row(cells, style=style, depth=line.heading.depth))
        for account, now, before in line.accounts.values():
            cells = [str(account), *_amounts(now, before)]
            code = line.heading.code
            urls = {0: url(account, code, False), 1: url(account, code, False), 2: url(account, code, True)}
            rows.append(Row(cells, urls, depth=min(3, line.heading.depth + 1)))
    return rows


def _side_rows(found: statements.BalanceSheet, side: str, title: str, url: Any) -> list[Row]:
    lines = [line for line in found.lines if line.heading.side == side]
    rows = _statement_rows(lines, url)
    if not rows:
        return []
    total = _amounts(found.total(side), found.total(side, before=True))
    return [*rows, Row([_("Total: %(side)s") % {"side": title}, *total], style="sum")]


urlpatterns = [
    path("trial-balance/", trial_balance, name="trial-balance"),
    path("accounts/<slug:number>/", account_sheet, name="account"),
    path("reports/income/", income, name="report-income"),
    path("reports/balance/", balance_sheet, name="report-balance"),
]
