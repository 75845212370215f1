"""Staff pages of transfers: what waits, the preview of a file, and giving an account. Files have pages of their own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from checkout.payment.models import Refund
from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.reconciliation.models import PayBack
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.numbers import money_text
from shop.ui.reasons import reason

from . import actions, batch_pages
from .approving import second_person_needed
from .forms import BLOCKED, READY, AccountForm, FileForm, WaitingSearch, targets_of
from .models import ReceiverAccount, TransferBatch
from .receivers import masked
from .waiting import BANK, STAFF, Waiting, waiting

VIEW, SEND = "sepa.view_transfers", "sepa.send_transfers"
SORT = {
    "since": lambda row: (row.since, row.target),
    "amount": lambda row: (row.amount_minor, row.target),
    "number": lambda row: (row.number, row.target),
    "name": lambda row: (row.name.casefold(), row.target),
}
MODELS: dict[str, Any] = {"refund": Refund, "payback": PayBack}


@staff_view(VIEW, shows="list")
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    """What is to be sent by transfer, and why something of it cannot be."""
    form = WaitingSearch(request.GET)
    every = waiting()
    found = _sorted(request, _search(form, every))
    if wants_csv(request):
        return _csv(found)
    page = page_of(request, found)
    ready = [row for row in every if not row.problem]
    context = {
        "form": form,
        "page": page,
        "rows": [(row, masked(row.iban), _from(row)) for row in page.object_list],
        "ready": len(ready),
        "ready_minor": sum(row.amount_minor for row in ready),
        "blocked": len(every) - len(ready),
        "csv_url": csv_url(request),
    }
    return render(request, "dashboard/finance/sepa/transfers.html", context, status=form.status)


@staff_view(SEND, shows="list")
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest) -> HttpResponse:
    """What the file would hold, and what making it means; then it is made, or a second person is asked."""
    if request.method != "POST":
        return redirect("finance:transfers")
    known = TransferBatch.objects.filter(key=request.POST.get("key", "")[:36]).first()
    if known is not None:  # the second half of a double click
        return redirect("finance:transfer-batch", known.pk)
    targets = targets_of(request.POST)
    rows = [row for row in waiting(targets) if not row.problem] if targets else []
    if not rows or len(rows) > actions.TRANSFERS_MOST:
        text = (
            _("A file has at most %(n)d transfers.") % {"n": actions.TRANSFERS_MOST}
            if rows
            else _("Please choose what is to be sent.")
        )
        messages.error(request, text)
        return redirect("finance:transfers")
    if request.POST.get("step") != "make":
        form = FileForm(None, initial={"key": uuid.uuid4(), "seen": actions.digest(rows)})
        return _preview(request, rows, form)
    form = FileForm(request.POST)
    if form.is_valid():
        try:
            asked = actions.make(wish=_wish(targets, form.cleaned_data), by=request.user)
        except actions.Refused as refused:
            form = _anew(form, rows)
            return _preview(request, rows, form, problem=str(refused), status=409)
        return _made(request, asked)
    return _preview(request, rows, form, status=400)


@staff_view(SEND, shows="transfer")
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Say where a refund or payback goes; what the payer's bank told is shown beside."""
    model = MODELS.get(kind)
    if model is None:
        raise Http404
    thing = get_object_or_404(model, pk=pk)
    row = next(iter(waiting([f"{kind}:{pk}"])), None)
    if row is None:
        raise Http404
    form = AccountForm(request.POST or None, initial={"name": row.name, "iban": row.iban})
    if request.method == "POST" and form.is_valid():
        try:
            actions.give_account(thing=thing, by=request.user, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The account is kept; the refund goes there."))
            return redirect("finance:transfers")
    known = ReceiverAccount.objects.filter(**{kind: thing}).select_related("given_by").first()
    context = {
        "row": row,
        "form": form,
        "known": known,
        "history": list(known.history.select_related("history_user")[:20]) if known else [],
        "crumbs": [
            {"title": _("Transfers to send"), "url": reverse("finance:transfers")},
            {"title": row.number, "url": ""},
        ],
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/sepa/account.html", context, status=status)


def _search(form: WaitingSearch, rows: Sequence[Waiting]) -> list[Waiting]:
    text, show, kind = form.value("q").casefold(), form.value("show"), form.value("kind")
    return [
        row
        for row in rows
        if (not kind or row.kind == kind)
        and (show != READY or not row.problem)
        and (show != BLOCKED or row.problem)
        and (
            not text
            or any(
                text in part.casefold()
                for part in (row.number, row.name, row.reason, row.end_to_end_id, row.iban)
            )
        )
    ]


def _sorted(request: HttpRequest, rows: list[Waiting]) -> list[Waiting]:
    wanted = request.GET.get("sort", "")
    key = SORT.get(wanted.removeprefix("-"))
    return sorted(rows, key=key, reverse=wanted.startswith("-")) if key else rows


def _from(row: Waiting) -> str:
    """Who told the account, in words."""
    return {BANK: _("as the bank told it"), STAFF: _("given by staff")}.get(row.account_from, "")


def _preview(
    request: HttpRequest, rows: Sequence[Waiting], form: FileForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "rows": [(row, _from(row)) for row in rows],
        "total_minor": sum(row.amount_minor for row in rows),
        "form": form,
        "problem": problem,
        "has_account": form.fields["account"].queryset.exists(),  # type: ignore[attr-defined]
        "needs_second": second_person_needed(rows=rows, by=request.user),
        "crumbs": [
            {"title": _("Transfers to send"), "url": reverse("finance:transfers")},
            {"title": _("Preview"), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/sepa/preview.html", context, status=status)


def _anew(form: FileForm, rows: Sequence[Waiting]) -> FileForm:
    """The form with what was chosen, for the rows as they are now."""
    data = form.cleaned_data
    kept = {name: data[name] for name in ("account", "execute_on", "in_one_sum", "schema", "key")}
    return FileForm(None, initial={**kept, "seen": actions.digest(rows)})


def _wish(targets: Sequence[str], data: dict[str, Any]) -> actions.Wish:
    return actions.Wish(
        targets=tuple(targets),
        account_id=data["account"].pk,
        execute_on=data["execute_on"],
        schema=data["schema"],
        in_one_sum=data["in_one_sum"],
        key=str(data["key"]),
        seen=data["seen"],
    )


def _made(request: HttpRequest, asked: actions.Asked) -> HttpResponse:
    if asked.batch is None:
        text = _(
            "A second person has to approve it first; it waits under “Approvals”. Nothing is sent until then."
        )
        messages.warning(request, text)
        return redirect("finance:transfers")
    facts = {"number": asked.batch.message_id, "amount": money_text(asked.batch.amount_minor)}
    text = _("File %(number)s over %(amount)s is made. Download it and hand it to the bank.") % facts
    messages.success(request, text)
    return redirect("finance:transfer-batch", asked.batch.pk)


def _csv(rows: Sequence[Waiting]) -> HttpResponse:
    head = [
        _("Since"), _("Kind"), _("For"), _("Receiver"), "IBAN", _("Account from"), _("Reason"), _("Problem"),
        _("Amount"), _("Currency"),
    ]  # fmt: skip
    kinds = {"refund": _("Refund"), "payback": _("Money that was not ours")}
    cells = (
        [
            row.since.date().isoformat(), kinds[row.kind], row.number, row.name, masked(row.iban), _from(row),
            reason(row.reason), row.problem, CsvAmount(row.amount_minor), row.currency,
        ]
        for row in rows[:CSV_ROWS_MAX]
    )  # fmt: skip
    return csv_file("transfers-to-send", head, cells)


def _count() -> int:
    return Refund.objects.to_transfer().count() + PayBack.objects.filter(state="requested").count()


urlpatterns = [
    path("transfers/", transfers, name="transfers"),
    path("transfers/preview/", preview, name="transfers-preview"),
    path("transfers/<slug:kind>/<row:pk>/account/", account, name="transfer-account"),
    *batch_pages.urlpatterns,
]

NAV = [
    NavEntry("finance", gettext_lazy("Transfers to send"), "finance:transfers", VIEW, "return", 45, _count),
    *batch_pages.NAV,
]
