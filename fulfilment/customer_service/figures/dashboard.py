"""Staff pages of the figures: the list of reports, and each of them with filters, charts, CSV and PDF."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fulfilment.finance.reports.output import respond
from fulfilment.finance.reports.table import MONEY, NUMBER, PERCENT, Column, Report, Row, period_text
from fulfilment.warehouse.receiving.models import GRADES
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.numbers import money_text

from . import costs as cost_figures
from . import goods, people
from . import times as time_figures
from .forms import CaseSpans, ProductSpans, Spans
from .spans import hours_text, label, share_bp, spans

VIEW, PEOPLE = "cases.view_figures", "cases.see_people"
TEMPLATE = "dashboard/service/figures.html"
SHOWN_MAX = 8  #: products and people in a chart
MINUTES_PER_HOUR = 60


@staff_view(VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every report with what it answers."""
    may_see = request.user.has_perm(PEOPLE)
    reports = [
        (
            "figures-times",
            "clock",
            _("Times to answer and solve"),
            _("How long customers wait, and how often we keep what we promise."),
        ),
        ("figures-goods", "return", _("Returns by product"), _("What comes back, why, and how it looked.")),
        (
            "figures-costs",
            "euro",
            _("What complaints cost"),
            _("Credited, sent once more, thrown away, and per complaint."),
        ),
    ]
    if may_see:
        reports.append(
            ("figures-people", "users", _("Refunds by person"), _("Who sent how much money back."))
        )
    return render(request, "dashboard/service/figures_index.html", {"reports": reports})


def _respond(request: HttpRequest, report: Report, form: Spans, **context: Any) -> HttpResponse:
    first, last = form.days
    report.facts = [(_("Period"), period_text(first, last, get_language() or "de"))]
    crumbs = [
        {"title": _("Reports of service"), "url": reverse("service:figures")},
        {"title": report.title, "url": ""},
    ]
    return respond(request, report, form, template=TEMPLATE, crumbs=crumbs, **context)


@staff_view(VIEW)
@require_safe
def times(request: HttpRequest) -> HttpResponse:
    """How long customers wait for the first answer and for the solution. A constant number of queries."""
    form = CaseSpans(request)
    first, last = form.days
    found = time_figures.times(first, last, form.cut, form.value("kind"))
    whole = time_figures.Times()
    for one in found.values():
        whole.add(one)
    listed = [(day, found.get(day, time_figures.Times())) for day in spans(first, last, form.cut)]
    report = Report(
        name="service-times",
        title=_("Times to answer and solve"),
        columns=[
            Column(_("When")),
            Column(_("Cases"), NUMBER),
            Column(_("Answer, median")),
            Column(_("Answer, 9 of 10")),
            Column(_("Answered in time"), PERCENT),
            Column(_("Solution, median")),
            Column(_("Solution, 9 of 10")),
            Column(_("Solved in time"), PERCENT),
        ],
        rows=[_times_row(label(day, form.cut), one) for day, one in listed] if whole.opened else [],
        foot=_times_row(_("Together"), whole),
        stats=_times_stats(whole),
        notes=[
            _(
                "Hours of business time. What is not due yet counts neither way; what is due and not done is late."
            ),
            _("The first answer is measured by the hours that are promised today."),
        ],
        empty=(_("No cases"), _("Nobody wrote to us in these days.")),
    )
    lines = [
        (
            _("Median of the first answer, minutes"),
            [(label(day, form.cut), one.answer[0] or 0) for day, one in listed],
        ),
        (
            _("Median of the solution, minutes"),
            [(label(day, form.cut), one.solution[0] or 0) for day, one in listed],
        ),
    ]
    return _respond(request, report, form, lines=lines if whole.opened else [])


def _times_row(title: str, one: time_figures.Times) -> Row:
    answer, solution = one.answer, one.solution
    cells = [
        title,
        one.opened,
        hours_text(answer[0]),
        hours_text(answer[1]),
        answer[2],
        hours_text(solution[0]),
        hours_text(solution[1]),
        solution[2],
    ]
    return Row(cells)


def _times_stats(whole: time_figures.Times) -> list[dict[str, Any]]:
    if not whole.opened:
        return []
    return [
        {"label": _("First answer, median"), "value": hours_text(whole.answer[0]) or "–"},
        {"label": _("Answered in time"), "value": _percent(whole.answer[2])},
        {"label": _("Solution, median"), "value": hours_text(whole.solution[0]) or "–"},
        {"label": _("Solved in time"), "value": _percent(whole.solution[2])},
    ]


def _percent(bp: int | None) -> str:
    from fulfilment.finance.invoicing.letterhead import percent

    return "–" if bp is None else percent(bp, get_language() or "de")


