"""Staff pages of recalls: look for a lot, prepare a recall, start it, tell the customers, close it, lift it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import Lot
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.ui.reasons import reason

from . import actions, queries, trace
from .forms import CloseForm, LiftForm, RecallForm, RecallSearch, TraceForm
from .models import Recall
from .trace import Affected

MANAGE = "recalls.manage_recalls"
SORT = {"number": "pk", "article": "stockrecord__partner_sku", "state": "state", "created": "created_at"}
NOTICES_SHOWN = 200


@staff_view(MANAGE)
@require_safe
def recalls(request: HttpRequest) -> HttpResponse:
    """Every recall, newest first."""
    form = RecallSearch(request.GET)
    rows = queries.recalls().prefetch_related("lots__lot")
    if form.value("q"):
        text = form.value("q")
        found = rows.filter(number__icontains=text) | rows.filter(stockrecord__partner_sku__icontains=text)
        rows = (found | rows.filter(lots__lot__code__icontains=text)).distinct()
    if form.value("state"):
        rows = rows.filter(state=form.value("state"))
    rows = sorted_by(request, rows, SORT, ["-created_at", "-pk"])
    if wants_csv(request):
        head = [_("Recall"), _("SKU"), _("Lots"), _("State"), _("Started"), _("Told"), _("To be told")]
        return csv_file("recalls", head, (_cells(row) for row in rows[:CSV_ROWS_MAX]))
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/recalls.html", context, status=form.status)


def _cells(row: Any) -> list[Any]:
    return [
        row.number,
        row.stockrecord.partner_sku,
        ", ".join(one.lot.code for one in row.lots.all()),
        row.get_state_display(),
        row.started_at.isoformat(timespec="minutes") if row.started_at else "",
        row.told,
        row.to_tell,
    ]


@staff_view(MANAGE, shows="list")
@require_safe
def trace_page(request: HttpRequest) -> HttpResponse:
    """Look for lots: where they lie now, and who got pieces of them. From here a recall is prepared."""
    form = TraceForm(request.GET if request.GET else None)
    lots = _found(form)
    if wants_csv(request):
        return _orders_csv("trace", trace.affected([lot.pk for lot in lots]))
    return _trace(request, form, lots, status=400 if form.errors else 200)


def _found(form: TraceForm) -> list[Any]:
    if not form.is_bound or not form.is_valid():
        return []
    return list(trace.find_lots(**form.cleaned_data)[: trace.FOUND_MAX])


def _trace(
    request: HttpRequest,
    form: TraceForm,
    lots: list[Any],
    recall_form: RecallForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    ids = [lot.pk for lot in lots]
    articles = {lot.stockrecord_id for lot in lots}
    context = {
        "form": form,
        "asked": form.is_bound and not form.errors,
        "lots": lots,
        "chosen": {pk for pk in ids if str(pk) in recall_form["lot"].value()} if recall_form else set(ids),
        "is_one_article": len(articles) == 1,
        "lying": trace.lying(ids) if ids else [],
        "affected": trace.affected(ids) if ids else [],
        "recall_form": recall_form or RecallForm(lots=ids),
        "problem": problem,
        "csv_url": csv_url(request),
        "crumbs": [{"title": _("Recalls"), "url": reverse("warehouse:recalls")}, {"title": _("Find a lot")}],
    }
    return render(request, "dashboard/warehouse/recall_trace.html", context, status=status)


@staff_view(MANAGE)
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Write a recall down; nothing moves before it is started."""
    search = TraceForm(request.GET if request.GET else None)
    lots = _found(search)
    form = RecallForm(request.POST, lots=[lot.pk for lot in lots])
    if not form.is_valid():
        return _trace(request, search, lots, form, status=400)
    texts = {name: form.cleaned_data[name] for name in form.Meta.fields}
    try:
        made = actions.prepare(lots=form.cleaned_data["lot"], texts=texts, by=request.user)
    except StockError as error:
        return _trace(request, search, lots, form, problem=str(error), status=409)
    messages.success(
        request, _("Recall %(number)s is prepared. Nothing has moved yet.") % {"number": made.number}
    )
    return redirect("warehouse:recall", pk=made.pk)


