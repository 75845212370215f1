"""The staff pages of reports: the list of them, and every report."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from .pages import books, earnings, people, taxes

VIEW = "ledger.view_ledger"


@staff_view(VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every report with what it answers."""
    return render(request, "dashboard/finance/reports/index.html", {"groups": _groups()})


def _groups() -> list[dict[str, object]]:
    groups = [
        (
            _("The books"),
            [
                ("trial-balance", "ledger", _("Trial balance"),
                 _("Opening, debits, credits and closing of every account.")),
                ("report-income", "trend", _("Profit and loss"),
                 _("What was earned and spent, by § 275 HGB, beside another period.")),
                ("report-balance", "shelf", _("Balance sheet"),
                 _("What there is and what is owed on a day, by § 266 HGB.")),
            ],
        ),
        (
            _("Taxes"),
            [
                ("report-vat", "ledger", _("VAT figures"),
                 _("Per line of the return, country and rate; each figure opens to its documents.")),
                ("report-oss", "globe", _("One-Stop-Shop (OSS)"),
                 _("VAT of other EU countries per quarter, with the file to upload and the threshold.")),
                ("report-advances", "clock", _("Advance payments"),
                 _("What customers paid before the invoice, with the VAT inside.")),
            ],
        ),
        (
            _("Customers and goods"),
            [
                ("report-open-items", "users", _("Open items and ageing"),
                 _("Who owed how much since when, at the end of any day.")),
                ("report-margin-orders", "chart", _("Margin per order"),
                 _("Revenue net less cost of goods and fees.")),
                ("report-margin-articles", "tag", _("Margin per article"),
                 _("Which articles earn, and which do not.")),
            ],
        ),
    ]  # fmt: skip
    return [
        {
            "title": title,
            "reports": [
                {"url": reverse(f"finance:{name}"), "icon": icon, "title": label, "text": text}
                for name, icon, label, text in rows
            ],
        }
        for title, rows in groups
    ]


urlpatterns = [
    path("reports/", index, name="reports"),
    *books.urlpatterns,
    *taxes.urlpatterns,
    *people.urlpatterns,
    *earnings.urlpatterns,
]

NAV = [
    NavEntry("finance", gettext_lazy("Reports"), "finance:reports", VIEW, "trend", 45),
    NavEntry("finance", gettext_lazy("Trial balance"), "finance:trial-balance", VIEW, "ledger", 50),
]
