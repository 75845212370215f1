"""Staff pages of the bank: accounts by statements and by books; files, statements, lines and mappings are beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.ledger.actions import WrongAccount
from fulfilment.warehouse.lists import csv_file, csv_url, page_of, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import actions, file_pages, line_pages, mapping_pages, queries
from .forms import AccountForm, AccountSearch
from .models import BankAccount, StatementFile
from .pages import MANAGE, VIEW, crumbs, tabs

CHANGES_SHOWN = 20
SORT: dict[str, Callable[[queries.AccountRow], Any]] = {
    "account": lambda row: row.account.name.casefold(),
    "until": lambda row: row.last_day,
    "statements": lambda row: row.closing_minor,
    "books": lambda row: row.books_minor,
    "difference": lambda row: None if row.difference_minor is None else abs(row.difference_minor),
}


@staff_view(VIEW)
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account with its balance by statements and by the books, and what is wrong between them."""
    form = AccountSearch(request.GET)
    rows = _sorted(request, queries.account_rows(search=form.value("q"), use=form.value("use")))
    if wants_csv(request):
        head = [
            _("Account"),
            "IBAN",
            _("Currency"),
            _("Until"),
            _("By statements"),
            _("By the books"),
            _("Difference"),
        ]
        cells = (
            [
                row.account.name, row.account.identification, row.account.currency, row.last_day or "",
                "" if row.closing_minor is None else CsvAmount(row.closing_minor), CsvAmount(row.books_minor),
                "" if row.difference_minor is None else CsvAmount(row.difference_minor),
            ]
            for row in rows
        )  # fmt: skip
        return csv_file("bank-accounts", head, cells)
    context = {
        "form": form,
        "page": page_of(request, rows),
        "filtered": bool(form.value("q") or form.value("use")),
        "csv_url": csv_url(request),
        "tabs": tabs("bank-accounts"),
    }
    return render(request, "dashboard/finance/bank/accounts.html", context, status=form.status)


def _sorted(request: HttpRequest, rows: list[queries.AccountRow]) -> list[queries.AccountRow]:
    """By ``?sort=``; accounts without that figure come last either way. They are few and the figures sums: no SQL."""
    wanted = request.GET.get("sort", "")
    figure = SORT.get(wanted.removeprefix("-"))
    if figure is None:
        return rows
    told = [row for row in rows if figure(row) is not None]
    told.sort(key=figure, reverse=wanted.startswith("-"))
    return [*told, *(row for row in rows if figure(row) is None)]


@staff_view(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_account(request: HttpRequest) -> HttpResponse:
    """A new account; one that a file asked for is filled in, and the file is read once it is there."""
    asking = _asking(request)
    told = asking.refused_facts if asking else {}
    iban = str(told.get("iban", ""))
    initial = {
        "iban": iban,
        "number": "" if iban else told.get("number", ""),
        "currency": told.get("currency", "EUR"),
    }
    return _account_page(
        request, BankAccount(), {key: value for key, value in initial.items() if value}, asking
    )


@staff_view(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an account; its history says who did."""
    return _account_page(request, get_object_or_404(BankAccount, pk=pk), {}, None)


def _account_page(
    request: HttpRequest, account: BankAccount, initial: dict[str, object], asking: StatementFile | None
) -> HttpResponse:
    title = account.name or _("New account")
    may_make = request.user.has_perm("ledger.manage_accounts")
    form = AccountForm(request.POST or None, instance=account, initial=initial, may_make=may_make)
    if request.method == "POST" and form.is_valid():
        try:
            number = form.cleaned_data.get("new_number", "")
            actions.save_account(account=form.instance, new_number=number, by=request.user)
        except WrongAccount as wrong:
            form.add_error("new_number", str(wrong))
        except actions.AccountTaken as taken:
            form.add_error(taken.field, _("Another account has this number already."))
        else:
            messages.success(request, _("The account %(name)s is saved.") % {"name": form.instance.name})
            if asking is not None and actions.read_again(file=asking, by=request.user):
                messages.info(request, _("The file %(name)s is read now.") % {"name": asking.name})
                return redirect("finance:bank-file", asking.pk)
            return redirect("finance:bank-accounts")
    context = {
        "form": form,
        "account": account,
        "asking": asking,
        "page_title": title,
        "changes": account.history.select_related("history_user")[:CHANGES_SHOWN] if account.pk else [],
        "crumbs": crumbs("bank-accounts", title),
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/bank/account.html", context, status=status)


def _asking(request: HttpRequest) -> StatementFile | None:
    """The refused file from whose page one came; None for none or nonsense."""
    text = request.GET.get("file", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    return StatementFile.objects.filter(pk=int(text), state="refused", refused_code="unknown_account").first()


urlpatterns = [
    path("bank/", accounts, name="bank-accounts"),
    path("bank/accounts/add/", add_account, name="bank-account-add"),
    path("bank/accounts/<row:pk>/", change_account, name="bank-account"),
    *file_pages.urlpatterns,
    *line_pages.urlpatterns,
    *mapping_pages.urlpatterns,
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Bank accounts"),
        "finance:bank-accounts",
        VIEW,
        "bank",
        34,
        queries.wrong_statements,
    ),
    NavEntry("finance", gettext_lazy("Bank files"), "finance:bank-files", VIEW, "upload", 36),
]
