"""Staff pages of returns: the list, one return with its story, what is decided about it, its slip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST, require_safe

from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.kernel.states import allowed_moves
from shop.ui.reasons import reason

from . import actions, papers, queries
from .dock import urlpatterns as dock
from .forms import ARRIVED, EXPECTED, GIVE_BACK, LATE, OPEN, DecideForm, GiveBackForm, ReturnSearch, WhyForm
from .models import OWN_LABEL, Return, ReturnItem
from .states import ACCEPTANCE
from .states import EXPECTED as EXPECTED_STATES

VIEW, RECEIVE, SETTLE = "receiving.view_returns", "receiving.receive_returns", "receiving.settle_returns"
SORT = {
    "number": "pk",
    "order": "order__number",
    "state": "state",
    "announced": "announced_at",
    "expected": "expected_by",
    "received": "received_at",
    "awaited": "awaited",
    "came": "came",
}
#: Reasons that the house itself writes, and causes, as people read them.
CAUSES = {
    "withdrawal": gettext_lazy("Withdrawal %(number)s"),
    "parcel": gettext_lazy("Parcel %(number)s came back"),
}


@staff_view(VIEW)
@require_safe
def returns(request: HttpRequest) -> HttpResponse:
    """Every return, newest first. A scanned slip opens its return."""
    form = ReturnSearch(request.GET)
    text = form.value("q")
    scanned = Return.objects.filter(number__iexact=text).first() if text else None
    if scanned is not None and not wants_csv(request):
        return redirect("warehouse:return", pk=scanned.pk)
    rows = sorted_by(request, search(form), SORT, ["-announced_at", "-pk"])
    if wants_csv(request):
        return csv_file("returns", _head(), (_cells(row) for row in rows[:CSV_ROWS_MAX]))
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "may_receive": request.user.has_perm(RECEIVE),
    }
    return render(request, "dashboard/warehouse/returns.html", context, status=form.status)


def search(form: ReturnSearch) -> QuerySet[Return]:
    """Returns that fit the filters."""
    rows = queries.returns()
    text = form.value("q")
    if text:
        rows = rows.filter(
            Q(number__icontains=text)
            | Q(order__number__icontains=text)
            | Q(parcel__number__icontains=text)
            | Q(parcel__tracking_number__iexact=text)
            | Q(cause__icontains=text)
        )
    if form.value("state"):
        rows = rows.filter(state=form.value("state"))
    chosen: dict[str, Callable[[QuerySet[Return]], QuerySet[Return]]] = {
        EXPECTED: lambda found: found.filter(state__in=EXPECTED_STATES),
        LATE: queries.late,
        ARRIVED: lambda found: found.filter(state__in=("received", "settled")),
        OPEN: lambda found: found.filter(state="received"),
        GIVE_BACK: lambda found: found.filter(pk__in=queries.to_give_back()),
    }
    return chosen.get(form.value("show"), lambda found: found)(rows)


def _head() -> list[str]:
    return [
        pgettext("goods", "Return"),
        _("Order"),
        _("State"),
        _("Announced by"),
        _("Announced"),
        _("Expected by"),
        _("Received"),
        _("Awaited"),
        _("Came"),
        _("Missing"),
        _("Wrong"),
    ]


def _cells(row: Any) -> list[Any]:
    return [
        row.number,
        row.order.number,
        row.get_state_display(),
        cause_text(row),
        row.announced_at.date().isoformat(),
        row.expected_by.isoformat() if row.expected_by else "",
        row.received_at.date().isoformat() if row.received_at else "",
        row.awaited,
        row.came,
        row.missing,
        row.wrong,
    ]


def cause_text(returning: Return) -> str:
    """What announced it, in words."""
    kind, _colon, number = returning.cause.partition(":")
    if kind in CAUSES:
        return str(CAUSES[kind]) % {"number": number}
    return _("Nobody: it stood at the dock")


@staff_view(VIEW, shows="return")
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One return: what was announced, what was found, where it went, what is still to be decided."""
    return _page(request, pk)


