"""Staff pages of reconciliation: record a receipt against open items, the list, one receipt, undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from checkout.order.models import Order
from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import ReasonForm
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.actions import PeriodClosed
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.kernel.states import StateError
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from . import actions, asking, disbursements, queries, rules_pages, transfer_pages, workbench
from .actions import TOLERANCE_MINOR
from .by_hand import ClaimsChanged, pay_chosen
from .forms import AssignForm, ReceiptForm, ReceiptSearch
from .models import Assignment, Receipt

GONE = gettext_noop("The transfer back has left the bank: it cannot be called off any more.")
CAME_BACK = gettext_noop("This transfer came back later: please undo that first.")
SORT = {"date": "booked_on", "amount": "amount_minor", "payer": "payer", "state": "state"}


@staff_view("reconciliation.view_receipts", shows="list")
@require_safe
def receipts(request: HttpRequest) -> HttpResponse:
    """Every receipt, newest first."""
    form = ReceiptSearch(request.GET)
    found = queries.receipts(search=form.value("q"), state=form.value("state"))
    found = sorted_by(request, found, SORT, ["-booked_on", "-pk"])
    if wants_csv(request):
        head = [
            _("Date"),
            _("Amount"),
            _("Currency"),
            _("Payer"),
            _("Text"),
            _("Reference no."),
            _("State"),
            _("Left"),
        ]
        cells = (
            [
                row.booked_on.isoformat(), CsvAmount(row.amount_minor), row.currency, row.payer, row.text,
                row.reference, row.get_state_display(), CsvAmount(row.left_minor),
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("receipts", head, cells)
    context = {"form": form, "page": page_of(request, found), "csv_url": csv_url(request)}
    return render(request, "dashboard/finance/receipts.html", context, status=form.status)


@staff_view("reconciliation.record_receipts")
@require_http_methods(["GET", "HEAD", "POST"])
def record_receipt(request: HttpRequest) -> HttpResponse:
    """Type a line of the statement and tick what it pays; works with and without suggestions as one types."""
    if request.method != "POST":
        initial = {"booked_on": clock.today(), "text": request.GET.get("text", "")[:500]}
        form = ReceiptForm(initial=initial)
        assign = AssignForm(QueryDict(), 0)
        return _record_page(request, form, assign, _found(request.GET, None))
    form = ReceiptForm(request.POST)
    valid = form.is_valid()
    amount = form.cleaned_data.get("amount") or 0
    assign = AssignForm(request.POST, amount)
    found = _found(request.POST, amount)
    if request.POST.get("step") == "find":
        return _record_page(request, form, assign, found)
    if not (assign.is_valid() and valid):
        return _record_page(request, form, assign, found, status=400)
    facts = {name: form.cleaned_data[name] for name in ("booked_on", "reference", "payer", "text")}

    def work() -> Receipt:
        receipt = actions.record(amount_minor=amount, by=request.user, **facts)
        _assign_all(receipt, assign, request.user)
        return receipt

    try:
        receipt = retrying(work)
    except actions.AlreadyRecorded as known:
        url = reverse("finance:receipt", args=[known.receipt.pk])
        form.add_error("reference", _("This line of the statement was recorded before."))
        return _record_page(request, form, assign, found, status=409, known_url=url)
    except PeriodClosed:
        form.add_error("booked_on", _("The period of this day is closed."))
        return _record_page(request, form, assign, found, status=400)
    except ClaimsChanged:
        assign.errors.append(_("Costs or interest were paid or waived in the meantime. Please look again."))
        return _record_page(request, form, assign, _found(request.POST, amount), status=409)
    except (Http404, actions.WrongMoney):
        assign.errors.append(_("One of the chosen items does not exist."))
        return _record_page(request, form, assign, found, status=400)
    _say_recorded(request, receipt)
    return redirect("finance:receipt", receipt.pk)


@staff_view("reconciliation.record_receipts", shows="list")
@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """The list of open items alone, for the page to renew as one types."""
    form = ReceiptForm(request.GET)
    form.is_valid()
    amount = form.cleaned_data.get("amount")
    assign = AssignForm(QueryDict(), amount or 0)
    return render(
        request, "dashboard/finance/_suggestions.html", {"rows": assign.rows(_found(request.GET, amount))}
    )


@staff_view("reconciliation.view_receipts", shows="receipt")
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """One receipt: what it explains, and what the rest of it may pay."""
    found = _receipt(pk)
    may_record = request.user.has_perm("reconciliation.record_receipts")
    assign = AssignForm(request.POST if request.method == "POST" else QueryDict(), found.left_minor)
    status = 200
    if request.method == "POST" and request.POST.get("step") != "find":
        if not may_record:
            return HttpResponse(status=403)
        status = _assign_from_page(found, assign, request)
        if status == 302:
            _say_recorded(request, found)
            return redirect("finance:receipt", found.pk)
    items: list[queries.Suggestion] = []
    term = (request.POST.get("search") or request.GET.get("search") or "")[:100]
    if found.left_minor and may_record:
        items = queries.suggestions(
            text=found.text,
            amount_minor=found.left_minor,
            payer=found.payer,
            search=term,
            currency=found.currency,
        )
    context = {
        "receipt": found,
        "assignments": list(
            found.assignments.select_related(
                "invoice", "account", "ledger_account", "refund", "payback", "receipt", "by", "undone_by"
            ).order_by("pk")
        ),
        "questions": found.questions.select_related("asked_by"),
        "assign": assign,
        "rows": assign.rows(items),
        "search": term,
        "tolerance_minor": TOLERANCE_MINOR,
        "crumbs": _crumbs(found),
    }
    return render(request, "dashboard/finance/receipt.html", context, status=status)


@staff_view("reconciliation.record_receipts")
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one assignment back, after saying what that means."""
    assignment = get_object_or_404(
        Assignment.objects.select_related("receipt", "disbursement", "invoice", "account__order"),
        pk=_small(pk),
    )
    money = assignment.money
    came = isinstance(money, Receipt)
    url = reverse("finance:receipt" if came else "finance:disbursement", args=[money.pk])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.undo(assignment=assignment, why=form.cleaned_data["reason"], by=request.user)
        except actions.SentAnew:
            form.add_error("reason", _("The transfer is on its way once more: this stays as it is."))
        except (StateError, ValueError):
            form.add_error("reason", _(CAME_BACK if assignment.came_back else GONE))
        else:
            messages.success(request, _("The assignment was undone; the money is open again."))
            return redirect(url)
    crumbs = _crumbs(money) if isinstance(money, Receipt) else disbursements.crumbs(money)
    context = {"assignment": assignment, "form": form, "back_url": url, "crumbs": crumbs}
    return render(
        request, "dashboard/finance/undo_assignment.html", context, status=400 if form.is_bound else 200
    )


