"""The start page of finance: is anything unexplained, what is in the bank, who owes how long, what is to be done."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from checkout.payment.models import PREPAYMENT, Payment, Refund
from fulfilment.finance.invoicing.forms import BUCKET_LABELS
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import Bucket, ageing, unapplied_minor
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.models import UNEXPLAINED, Disbursement, Receipt
from fulfilment.finance.reports.balances import by_account
from shop.kernel import clock
from shop.kernel.access import staff_view

TONES = {"not_due": "good", "d1_30": "warn", "d31_60": "warn", "d61_90": "bad", "d91": "bad"}


@staff_view("ledger.view_ledger")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The room at a glance; a constant number of queries however long the books are."""
    today = clock.today()
    rows = by_account(last_day=today)
    roles = dict(Account.objects.exclude(role="").values_list("pk", "role"))
    balances = {roles[pk]: row.closing_minor for pk, row in rows.items() if pk in roles}
    buckets = ageing(today)
    context = {
        "unexplained_minor": -balances.get("unexplained", 0),
        "bank_minor": balances.get("bank", 0),
        "psp_minor": balances.get("psp_clearing", 0),
        "receivable_minor": sum(bucket.open_minor for bucket in buckets),
        "unapplied_minor": unapplied_minor(),
        "difference_minor": sum(row.closing_minor for row in rows.values()),
        "ageing": [_bar(bucket) for bucket in buckets],
        "tasks": _tasks(buckets),
    }
    return render(request, "dashboard/finance/index.html", context)


def _bar(bucket: Bucket) -> tuple[str, int, str, str]:
    url = f"{reverse('finance:open-items')}?age={bucket.code}"
    return str(BUCKET_LABELS[bucket.code]), bucket.open_minor, TONES[bucket.code], url


def _tasks(buckets: list[Bucket]) -> list[dict[str, Any]]:
    """What waits for a person: words and where to do it."""
    overdue = sum(bucket.count for bucket in buckets if bucket.code != "not_due")
    unexplained = sum(
        model.objects.filter(state__in=UNEXPLAINED).count() for model in (Receipt, Disbursement)
    )
    waiting = Payment.objects.filter(method=PREPAYMENT, state="created").count()
    refunds = Refund.objects.to_transfer().count()
    failed = Invoice.objects.filter(pdf_sha256="").count()
    found = [
        (
            unexplained,
            ngettext("%(n)d line of the bank to explain", "%(n)d lines of the bank to explain", unexplained),
            reverse("finance:workbench"),
        ),
        (
            overdue,
            ngettext("%(n)d invoice overdue", "%(n)d invoices overdue", overdue),
            reverse("finance:invoices") + "?state=overdue",
        ),
        (
            waiting,
            ngettext(
                "%(n)d order waits for its prepayment", "%(n)d orders wait for their prepayment", waiting
            ),
            reverse("finance:record-receipt"),
        ),
        (
            refunds,
            ngettext(
                "%(n)d refund to send by bank transfer", "%(n)d refunds to send by bank transfer", refunds
            ),
            reverse("finance:transfers"),
        ),
        (
            failed,
            ngettext("%(n)d document still being made", "%(n)d documents still being made", failed),
            reverse("finance:invoices"),
        ),
    ]
    return [{"text": text % {"n": count}, "url": url} for count, text, url in found if count]


urlpatterns = [path("", index, name="index")]