def _page(request: HttpRequest, pk: int, problem: str = "", status: int = 200) -> HttpResponse:
    rows = Return.objects.select_related("order", "parcel", "announced_by", "received_by", "given_back_by")
    found = get_object_or_404(queries.with_items(rows), pk=pk)
    items = list(found.items.all())
    may_settle = request.user.has_perm(SETTLE)
    allowed = allowed_moves(found) if may_settle else ()
    context = {
        "returning": found,
        "items": items,
        "cause": cause_text(found),
        "problem": problem,
        "may_receive": found.may_arrive and request.user.has_perm(RECEIVE),
        "may_settle": may_settle,
        "verbs": [verb for verb, (state, _words) in VERBS.items() if state in allowed],
        "undecided": [item for item in items if item.acceptance == "undecided" and found.state == "received"],
        "give_back_form": GiveBackForm(auto_id="back_%s") if _waits_to_go_back(found, items) else None,
        "rejected": [item for item in items if item.acceptance == "rejected"],
        "may_give_back": request.user.has_perm(RECEIVE),
        "why_form": WhyForm(auto_id="return_%s"),
        "events": _story(found, items),
        "crumbs": [{"title": _("Returns"), "url": reverse("warehouse:returns")}, {"title": found.number}],
    }
    return render(request, "dashboard/warehouse/return.html", context, status=status)


def _waits_to_go_back(found: Return, items: list[ReturnItem]) -> bool:
    """As ``queries.to_give_back``, of what is read already."""
    rejected = any(item.acceptance == "rejected" for item in items)
    return rejected and found.state == "settled" and found.given_back_at is None


def _story(found: Return, items: list[ReturnItem]) -> list[dict[str, Any]]:
    """What happened, in order of time."""
    by = found.announced_by.name if found.announced_by else ""
    events: list[dict[str, Any]] = [
        {
            "title": _("Announced"),
            "at": found.announced_at,
            "by": by,
            "text": cause_text(found),
            "icon": "return",
        }
    ]
    if found.given_back_at:
        events.append(given_back_event(found))
    for item in items:
        if item.booked_at:
            events.append(_booking(item))
    named = {item.pk: item for item in items}
    for change in queries.changes(found, items):
        event = _change(change, named)
        if event:
            events.append(event)
    return sorted(events, key=lambda event: event["at"])


def given_back_event(found: Return) -> dict[str, Any]:
    """What went back to the customer, as a line of a story."""
    parts = [found.get_given_back_way_display(), found.given_back_number, found.given_back_note]
    return {
        "title": _("Return %(number)s: rejected pieces went back to the customer") % {"number": found.number},
        "at": found.given_back_at,
        "by": found.given_back_by.name if found.given_back_by else "",
        "text": " · ".join(str(part) for part in parts if part),
        "icon": "truck",
        "state": "done",
    }


def _booking(item: ReturnItem) -> dict[str, Any]:
    name = item.order_line.partner_sku if item.order_line else item.code
    if item.reception == "wrong_item":
        title, icon = _("Wrong article: %(n)s × %(what)s"), "warning"
    else:
        title, icon = _("Unpacked: %(n)s × %(what)s"), "scan"
    where = item.bin.code if item.bin else item.get_disposition_display()
    parts = [item.get_grade_display() if item.grade else "", where, item.note]
    return {
        "title": title % {"n": item.quantity, "what": name},
        "at": item.booked_at,
        "by": item.booked_by.name if item.booked_by else "",
        "text": " · ".join(str(part) for part in parts if part),
        "icon": icon,
        "state": "bad" if item.reception == "wrong_item" else "done",
    }


def _change(change: StateChange, items: dict[int, ReturnItem]) -> dict[str, Any] | None:
    """A move of the return, or a decision about one of its items; None for what the bookings say already."""
    by, text = change.by.name if change.by else "", reason(change.why)
    if change.machine == "return":
        title = str(Return.machine.labels[change.new])
        known = change.why.partition(":")[0] in CAUSES  # said at the announcement
        bad = change.new in ("rejected", "expired")
        return {
            "title": title[:1].upper() + title[1:],
            "at": change.at,
            "by": by,
            "text": "" if known else text,
            "icon": "check",
            "state": "bad" if bad else "done",
        }
    if change.old != "undecided" or change.new == "pending":
        return None
    item = items[change.thing_id]
    name = item.order_line.partner_sku if item.order_line else item.code
    return {
        "title": f"{item.quantity} × {name}: {ACCEPTANCE.labels[change.new]}",
        "at": change.at,
        "by": by,
        "text": text,
        "icon": "gavel",
        "state": "bad" if change.new == "rejected" else "done",
    }


