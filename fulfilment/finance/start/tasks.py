"""What waits for somebody in finance: how many of each, in words, and where it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Min, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from checkout.payment.models import PREPAYMENT, Payment, Refund
from fulfilment.finance.bank.models import StatementFile
from fulfilment.finance.bank.queries import statements
from fulfilment.finance.exports.models import Export
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.actions.periods import months_to_close
from fulfilment.finance.psp.queries import failed_refunds, open_money
from fulfilment.finance.reconciliation.models import UNEXPLAINED, Disbursement, PayBack, Receipt
from shop.approvals.models import Approval
from shop.kernel import clock, counting
from shop.ui.times import short_date

Rows = Callable[[], list[QuerySet[Any]]]


@dataclass(frozen=True)
class Task:
    """One kind of thing to do: its words (with %(n)d), what is counted, where it is done and who may."""

    code: str
    words: Any
    rows: Rows
    url_name: str
    permission: str
    query: str = ""
    tone: str = "info"


TASKS = (
    Task(
        "explain", ngettext_lazy("%(n)d line of the bank to explain", "%(n)d lines of the bank to explain", "n"),
        lambda: [model.objects.filter(state__in=UNEXPLAINED) for model in (Receipt, Disbursement)],
        "finance:workbench", "reconciliation.view_receipts", tone="warn",
    ),
    Task(
        "unmatched",
        ngettext_lazy("%(n)d amount at the card provider without an order",
                      "%(n)d amounts at the card provider without an order", "n"),
        lambda: [open_money()], "finance:unmatched", "psp.view_payouts", "state=open", "warn",
    ),
    Task(
        "approvals", ngettext_lazy("%(n)d request for approval", "%(n)d requests for approval", "n"),
        lambda: [Approval.objects.filter(state="waiting")],
        "dashboard:approvals", "approvals.view_approvals", "state=waiting", "warn",
    ),
    Task(
        "disputes", ngettext_lazy("%(n)d disputed payment", "%(n)d disputed payments", "n"),
        lambda: [disputed()], "dashboard:orders", "order.view_orders", "payment=disputed", "bad",
    ),
    Task(
        "failed_refunds", ngettext_lazy("%(n)d refund failed", "%(n)d refunds failed", "n"),
        lambda: [failed_refunds()], "finance:refunds", "payment.refund_payments", "state=failed", "bad",
    ),
    Task(
        "to_transfer",
        ngettext_lazy("%(n)d refund to send by bank transfer", "%(n)d refunds to send by bank transfer", "n"),
        lambda: [Refund.objects.to_transfer(), PayBack.objects.filter(state="requested")],
        "finance:transfers", "sepa.view_transfers",
    ),
    Task(
        "files", ngettext_lazy("%(n)d file of the bank was refused", "%(n)d files of the bank were refused", "n"),
        lambda: [StatementFile.objects.filter(state="refused")],
        "finance:bank-files", "bank.view_statements", "state=refused", "warn",
    ),
    Task(
        "statements",
        ngettext_lazy("%(n)d statement with a gap or a wrong sum", "%(n)d statements with a gap or a wrong sum", "n"),
        lambda: [statements(mark="wrong")], "finance:bank-statements", "bank.view_statements", "mark=wrong", "warn",
    ),
    Task(
        "overdue", ngettext_lazy("%(n)d invoice overdue", "%(n)d invoices overdue", "n"),
        lambda: [Invoice.objects.overdue(clock.today())],
        "finance:invoices", "invoicing.view_invoices", "state=overdue",
    ),
    Task(
        "prepayments",
        ngettext_lazy("%(n)d order waits for its prepayment", "%(n)d orders wait for their prepayment", "n"),
        lambda: [Payment.objects.filter(method=PREPAYMENT, state="created")],
        "finance:record-receipt", "reconciliation.record_receipts",
    ),
    Task(
        "documents", ngettext_lazy("%(n)d document still being made", "%(n)d documents still being made", "n"),
        lambda: [Invoice.objects.filter(pdf_sha256="")], "finance:invoices", "invoicing.view_invoices",
    ),
    Task(
        "exports", ngettext_lazy("%(n)d export is not made", "%(n)d exports are not made", "n"),
        lambda: [Export.objects.filter(state__in=("waiting", "failed"))], "finance:exports", "exports.make_exports",
    ),
)  # fmt: skip


def disputed() -> QuerySet[Payment]:
    """Payments whose money the customer's bank took back for now."""
    return Payment.objects.filter(state="disputed")


def to_do(user: Any) -> list[dict[str, Any]]:
    """What waits, each with words, tone and the address where it is done ("" for who may not open it)."""
    found = counting.counts((task.code, rows) for task in TASKS for rows in task.rows())
    waiting = [
        {
            "text": task.words % {"n": found[task.code]},
            "note": _answer_by() if task.code == "disputes" else "",
            "url": _url(task.url_name, task.query) if user.has_perm(task.permission) else "",
            "tone": task.tone,
        }
        for task in TASKS
        if found.get(task.code)
    ]
    return [*waiting, *_months()]


def _answer_by() -> str:
    """By when the first of the disputes wants an answer."""
    first = disputed().aggregate(day=Min("answer_dispute_by"))["day"]
    return _("answer the first by %(day)s") % {"day": short_date(first)} if first else ""


def _months() -> list[dict[str, Any]]:
    months = months_to_close(clock.today())
    if not months:
        return []
    text = ngettext_lazy("%(n)d month to close", "%(n)d months to close", "n") % {"n": len(months)}
    return [{"text": text, "note": "", "url": reverse("finance:periods"), "tone": "info"}]


def _url(name: str, query: str) -> str:
    return reverse(name) + (f"?{query}" if query else "")