@staff_view(MANAGE, shows="list")
@require_safe
@csp_replace({"frame-src": [SELF]})  # type: ignore[arg-type]
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """One recall: what is recalled, where it lies, who got it, who was told."""
    found = _recall(pk)
    if wants_csv(request):
        return _orders_csv(found.number, trace.affected(actions.lot_ids(found)))
    return _page(request, found)


def _page(
    request: HttpRequest, found: Recall, problem: str = "", status: int = 200, **sent: Any
) -> HttpResponse:
    """The page of a recall; ``sent``: a form as it came, by its name on the page, with what was typed."""
    lots = list(Lot.objects.filter(recalls__recall=found).order_by("pk"))
    ids = [lot.pk for lot in lots]
    lying = list(trace.lying(ids))
    notices = found.notices.select_related("order").order_by("pk")
    context = {
        "recall": found,
        "lots": lots,
        "lying": lying,
        "promised": sum(row.quantity for row in lying if not row.bin.is_blocked)
        if found.state == "started"
        else 0,
        "affected": trace.affected(ids),
        "notices": page_of(request, notices, NOTICES_SHOWN),
        "progress": queries.progress(found),
        "close_form": CloseForm(),
        "lift_form": LiftForm(auto_id="lift_%s"),
        **sent,
        "problem": problem,
        "csv_url": csv_url(request),
        "events": _story(found),
        "crumbs": [{"title": _("Recalls"), "url": reverse("warehouse:recalls")}, {"title": found.number}],
    }
    return render(request, "dashboard/warehouse/recall.html", context, status=status)


def _story(found: Recall) -> list[dict[str, Any]]:
    by = found.created_by.name if found.created_by else ""
    events: list[dict[str, Any]] = [
        {"title": _("Prepared"), "at": found.created_at, "by": by, "icon": "edit"}
    ]
    for change in StateChange.objects.filter(machine="recall", thing_id=found.pk).select_related("by"):
        title = str(Recall.machine.labels[change.new])
        name = change.by.name if change.by else ""
        title = title[:1].upper() + title[1:]
        events.append(
            {"title": title, "at": change.at, "by": name, "text": reason(change.why), "icon": "check"}
        )
    return events


