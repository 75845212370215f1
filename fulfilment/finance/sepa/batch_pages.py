"""Staff pages of files of transfers: the list, one file, its bytes, and what becomes of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import ReasonForm
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.ui.reasons import reason

from . import actions, queries
from .forms import BatchSearch
from .models import Transfer, TransferBatch
from .receivers import masked
from .states import BATCH

VIEW, SEND = "sepa.view_transfers", "sepa.send_transfers"
SORT = {
    "day": "made_at",
    "number": "pk",
    "on": "execute_on",
    "count": "count",
    "amount": "amount_minor",
    "state": "state",
}
ICONS = {"handed": "external", "booked": "check-circle", "cancelled": "cross"}


@staff_view(VIEW)
@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """Every file of transfers, newest first."""
    form = BatchSearch(request.GET)
    found = queries.batches(search=form.value("q"), state=form.value("state"))
    found = sorted_by(request, found, SORT, ["-made_at", "-pk"])
    if wants_csv(request):
        head = [
            _("Number"), _("Made at"), _("By"), _("Approved by"), _("State"), _("From our account"),
            _("Day of execution"), _("Bank transfers"), _("Sum"), "SHA-256",
        ]  # fmt: skip
        cells = (
            [
                row.message_id, timezone.localtime(row.made_at).strftime("%Y-%m-%d %H:%M"), _name(row.made_by),
                _name(row.approved_by), row.get_state_display(), row.account.name, row.execute_on.isoformat(),
                row.count, CsvAmount(row.amount_minor), row.sha256,
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("transfer-files", head, cells)
    context = {"form": form, "page": page_of(request, found), "csv_url": csv_url(request)}
    return render(request, "dashboard/finance/sepa/batches.html", context, status=form.status)


@staff_view(VIEW, shows="list")
@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: its transfers, what happened with it and what can be done."""
    found = _batch(pk)
    rows = found.transfers.select_related("refund__payment__order", "payback__receipt", "account_given_by")
    if wants_csv(request):
        return _csv(found, rows)
    page = page_of(request, rows.order_by("position"))
    context = {
        "batch": found,
        "page": page,
        "rows": [(row, _shown(request, row.iban)) for row in page.object_list],
        "debtor_iban": _shown(request, found.debtor.get("iban", "")),
        "seen": found.transfers.filter(seen_at__isnull=False).count(),
        "events": _events(found),
        "csv_url": csv_url(request),
        "crumbs": _crumbs(found),
    }
    return render(request, "dashboard/finance/sepa/batch.html", context)


@staff_view(SEND, shows="list")
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it was made, byte by byte; one that was called off is not given out any more."""
    found = get_object_or_404(TransferBatch.objects.exclude(state="cancelled"), pk=pk)
    response = HttpResponse(bytes(found.content), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    return response


@staff_view(SEND, shows="list")
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """The bank has the file: says what that means, then does it."""
    found = _batch(pk)
    problem = ""
    if request.method == "POST":
        try:
            actions.hand_over(batch=found, by=request.user)
        except actions.Refused as refused:
            problem = str(refused)
        else:
            messages.success(request, _("The file counts as handed over; customers are told by mail."))
            return redirect("finance:transfer-batch", found.pk)
    context = {"batch": found, "problem": problem, "crumbs": _crumbs(found)}
    status = 409 if problem else 200
    return render(request, "dashboard/finance/sepa/hand_over.html", context, status=status)


@staff_view(SEND, shows="list")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a file off, or note that the bank refused it as a whole."""
    found = _batch(pk)

    def work(why: str) -> str:
        actions.cancel(batch=found, why=why, by=request.user)
        return _("The file is called off; what was in it waits to be sent again.")

    return _with_reason(request, found, work, "dashboard/finance/sepa/cancel.html", {})


