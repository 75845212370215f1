"""Pages of the chart of accounts: the list, own accounts, other names, putting away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.ledger import charts
from fulfilment.finance.ledger.actions import WrongAccount, add_account, put_away, rename_account, take_back
from fulfilment.finance.ledger.models import ACCOUNT_KINDS, Account, EntryLine
from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

SORT = {"number": "number", "kind": "kind"}
MANAGE = "ledger.manage_accounts"


class AccountSearch(Search):
    """Filters of the list."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("all")), *ACCOUNT_KINDS]
    )
    which = forms.ChoiceField(
        label=gettext_lazy("Accounts"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            ("own", gettext_lazy("own")),
            ("away", gettext_lazy("put away")),
        ],
    )


class NameForm(forms.Form):
    """What an account is called."""

    name_de = forms.CharField(label=gettext_lazy("German name"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("English name"), max_length=120)


class NewAccountForm(NameForm):
    """An account of our own."""

    number = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=charts.NUMBER_LENGTH,
        help_text=gettext_lazy("Four digits, as the accounts of the chart. It cannot be changed later."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ACCOUNT_KINDS)
    field_order = ["number", "kind", "name_de", "name_en"]


@staff_view("ledger.view_ledger")
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account: of the chart and our own."""
    form = AccountSearch(request.GET)
    used = EntryLine.objects.filter(account=OuterRef("pk"))
    rows = Account.objects.annotate(is_used=Exists(used))
    term, which = form.value("q"), form.value("which")
    if term:
        named = Q(name_de__icontains=term) | Q(name_en__icontains=term)
        rows = rows.filter(named | Q(number__startswith=term))
    if form.value("kind"):
        rows = rows.filter(kind=form.value("kind"))
    if which:
        rows = rows.filter(role="") if which == "own" else rows.filter(is_active=False)
    rows = sorted_by(request, rows, SORT, ["number"])
    if wants_csv(request):
        head = [_("Number"), _("Kind"), _("German name"), _("English name"), _("State")]
        cells = ([row.number, row.get_kind_display(), row.name_de, row.name_en, _state(row)] for row in rows)
        return csv_file("accounts", head, cells)
    context = {
        "form": form,
        "page": page_of(request, rows),
        "csv_url": csv_url(request),
        "may_manage": request.user.has_perm(MANAGE),
    }
    return render(request, "dashboard/finance/books/accounts.html", context, status=form.status)


@staff_view(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_account(request: HttpRequest) -> HttpResponse:
    """Add an account of our own."""
    form = NewAccountForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            account = add_account(**form.cleaned_data, by=request.user)
        except WrongAccount as error:
            form.add_error("number", str(error))
        else:
            text = _("%(account)s can be used in manual entries and explanations now.")
            messages.success(request, text % {"account": str(account)})
            return redirect("finance:accounts")
    context = {"form": form, "crumbs": _crumbs(_("New account"))}
    return render(
        request, "dashboard/finance/books/new_account.html", context, status=400 if form.is_bound else 200
    )


@staff_view(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_account(request: HttpRequest, number: str) -> HttpResponse:
    """Other names for an account; own ones that nobody used may be put away, and taken back."""
    account = get_object_or_404(Account, number=number)
    step = request.POST.get("step", "rename")
    step = step if step in ("away", "back") else "rename"
    posted = request.method == "POST"
    initial = {"name_de": account.name_de, "name_en": account.name_en}
    form = NameForm(request.POST if posted and step == "rename" else None, initial=initial)
    refused = ""
    if posted and (step != "rename" or form.is_valid()):
        try:
            text = _do(step, account, form, request.user)
        except WrongAccount as error:
            refused = str(error)
        else:
            messages.success(request, text)
            return redirect("finance:accounts")
    context = {
        "account": account,
        "form": form,
        "refused": refused,
        "is_used": account.lines.exists(),
        "history": account.history.select_related("history_user")[:20],
        "crumbs": _crumbs(str(account)),
    }
    status = 400 if posted else 200
    return render(request, "dashboard/finance/books/edit_account.html", context, status=status)


def _do(step: str, account: Account, form: NameForm, by: Any) -> str:
    """Rename, put away or take back; what was done, in words."""
    facts = {"account": str(account)}
    if step == "away":
        put_away(account=account, by=by)
        return _("%(account)s is put away and no longer offered.") % facts
    if step == "back":
        take_back(account=account, by=by)
        return _("%(account)s is offered again.") % facts
    renamed = rename_account(account=account, **form.cleaned_data, by=by)
    return _("The account is called %(account)s now.") % {"account": str(renamed)}


def _state(row: Account) -> str:
    if not row.is_active:
        return _("put away")
    return _("chart") if row.role else _("own")


def _crumbs(title: str) -> list[dict[str, str]]:
    return [{"title": _("Accounts"), "url": reverse("finance:accounts")}, {"title": title, "url": ""}]


urlpatterns = [
    path("chart/", accounts, name="accounts"),
    path("chart/new/", new_account, name="new-account"),
    path("chart/<slug:number>/", edit_account, name="edit-account"),
]