@staff_view("reconciliation.record_receipts", shows="receipt")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a receipt that was typed wrongly, after saying what that means; what the bank told stays."""
    found = get_object_or_404(Receipt, pk=_small(pk), line=None)
    form = ReasonForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.withdraw(receipt=found, why=form.cleaned_data["reason"], by=request.user)
        except (StateError, ValueError):
            status = 409
            form.add_error(
                None, _("The transfer back has left the bank: the receipt cannot be withdrawn any more.")
            )
        else:
            messages.success(request, _("The receipt was withdrawn; the books show the reversal."))
            return redirect("finance:receipt", found.pk)
    context = {"receipt": found, "form": form, "crumbs": _crumbs(found)}
    return render(request, "dashboard/finance/withdraw_receipt.html", context, status=status)


def _record_page(
    request: HttpRequest,
    form: ReceiptForm,
    assign: AssignForm,
    found: list[queries.Suggestion],
    status: int = 200,
    known_url: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "assign": assign,
        "rows": assign.rows(found),
        "search": (request.POST.get("search") or "")[:100],
        "known_url": known_url,
        "tolerance_minor": TOLERANCE_MINOR,
        "crumbs": [
            {"title": _("Bank receipts"), "url": reverse("finance:receipts")},
            {"title": _("Record a receipt"), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/record_receipt.html", context, status=status)


def _found(data: Any, amount_minor: int | None) -> list[queries.Suggestion]:
    return queries.suggestions(
        text=data.get("text", "")[:500],
        amount_minor=amount_minor,
        payer=data.get("payer", "")[:140],
        search=data.get("search", "")[:100],
    )


def _assign_from_page(found: Receipt, assign: AssignForm, request: HttpRequest) -> int:
    """Assign what was ticked. 302 when it was done, else the status of the page with what was wrong in words."""
    if not assign.is_valid() or not assign.chosen:
        if not assign.errors and not assign.wrong:
            assign.errors.append(_("Please tick at least one open item."))
        return 400
    try:
        retrying(lambda: _assign_seen(found, assign, request))
    except (_Changed, ClaimsChanged):
        found.refresh_from_db()
        assign.errors.append(
            _("Something was assigned to this receipt in the meantime. Please look at it again.")
        )
        return 409
    except actions.NotEnoughLeft:
        assign.errors.append(_("You assign more than is left of the receipt."))
    except Http404:
        assign.errors.append(_("One of the chosen items does not exist."))
    except actions.WrongMoney:
        assign.errors.append(
            _("This money is in %(currency)s; orders in another currency are not paid with it.")
            % {"currency": found.currency}
        )
    else:
        return 302
    return 400


class _Changed(Exception):
    """The receipt is no longer what the page showed: a double click, or a colleague was faster."""


def _assign_seen(found: Receipt, assign: AssignForm, request: HttpRequest) -> None:
    """Assign what was ticked unless something was assigned since the page was shown."""
    present = Receipt.objects.select_for_update().get(pk=found.pk)
    if request.POST.get("seen", "") not in ("", str(present.assigned_minor)):
        raise _Changed
    _assign_all(found, assign, request.user)


def _assign_all(found: Receipt, assign: AssignForm, by: Any) -> None:
    for kind, pk, amount in sorted(assign.chosen):
        invoice = None
        if kind == "invoice":
            invoice = get_object_or_404(Invoice.objects.claims().select_related("order"), pk=_small(pk))
        order = invoice.order if invoice else get_object_or_404(Order, pk=_small(pk))
        pay_chosen(
            receipt=found,
            order=order,
            invoice=invoice,
            amount_minor=amount,
            accept_difference=assign.accept_difference,
            by=by,
        )


def _say_recorded(request: HttpRequest, found: Receipt) -> None:
    found.refresh_from_db()
    facts = {
        "amount": money_text(found.amount_minor, found.currency),
        "left": money_text(found.left_minor, found.currency),
    }
    if not found.left_minor:
        messages.success(request, _("%(amount)s received and fully assigned.") % facts)
    else:
        messages.warning(request, _("%(amount)s received; %(left)s of it are still unexplained.") % facts)


def _receipt(pk: int) -> Receipt:
    return get_object_or_404(Receipt, pk=_small(pk))


def _small(pk: int) -> int:
    if pk >= 2**63:  # larger than any database's number
        raise Http404
    return pk


def _crumbs(found: Receipt) -> list[dict[str, str]]:
    return [
        {"title": _("Bank receipts"), "url": reverse("finance:receipts")},
        {
            "title": f"{found.reference} · {money_text(found.amount_minor, found.currency)}",
            "url": reverse("finance:receipt", args=[found.pk]),
        },
    ]


def _unexplained() -> int:
    return Receipt.objects.filter(state__in=("open", "partly_assigned")).count()


urlpatterns = [
    path("receipts/", receipts, name="receipts"),
    path("receipts/record/", record_receipt, name="record-receipt"),
    path("receipts/suggestions/", suggestions, name="receipt-suggestions"),
    path("receipts/<int:pk>/", receipt, name="receipt"),
    path("receipts/<int:pk>/withdraw/", withdraw, name="withdraw-receipt"),
    path("assignments/<int:pk>/undo/", undo, name="undo-assignment"),
    *asking.urlpatterns,
    *workbench.urlpatterns,
    *disbursements.urlpatterns,
    *rules_pages.urlpatterns,
    *transfer_pages.urlpatterns,
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Bank receipts"),
        "finance:receipts",
        "reconciliation.view_receipts",
        "bank",
        40,
        _unexplained,
    ),
    *workbench.NAV,
    *disbursements.NAV,
    *rules_pages.NAV,
]