@staff_view(SEND, shows="list")
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that the bank took the file but not this transfer."""
    transfer = get_object_or_404(Transfer.objects.select_related("refund", "payback"), pk=pk)
    found = _batch(transfer.batch_id)

    def work(why: str) -> str:
        actions.refuse(transfer=transfer, why=why, by=request.user)
        return _("It waits to be sent again.")

    return _with_reason(request, found, work, "dashboard/finance/sepa/refuse.html", {"transfer": transfer})


def _with_reason(
    request: HttpRequest, found: TransferBatch, work: Any, template: str, more: dict[str, Any]
) -> HttpResponse:
    """Ask for a reason, do it, and say what happened."""
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            text = work(form.cleaned_data["reason"])
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, text)
            return redirect("finance:transfer-batch", found.pk)
    context = {"batch": found, "form": form, "crumbs": _crumbs(found), **more}
    return render(request, template, context, status=400 if request.method == "POST" else 200)


def _batch(pk: int) -> TransferBatch:
    rows = TransferBatch.objects.defer("content").select_related("account", "made_by", "approved_by")
    return get_object_or_404(rows, pk=pk)


def _shown(request: HttpRequest, iban: str) -> str:
    """In full for those who send, by four letters in blocks; masked for others."""
    if not request.user.has_perm(SEND):
        return masked(iban)
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _events(found: TransferBatch) -> list[dict[str, Any]]:
    """The history, oldest first. One query."""
    made = {"title": _("made"), "at": found.made_at, "by": _name(found.made_by), "icon": "edit"}
    if found.approved_by is not None:
        made["text"] = _("approved by %(name)s") % {"name": _name(found.approved_by)}
    rows = (
        StateChange.objects.filter(machine=BATCH.name, thing_id=found.pk).select_related("by").order_by("pk")
    )
    labels = dict(BATCH.choices)
    told = {"handed to the bank", "the bank has booked it", "what the bank told was taken back"}
    return [made] + [
        {
            "title": labels[row.new],
            "at": row.at,
            "by": _name(row.by),
            "text": "" if row.why in told else reason(row.why),
            "icon": ICONS.get(row.new, "check"),
        }
        for row in rows
    ]


def _csv(found: TransferBatch, rows: Any) -> HttpResponse:
    head = [
        _("No."), _("For"), _("Receiver"), "IBAN", _("Text"), _("End-to-end id"), _("Became of it"), _("Reason"),
        _("Amount"),
    ]  # fmt: skip
    cells = (
        [
            row.position, _for(row), row.name, masked(row.iban), row.text, row.end_to_end_id,
            row.get_end_display() if row.end else _("booked by the bank") if row.seen_at else "", row.end_why,
            CsvAmount(row.amount_minor),
        ]
        for row in rows.order_by("position")
    )  # fmt: skip
    return csv_file(str(found.message_id), head, cells)


def _for(row: Transfer) -> str:
    if row.refund is not None:
        return str(row.refund.payment.order.number)
    return str(row.payback.receipt.reference) if row.payback is not None else ""


def _name(user: Any) -> str:
    return str(user.name) if user is not None else ""


def _crumbs(found: TransferBatch) -> list[dict[str, str]]:
    return [
        {"title": _("Files of transfers"), "url": reverse("finance:transfer-batches")},
        {"title": str(found), "url": reverse("finance:transfer-batch", args=[found.pk])},
    ]


urlpatterns = [
    path("transfers/files/", batches, name="transfer-batches"),
    path("transfers/files/<row:pk>/", batch, name="transfer-batch"),
    path("transfers/files/<row:pk>/download/", download, name="transfer-download"),
    path("transfers/files/<row:pk>/hand-over/", hand_over, name="transfer-hand-over"),
    path("transfers/files/<row:pk>/cancel/", cancel, name="transfer-cancel"),
    path("transfers/refuse/<row:pk>/", refuse, name="transfer-refuse"),
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Files of transfers"),
        "finance:transfer-batches",
        VIEW,
        "external",
        46,
        lambda: TransferBatch.objects.filter(state="made").count(),
    )
]
