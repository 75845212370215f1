"""Goods in, by scan on a phone: bin and article in any order, lots and dates where the article asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from fulfilment.warehouse.answers import SCAN_TAG
from fulfilment.warehouse.stock import actions
from fulfilment.warehouse.stock.actions import AlreadyBooked, LotIsRecalled, StockError
from fulfilment.warehouse.stock.models import RECEIPT, UNDONE, Bin, Movement
from fulfilment.warehouse.stock.scan_forms import ReceiveForm
from fulfilment.warehouse.stock.scan_steps import (
    Asked,
    in_hand,
    known_bin,
    recalled,
    scan_article,
    scan_lot,
    unknown,
)
from shop.kernel.access import staff_view
from shop.ui.amounts import CsvAmount

from .answers import scan_answers

MAY_SEE_COSTS = "partner.change_stockrecord"
LAST_ROWS = 10
#: The running list looks back over so many movements of the house: it is about what was booked just now.
LOOK_BACK = 5_000


@staff_view("stock.receive_goods")
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: HttpRequest) -> HttpResponse:
    """Goods came. Every scan answers at once; what is complete is booked, and the bin stays for the next scan."""
    with_cost = request.user.has_perm(MAY_SEE_COSTS)
    if request.method != "POST":
        return _first_page(request, with_cost)
    form = ReceiveForm(request.POST, with_cost=with_cost)
    if not form.is_valid():
        return _page(request, form, None, None, 400)
    data = form.cleaned_data
    asked = in_hand(data["article"], data["pieces"] or 1, data["lot"])
    bin = data["bin"]
    try:
        bin, asked = _after_scan(bin, asked, data)
        if bin is None or asked is None or _misses(asked):
            return redirect(_address(bin, asked, data))
        _book(request, bin, asked, form)
    except AlreadyBooked as error:
        messages.info(request, str(error), extra_tags=SCAN_TAG)
    except StockError as error:
        form.add_error(None, str(error))
        if isinstance(error, LotIsRecalled):
            _keep_in_hand(form, bin, asked)
        return _page(request, form, bin, asked, 400)
    # The place for what is recalled was for this one: the next article is not put there unawares.
    stays = None if recalled(asked, near=None) else bin
    return redirect(_address(stays, _next_in_hand(asked), data))


def _keep_in_hand(form: ReceiveForm, bin: Bin | None, asked: Asked | None) -> None:
    """What was just scanned was understood, only the bin is the wrong one: the page asks for another bin alone."""
    kept = {"bin": bin.code if bin else "", "code": ""}
    if asked is not None:
        kept |= {"article": asked.record.partner_sku, "pieces": str(asked.pieces), "lot": asked.lot}
    form.data = {**form.data.dict(), **kept}  # type: ignore[attr-defined]


def _next_in_hand(asked: Asked | None) -> Asked | None:
    """After a serial number comes the next one of the same article; everything else is put down."""
    if asked is None or not asked.is_serial:
        return None
    return replace(asked, pieces=1, lot="", best_before=None, known=None)


def _first_page(request: HttpRequest, with_cost: bool) -> HttpResponse:
    facts = {
        name: request.GET.get(name, "")[:200] for name in ("bin", "article", "lot", "why", "cost", "key")
    }
    pieces = request.GET.get("pieces", "")
    pieces = pieces if pieces.isascii() and pieces.isdigit() and len(pieces) <= 6 else "1"
    asked = in_hand(facts["article"], max(1, int(pieces)), facts["lot"])
    try:
        bin = known_bin(facts["bin"])
    except StockError as error:
        messages.error(request, str(error), extra_tags=SCAN_TAG)
        bin = None
    initial = {
        "bin": bin.code if bin else "",
        "article": asked.record.partner_sku if asked else "",
        "pieces": asked.pieces if asked else "",
        "lot": asked.lot if asked else "",
        "quantity": 1,
        "why": facts["why"],
        "cost": facts["cost"],
    }
    return _page(request, ReceiveForm(initial=initial, with_cost=with_cost), bin, asked)


def _after_scan(
    bin: Bin | None, asked: Asked | None, data: dict[str, Any]
) -> tuple[Bin | None, Asked | None]:
    """Bin and article after what was scanned just now. StockError for a code that means nothing here."""
    code = data["code"].strip()
    if asked is not None and data["best_before"]:
        asked = replace(asked, best_before=data["best_before"])
    if not code:
        if asked is None or bin is None or _misses(asked):
            raise StockError(_missing_words(bin, asked))
        return bin, asked
    found = known_bin(code)
    if found is not None:
        return found, asked
    if asked is not None and asked.wants_lot:
        with_lot = scan_lot(asked, code)
        return bin, replace(with_lot, best_before=data["best_before"] or with_lot.best_before)
    article = scan_article(asked, code, data["quantity"])
    if article is None:
        raise unknown(code)
    return bin, article


def _misses(asked: Asked) -> bool:
    """Whether the article still asks for its lot or date."""
    return asked.wants_lot or (asked.handling.has_best_before and asked.best_before is None)


def _missing_words(bin: Bin | None, asked: Asked | None) -> str:
    if asked is None:
        return _("Nothing was scanned.")
    if asked.wants_lot:
        return _("Please scan the lot or serial number.")
    return _("This article needs a best-before date.") if bin else _("Please scan the bin.")


def _book(request: HttpRequest, bin: Bin, asked: Asked, form: ReceiveForm) -> None:
    """Book it and say so."""
    record = asked.record
    actions.receive(
        stockrecord=record,
        bin=bin,
        quantity=asked.pieces,
        by=request.user,
        why=form.cleaned_data["why"],
        key=form.cleaned_data["key"],
        lot=asked.lot or None,
        best_before=asked.best_before if asked.lot else None,
        unit_cost_minor=form.unit_cost_minor,
    )
    record.refresh_from_db(fields=["num_in_stock", "num_allocated"])
    text = _("%(n)s × %(sku)s received into %(bin)s. In stock now: %(stock)s, free: %(free)s.")
    facts = {"n": asked.pieces, "sku": record.partner_sku, "bin": bin}
    said = text % (facts | {"stock": record.num_in_stock, "free": record.available})
    messages.success(request, said, extra_tags=SCAN_TAG)


def _address(bin: Bin | None, asked: Asked | None, data: dict[str, Any]) -> str:
    """The page's address with everything that stays for the next scan."""
    facts: dict[str, Any] = {"bin": bin.code if bin else "", "why": data["why"]}
    if asked is not None:
        facts |= {"article": asked.record.partner_sku, "pieces": asked.pieces, "lot": asked.lot}
    if data.get("cost") is not None:
        facts["cost"] = str(CsvAmount(data["cost"]))
    return (
        f"{reverse('warehouse:receive')}?{urlencode({name: value for name, value in facts.items() if value})}"
    )