@staff_view(VIEW)
@require_safe
def by_product(request: HttpRequest) -> HttpResponse:
    """What comes back and why, by product. A constant number of queries."""
    form = ProductSpans(request)
    found = goods.by_product(*form.days, form.value("q"))
    origins = [code for code in goods.ORIGINS if any(one.origins[code] for one in found)]
    grades = [(code, title) for code, title in GRADES if any(one.grades[code] for one in found)]
    report = Report(
        name="returns-by-product",
        title=_("Returns by product"),
        columns=[
            Column(_("Product"), key="product"),
            Column(_("Sent"), NUMBER, "sent"),
            Column(_("Came back"), NUMBER, "back"),
            Column(_("Share"), PERCENT, "share"),
            *(Column(str(goods.ORIGINS[code]), NUMBER, code) for code in origins),
            *(Column(str(title), NUMBER, f"grade-{code}") for code, title in grades),
        ],
        rows=[
            Row(
                [
                    one.title,
                    one.sent,
                    one.back,
                    share_bp(one.back, one.sent),
                    *(one.origins[code] or None for code in origins),
                    *(one.grades[code] or None for code, _title in grades),
                ]
            )
            for one in found
        ],
        charts=[
            {
                "title": _("Most returns, pieces"),
                "rows": [(one.title, one.back) for one in found[:SHOWN_MAX] if one.back],
            }
        ],
        notes=[
            _(
                "Pieces sent in these days beside pieces that came back in them; what comes later is counted later."
            ),
            _("Nobody is asked why they withdraw; other reasons are the kind of the case."),
        ],
        empty=(_("Nothing was sent"), _("In these days nothing was sent and nothing came back.")),
        currency="",
    )
    return _respond(request, report, form)


@staff_view(VIEW)
@require_safe
def costs(request: HttpRequest) -> HttpResponse:
    """What complaints cost, by week or month. A constant number of queries."""
    form = Spans(request)
    first, last = form.days
    found = cost_figures.costs(first, last, form.cut)
    whole = cost_figures.Costs()
    for one in found.values():
        whole.add(one)
    listed = [(day, found.get(day, cost_figures.Costs())) for day in spans(first, last, form.cut)]
    nothing = not whole.complaints and not whole.total_minor
    report = Report(
        name="cost-of-complaints",
        title=_("What complaints cost"),
        columns=[
            Column(_("When")),
            Column(_("Complaints"), NUMBER),
            Column(_("Credited as goodwill"), MONEY),
            Column(_("Credited for returned goods"), MONEY),
            Column(_("Sent once more, at cost"), MONEY),
            Column(_("Thrown away, at cost"), MONEY),
            Column(_("Together"), MONEY),
            Column(_("Per complaint"), MONEY),
        ],
        rows=[] if nothing else [_cost_row(label(day, form.cut), one) for day, one in listed],
        foot=_cost_row(_("Together"), whole),
        notes=[
            _("Net of VAT, on the day of the document. Money for withdrawals is no cost of complaints."),
            _(
                "New goods count at cost on the day they were promised, without their parcel; what comes back for them "
                "is not counted again."
            ),
        ],
        empty=(_("No complaints"), _("In these days nobody complained and nothing was credited for it.")),
    )
    points = [(label(day, form.cut), one.total_minor) for day, one in listed]
    return _respond(request, report, form, money_lines=[] if nothing else [(_("Cost of complaints"), points)])


def _cost_row(title: str, one: cost_figures.Costs) -> Row:
    each = one.total_minor // one.complaints if one.complaints else None
    cells = [
        title,
        one.complaints,
        one.goodwill_minor,
        one.credited_minor,
        one.replaced_minor,
        one.disposed_minor,
        one.total_minor,
        each,
    ]
    return Row(cells)


@staff_view(PEOPLE)
@require_safe
def by_person(request: HttpRequest) -> HttpResponse:
    """Who sent how much money back. A constant number of queries."""
    form = Spans(request)
    found = people.by_person(*form.days)
    total = sum(one.amount_minor for one in found)
    bars = [(_name(one), one.amount_minor) for one in found[:SHOWN_MAX]]
    report = Report(
        name="refunds-by-person",
        title=_("Refunds by person"),
        columns=[
            Column(_("Who"), key="who"),
            Column(_("Refunds"), NUMBER, "count"),
            Column(_("Amount"), MONEY, "amount"),
            Column(_("Largest"), MONEY, "largest"),
            Column(_("Share"), PERCENT, "share"),
            Column(_("Failed"), NUMBER, "failed"),
        ],
        rows=[_person_row(one, total) for one in found],
        foot=_person_foot(found, total),
        charts=[{"title": _("Refunds by person"), "rows": bars}] if found else [],
        notes=[_("Refunds asked for in these days, by who asked. What failed is counted, not added.")],
        empty=(_("No refunds"), _("In these days nobody sent money back.")),
    )
    if total:
        report.stats = [{"label": _("Sent back"), "value": money_text(total, report.currency)}]
    return _respond(request, report, form)


def _name(one: people.Person) -> str:
    return (one.user.get_full_name() or one.user.email) if one.user else _("by itself")


def _person_row(one: people.Person, total: int) -> Row:
    share = share_bp(one.amount_minor, total)
    return Row([_name(one), one.count, one.amount_minor, one.largest_minor, share, one.failed])


def _person_foot(found: list[people.Person], total: int) -> Row:
    largest = max((one.largest_minor for one in found), default=0)
    count, failed = sum(one.count for one in found), sum(one.failed for one in found)
    return Row([_("Together"), count, total, largest, None, failed])


urlpatterns = [
    path("reports/", index, name="figures"),
    path("reports/times/", times, name="figures-times"),
    path("reports/returns/", by_product, name="figures-goods"),
    path("reports/costs/", costs, name="figures-costs"),
    path("reports/refunds/", by_person, name="figures-people"),
]
NAV = [NavEntry("orders", gettext_lazy("Reports of service"), "service:figures", VIEW, "chart", 82)]