@staff_view(MANAGE, shows="list")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Start the recall, or send its mails: the page says before what will happen, and is asked a second time."""
    found = _recall(pk)
    if verb not in DEEDS:
        raise Http404(verb)
    if request.method == "POST":
        try:
            messages.success(request, DEEDS[verb](request, found))
        except StockError as error:
            return _page(request, _recall(pk), problem=str(error), status=409)
        return redirect("warehouse:recall", pk=pk)
    ids = actions.lot_ids(found)
    lying, orders = list(trace.lying(ids)), trace.affected(ids)
    context = {
        "recall": found,
        "verb": verb,
        "pieces": sum(row.quantity for row in lying if row.bin.kind != "quarantine"),
        "bins": sorted({row.bin.code for row in lying if row.bin.kind != "quarantine"}),
        "in_house": [one for one in orders if one.in_house],
        "sent": [one for one in orders if one.sent],
        "progress": queries.progress(found),
        "crumbs": [
            {"title": _("Recalls"), "url": reverse("warehouse:recalls")},
            {"title": found.number, "url": reverse("warehouse:recall", args=[pk])},
        ],
    }
    return render(request, "dashboard/warehouse/recall_confirm.html", context)


def _start(request: HttpRequest, found: Recall) -> str:
    return _said(actions.start(recall=found, by=request.user))


def _rest(request: HttpRequest, found: Recall) -> str:
    return _said(actions.move_rest(recall=found, by=request.user))


def _said(done: actions.Outcome) -> str:
    """What happened, in sentences."""
    text = ngettext("%(n)s piece lies in quarantine.", "%(n)s pieces lie in quarantine.", done.quarantined)
    said = [text % {"n": done.quarantined}]
    if done.stopped:
        text = ngettext("%(n)s pick was stopped.", "%(n)s picks were stopped.", done.stopped)
        said.append(text % {"n": done.stopped})
    if done.promised:
        text = ngettext(
            "%(n)s piece is promised to a customer: out of reach, but not in quarantine yet.",
            "%(n)s pieces are promised to customers: out of reach, but not in quarantine yet.",
            done.promised,
        )
        said.append(text % {"n": done.promised})
    text = ngettext("%(n)s mail is prepared.", "%(n)s mails are prepared.", done.notices)
    said.append(text % {"n": done.notices})
    return " ".join(said)


def _send(request: HttpRequest, found: Recall) -> str:
    told = actions.send_notices(recall=found, by=request.user)
    if not told:
        return _("Everybody was told already; no mail was written twice.")
    text = ngettext("%(n)s mail is on its way.", "%(n)s mails are on their way.", told)
    return text % {"n": told}


DEEDS: dict[str, Callable[[HttpRequest, Recall], str]] = {"start": _start, "send": _send, "rest": _rest}


@staff_view(MANAGE)
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """The recall is over."""
    found = _recall(pk)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=400, close_form=form)
    try:
        actions.close(recall=found, by=request.user, why=form.cleaned_data["why"])
    except StockError as error:
        return _page(request, _recall(pk), problem=str(error), status=409, close_form=form)
    messages.success(request, _("Recall %(number)s is closed.") % {"number": found.number})
    return redirect("warehouse:recall", pk=pk)


@staff_view(MANAGE)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """The goods are sound after all: they may be sold again."""
    found = _recall(pk)
    form = LiftForm(request.POST, auto_id="lift_%s")
    if not form.is_valid():
        return _page(request, found, status=400, lift_form=form)
    try:
        pieces = actions.lift(recall=found, by=request.user, why=form.cleaned_data["why"])
    except StockError as error:
        return _page(request, _recall(pk), problem=str(error), status=409, lift_form=form)
    text = ngettext(
        "Recall %(number)s is lifted. %(n)s piece may be carried to its shelf again.",
        "Recall %(number)s is lifted. %(n)s pieces may be carried to their shelf again.",
        pieces,
    )
    messages.success(request, text % {"number": found.number, "n": pieces})
    return redirect("warehouse:recall", pk=pk)


def _recall(pk: int) -> Recall:
    return get_object_or_404(
        Recall.objects.select_related("stockrecord__product__parent", "created_by"), pk=pk
    )


def _orders_csv(name: str, rows: list[Affected]) -> HttpResponse:
    """Who got pieces: one row per order line."""
    head = [
        _("Order"),
        _("Name"),
        _("E-mail"),
        _("Language"),
        _("SKU"),
        _("Lots"),
        pgettext("recall", "Sent"),
        _("In the house"),
        _("Parcels"),
    ]
    cells = (
        [
            one.order.number,
            one.name,
            one.order.email or "",
            one.order.language,
            line.line.partner_sku,
            ", ".join(line.lots),
            line.sent,
            line.in_house,
            ", ".join(line.parcels),
        ]
        for one in rows
        for line in one.lines
    )
    return csv_file(f"recall-{name}", head, cells)


urlpatterns = [
    path("recalls/", recalls, name="recalls"),
    path("recalls/trace/", trace_page, name="recall-trace"),
    path("recalls/new/", new, name="recall-new"),
    path("recalls/<row:pk>/", recall, name="recall"),
    path("recalls/<row:pk>/close/", close, name="recall-close"),
    path("recalls/<row:pk>/lift/", lift, name="recall-lift"),
    path("recalls/<row:pk>/<slug:verb>/", confirm, name="recall-confirm"),
]

NAV = [
    NavEntry(
        "warehouse", gettext_lazy("Recalls"), "warehouse:recalls", MANAGE, "shield", 65, queries.running
    ),
]