#: Verb in the address -> (state it leads to, what is said afterwards).
VERBS: dict[str, tuple[str, Any]] = {
    "authorise": ("authorised", gettext_lazy("Return %(number)s is authorised: the customer may send it.")),
    "on-its-way": ("in_transit", gettext_lazy("Return %(number)s is on its way.")),
    "reject": ("rejected", gettext_lazy("Return %(number)s is rejected.")),
    "expire": ("expired", gettext_lazy("Nobody waits for return %(number)s any more.")),
}
DEEDS: dict[str, Callable[..., None]] = {
    "authorise": actions.authorise,
    "on-its-way": actions.note_on_its_way,
    "reject": actions.reject,
    "expire": actions.expire,
}


@staff_view(SETTLE, shows="return")
@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Authorise, note that it is on its way, reject, give up."""
    found = get_object_or_404(Return, pk=pk)
    if verb not in DEEDS:
        raise Http404(verb)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, problem=str(next(iter(form.errors.values()))[0]), status=400)
    try:
        DEEDS[verb](returning=found, by=request.user, why=form.cleaned_data["why"])
    except StockError as error:
        return _page(request, pk, problem=str(error), status=409)
    messages.success(request, str(VERBS[verb][1]) % {"number": found.number})
    return redirect("warehouse:return", pk=pk)


@staff_view(SETTLE)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Take pieces, or give them back to the customer."""
    item = get_object_or_404(ReturnItem, pk=pk)
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _page(request, item.returning_id, problem=str(next(iter(form.errors.values()))[0]), status=400)
    try:
        settled = actions.decide(
            item=item, accept=form.cleaned_data["accept"], why=form.cleaned_data["why"], by=request.user
        )
    except StockError as error:
        return _page(request, item.returning_id, problem=str(error), status=409)
    if settled:
        messages.success(
            request, _("Everything is decided: the return is settled. Service and accounts are told.")
        )
    else:
        messages.success(request, _("Noted. Something else is still to be decided."))
    return redirect("warehouse:return", pk=item.returning_id)


@staff_view(RECEIVE, shows="return")
@require_POST
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Rejected pieces leave for the customer again."""
    found = get_object_or_404(Return, pk=pk)
    form = GiveBackForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, problem=str(next(iter(form.errors.values()))[0]), status=400)
    try:
        actions.give_back(returning=found, by=request.user, **form.cleaned_data)
    except StockError as error:
        return _page(request, pk, problem=str(error), status=409)
    messages.success(
        request, _("Noted: what was rejected of return %(number)s goes back.") % {"number": found.number}
    )
    return redirect("warehouse:return", pk=pk)


@staff_view(RECEIVE, shows="return")
@require_safe
def back_label(request: HttpRequest, pk: int) -> HttpResponse:
    """Our own label for the parcel back to the customer; 404 when it goes another way."""
    rows = Return.objects.select_related("order__shipping_address", "order__billing_address")
    found = get_object_or_404(rows, pk=pk, given_back_way=OWN_LABEL)
    headers = {"Content-Disposition": f'inline; filename="label-{found.number}.pdf"'}
    return HttpResponse(papers.label_back(found), content_type="application/pdf", headers=headers)


@staff_view(VIEW, shows="return")
@require_safe
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    """The return slip as PDF, to be put into the parcel."""
    rows = Return.objects.select_related("order__shipping_address", "order__billing_address")
    found = get_object_or_404(queries.with_items(rows), pk=pk)
    headers = {"Content-Disposition": f'inline; filename="return-slip-{found.number}.pdf"'}
    return HttpResponse(papers.return_slip(found), content_type="application/pdf", headers=headers)


urlpatterns = [
    path("returns/", returns, name="returns"),
    *dock,
    path("returns/<row:pk>/", one, name="return"),
    path("returns/<row:pk>/slip.pdf", slip, name="return-slip"),
    path("returns/<row:pk>/give-back/", give_back, name="return-give-back"),
    path("returns/<row:pk>/label.pdf", back_label, name="return-label"),
    path("returns/items/<row:pk>/decide/", decide, name="return-decide"),
    path("returns/<row:pk>/<slug:verb>/", act, name="return-act"),
]

NAV = [
    NavEntry("warehouse", gettext_lazy("Returns dock"), "warehouse:dock", RECEIVE, "scan", 60),
    NavEntry(
        "warehouse", gettext_lazy("Returns"), "warehouse:returns", VIEW, "return", 61, queries.to_receive
    ),
]
