"""Pieces carried from bin to bin, by scan on a phone: from where, what, to where."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from fulfilment.warehouse.answers import SCAN_TAG
from fulfilment.warehouse.stock import actions
from fulfilment.warehouse.stock.actions import AlreadyBooked, LotIsRecalled, StockError
from fulfilment.warehouse.stock.codes import find_bin
from fulfilment.warehouse.stock.models import Bin
from fulfilment.warehouse.stock.scan_forms import MoveForm
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

from .answers import scan_answers

PIECES_MAX_DIGITS = 6


@staff_view("stock.adjust_stock")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest) -> HttpResponse:
    """Every scan answers at once; the second bin books, and the first one stays for the next article."""
    if request.method != "POST":
        return _first_page(request)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _page(request, form, {}, 400)
    data = form.cleaned_data
    state: dict[str, Any] = {
        "source": data["source"],
        "target": data["target"],
        "asked": in_hand(data["article"], data["pieces"] or 1, data["lot"]),
    }
    try:
        _scan(state, data["code"].strip(), data["quantity"])
        if not _is_complete(state):
            return redirect(_address(state, data["why"]))
        if state["target"].is_blocked and not state["source"].is_blocked and not data["why"].strip():
            raise StockError(_("Please say why these pieces go off sale."))
        _book(request, state, data)
    except AlreadyBooked as error:
        messages.info(request, str(error), extra_tags=SCAN_TAG)
    except StockError as error:
        form.add_error(None, str(error))
        if isinstance(error, LotIsRecalled):
            state["target"] = None  # another bin is to be scanned
        return _page(request, form, state, 400)
    return redirect(_address({"source": state["source"], "target": None, "asked": None}, ""))


def _first_page(request: HttpRequest) -> HttpResponse:
    facts = {name: request.GET.get(name, "")[:200] for name in ("source", "target", "article", "lot", "why")}
    pieces = request.GET.get("pieces", "")
    usable = pieces.isascii() and pieces.isdigit() and len(pieces) <= PIECES_MAX_DIGITS
    state = {
        "source": find_bin(facts["source"]),
        "target": None,
        "asked": in_hand(facts["article"], max(1, int(pieces)) if usable else 1, facts["lot"]),
    }
    return _page(request, MoveForm(initial={"quantity": 1, "why": facts["why"]}), state)


def _scan(state: dict[str, Any], code: str, times: int) -> None:
    """The state after what was scanned just now. StockError for a code that means nothing here."""
    asked: Asked | None = state["asked"]
    if not code:
        if not _is_complete(state):
            raise StockError(_("Nothing was scanned."))
        return
    bin = find_bin(code)
    if bin is not None:
        _take_bin(state, bin)
    elif asked is not None and asked.wants_lot:
        actions.find_lot(stockrecord_id=asked.record.pk, code=code)
        state["asked"] = scan_lot(asked, code)
    else:
        article = scan_article(asked, code, times)
        if article is None:
            raise unknown(code)
        state["asked"] = article


def _take_bin(state: dict[str, Any], bin: Bin) -> None:
    """The first bin is where they lie; the next one, once something is in hand, is where they go."""
    if state["source"] is None or state["asked"] is None:
        state["source"] = bin
    elif state["asked"].wants_lot:
        raise StockError(_("Please scan the lot or serial number."))
    else:
        state["target"] = known_bin(bin.code)


def _is_complete(state: dict[str, Any]) -> bool:
    asked: Asked | None = state["asked"]
    return bool(state["source"] and state["target"] and asked and not asked.wants_lot)


def _book(request: HttpRequest, state: dict[str, Any], data: dict[str, Any]) -> None:
    """Carry them, and say so."""
    asked, source, target = state["asked"], state["source"], state["target"]
    lot = actions.find_lot(stockrecord_id=asked.record.pk, code=asked.lot) if asked.lot else None
    actions.transfer(
        stockrecord=asked.record,
        source=source,
        target=target,
        quantity=asked.pieces,
        by=request.user,
        why=data["why"],
        key=data["key"],
        lot=lot,
    )
    text = _("%(n)s × %(sku)s moved from %(source)s to %(target)s.")
    facts = {"n": asked.pieces, "sku": asked.record.partner_sku, "source": source, "target": target}
    messages.success(request, text % facts, extra_tags=SCAN_TAG)
    if target.is_blocked and not source.is_blocked:
        messages.info(request, _("They are not for sale any more."), extra_tags=SCAN_TAG)


def _address(state: dict[str, Any], why: str) -> str:
    facts: dict[str, Any] = {"source": state["source"].code if state["source"] else "", "why": why}
    asked: Asked | None = state["asked"]
    if asked is not None:
        facts |= {"article": asked.record.partner_sku, "pieces": asked.pieces, "lot": asked.lot}
    return f"{reverse('warehouse:move')}?{urlencode({name: value for name, value in facts.items() if value})}"


def _page(request: HttpRequest, form: MoveForm, state: dict[str, Any], status: int = 200) -> HttpResponse:
    answers, toasts = scan_answers(request)
    asked: Asked | None = state.get("asked")
    carried = {
        "source": state["source"].code if state.get("source") else "",
        "target": state["target"].code if state.get("target") else "",
        "article": asked.record.partner_sku if asked else "",
        "pieces": asked.pieces if asked else "",
        "lot": asked.lot if asked else "",
    }
    context = {
        "form": form,
        "carried": carried,
        "answers": answers,
        "messages": toasts,
        "recalled": recalled(asked, state.get("source")),
        **state,
    }
    return render(request, "dashboard/warehouse/move.html", context, status=status)


urlpatterns = [path("move/", move, name="move")]