def _page(
    request: HttpRequest, form: ReceiveForm, bin: Bin | None, asked: Asked | None, status: int = 200
) -> HttpResponse:
    answers, toasts = scan_answers(request)
    context = {
        "form": form,
        "bin": bin,
        "asked": asked,
        "recalled": recalled(asked, bin),
        "wants_date": bool(asked and asked.lot and _misses(asked)),
        "answers": answers,
        "messages": toasts,
        "booked": _just_booked(request.user),
    }
    return render(request, "dashboard/warehouse/receive.html", context, status=status)


def _just_booked(user: Any) -> list[tuple[Movement, bool]]:
    """The person's last receipts, and whether each was taken back. Three queries."""
    last = Movement.objects.aggregate(last=Max("pk"))["last"] or 0
    rows = Movement.objects.filter(kind=RECEIPT, by=user, quantity__gt=0, pk__gt=last - LOOK_BACK)
    booked = list(rows.select_related("stockrecord", "bin", "lot").order_by("-pk")[:LAST_ROWS])
    causes = [f"{UNDONE}:{row.pk}" for row in booked]
    undone = set(
        Movement.objects.filter(pk__gt=last - LOOK_BACK, cause__in=causes).values_list("cause", flat=True)
    )
    return [(row, cause in undone) for row, cause in zip(booked, causes, strict=True)]


@staff_view("stock.receive_goods")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what was booked by mistake, while nothing of it moved on."""
    received = get_object_or_404(Movement.objects.select_related("stockrecord", "bin", "lot"), pk=pk)
    try:
        actions.undo_receipt(received=received, by=request.user)
    except AlreadyBooked as error:
        messages.info(request, str(error), extra_tags=SCAN_TAG)
    except StockError as error:
        messages.error(request, str(error), extra_tags=SCAN_TAG)
    else:
        said = _("Taken back: %(n)s × %(sku)s from %(bin)s.")
        facts = {"n": received.quantity, "sku": received.stockrecord.partner_sku, "bin": received.bin}
        messages.success(request, said % facts, extra_tags=SCAN_TAG)
    return redirect(f"{reverse('warehouse:receive')}?{urlencode({'bin': received.bin.code})}")


urlpatterns = [
    path("receive/", receive, name="receive"),
    path("receive/<row:pk>/undo/", undo, name="undo-receipt"),
]
