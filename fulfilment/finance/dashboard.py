"""The start page of finance: is anything unexplained, the cash now and to come, who owes how long, what is to be done,
how far the bank was read, what stands still and why."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import formats
from django.views.decorators.http import require_safe

from fulfilment.finance.invoicing.forms import BUCKET_LABELS
from fulfilment.finance.invoicing.queries import Bucket, ageing, unapplied_minor
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.models import UNEXPLAINED, Disbursement, Receipt
from fulfilment.finance.reports.balances import by_account
from fulfilment.finance.start.blocked import blocked
from fulfilment.finance.start.cash import cash
from fulfilment.finance.start.expected import Outlook, outlook
from fulfilment.finance.start.tasks import to_do
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.ui.charts import bars

TONES = {"not_due": "good", "d1_30": "warn", "d31_60": "warn", "d61_90": "bad", "d91": "bad"}
CURRENCY = "EUR"


@staff_view("ledger.view_ledger")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The room at a glance; a constant number of queries however long the books are."""
    today = clock.today()
    rows = by_account(last_day=today)
    roles = dict(Account.objects.exclude(role="").values_list("pk", "role"))
    balances = {roles[pk]: row.closing_minor for pk, row in rows.items() if pk in roles}
    books = {pk: row.closing_minor for pk, row in rows.items()}
    now = cash(today=today, books=books, bank_minor=balances.get("bank", 0))
    expected = outlook(today=today, cash_minor=now.bank_minor)
    buckets = ageing(today)
    context = {
        "unexplained_minor": -balances.get("unexplained", 0),
        "came_minor": _open_minor(Receipt),
        "left_minor": _open_minor(Disbursement),
        "cash": now,
        "bank_minor": now.bank_minor,
        "psp_minor": balances.get("psp_clearing", 0),
        "receivable_minor": sum(bucket.open_minor for bucket in buckets),
        "unapplied_minor": unapplied_minor(),
        "difference_minor": sum(row.closing_minor for row in rows.values()),
        "ageing": [_bar(bucket) for bucket in buckets],
        "outlook": expected,
        "weeks": _weeks(expected),
        "tasks": to_do(request.user),
        "blocked": blocked(request.user),
    }
    return render(request, "dashboard/finance/index.html", context)


def _open_minor(model: Any) -> int:
    """What is left of all money that nobody has explained, in minor units. One query."""
    rows = model.objects.filter(state__in=UNEXPLAINED, currency=CURRENCY)
    return int(rows.aggregate(left=Sum(F("amount_minor") - F("assigned_minor")))["left"] or 0)


def _bar(bucket: Bucket) -> tuple[str, int, str, str]:
    url = f"{reverse('finance:open-items')}?age={bucket.code}"
    return str(BUCKET_LABELS[bucket.code]), bucket.open_minor, TONES[bucket.code], url


def _weeks(expected: Outlook) -> list[dict[str, Any]]:
    """The weeks as the chart draws them: two bars each, all to one scale."""
    sides = [(week.comes_minor, "good") for week in expected.weeks]
    sides += [(week.goes_minor, "bad") for week in expected.weeks]
    drawn = bars([("", value, tone) for value, tone in sides], currency=CURRENCY)
    many = len(expected.weeks)
    pattern = "j.n." if formats.get_format("DECIMAL_SEPARATOR") == "," else "j M"
    return [
        {
            "week": week,
            "label": f"{formats.date_format(week.first_day, pattern)} – {formats.date_format(week.last_day, pattern)}",
            "comes": drawn[at],
            "goes": drawn[many + at],
        }
        for at, week in enumerate(expected.weeks)
    ]


urlpatterns = [path("", index, name="index")]
