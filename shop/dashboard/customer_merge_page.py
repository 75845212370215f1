"""Duplicates: the list with reasons, what merging two accounts would do, and doing it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checkout.forms import Line
from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, wants_csv
from shop.audit.middleware import is_of
from shop.customers.actions import NotChanged, keep_apart
from shop.customers.models import User
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import customer_merge as merging
from .customer_forms import why_field
from .duplicates import REASONS, Pair, duplicates

MERGE = "customer.merge_customers"
SORT = {"first": lambda pair: pair.first.email, "second": lambda pair: pair.second.email}


class DuplicateSearch(Search):
    """Filters of the list."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why they seem to be one"),
        required=False,
        choices=[("", gettext_lazy("all")), *REASONS.items()],
    )


class MergeForm(forms.Form):
    """The reason, and what the customer said as soon as anything moves."""

    why = why_field()
    confirmed = forms.BooleanField(
        label=gettext_lazy("The customer said that both accounts are theirs"), required=False
    )


class OtherForm(forms.Form):
    """Which account is the other one."""

    email = Line(label=gettext_lazy("E-mail address of the other account"), max_length=254)


@staff_view(MERGE, shows="list")
@require_safe
def list_of_duplicates(request: HttpRequest) -> HttpResponse:
    """Pairs of accounts that seem to be one person's."""
    form = DuplicateSearch(request.GET)
    found = duplicates(words=form.value("q"), reason=form.value("reason"))
    wanted = request.GET.get("sort", "")
    if wanted.removeprefix("-") in SORT:
        found.sort(key=SORT[wanted.removeprefix("-")], reverse=wanted.startswith("-"))
    if wants_csv(request):
        head = [_("Account"), _("E-mail"), _("Other account"), _("E-mail"), _("Why they seem to be one")]
        return csv_file("duplicates", head, (_cells(pair) for pair in found))
    context = {"form": form, "page": page_of(request, found), "csv_url": csv_url(request)}
    return render(request, "dashboard/customers/duplicates.html", context, status=form.status)


def _cells(pair: Pair) -> list[Any]:
    return [pair.first.name, pair.first.email, pair.second.name, pair.second.email, ", ".join(pair.reasons)]


@staff_view(MERGE, shows="customer")
@require_http_methods(["GET", "HEAD", "POST"])
def pick(request: HttpRequest, pk: int) -> HttpResponse:
    """Name the other account by its e-mail address."""
    person = _customer(request, pk)
    form = OtherForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        other = User.objects.filter(
            email__iexact=form.cleaned_data["email"], is_staff=False, merged_into=None
        ).first()
        if other is not None and other.pk != person.pk:
            return redirect("dashboard:customer-merge", person.pk, other.pk)
        form.add_error("email", _("There is no other account with this address."))
    context = {"person": person, "form": form, "crumbs": _crumbs(person)}
    return render(request, "dashboard/customers/merge_pick.html", context, status=422 if form.errors else 200)


@staff_view(MERGE, shows="customer")
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """What moves and what stays when ``line`` is merged into ``pk``; then it is done."""
    if pk == line and request.method != "POST":
        raise Http404(pk)
    kept, gone = _customer(request, pk), _customer(request, line)
    form = MergeForm(request.POST or None)
    status, problem = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                moved = merging.merge(
                    kept=kept,
                    gone=gone,
                    seen=request.POST.get("seen", ""),
                    by=request.user,
                    **form.cleaned_data,
                )
            except NotChanged as refused:
                status, problem = 409, str(refused)
            else:
                messages.success(request, _said(gone, sum(moved.values())))
                return redirect("dashboard:customer", kept.pk)
    context = {
        "preview": merging.preview(kept=kept, gone=gone),
        "form": form,
        "problem": problem,
        "crumbs": _crumbs(kept),
    }
    return render(request, "dashboard/customers/merge.html", context, status=status)


def _said(gone: User, moved: int) -> str:
    text = ngettext(
        "%(email)s is merged: %(n)d row moved here, and the old account is closed.",
        "%(email)s is merged: %(n)d rows moved here, and the old account is closed.",
        moved,
    )
    return text % {"email": gone.email, "n": moved}


@staff_view(MERGE)
@require_POST
def apart(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """These two are not one person."""
    one, other = _customer(request, pk), _customer(request, line)
    try:
        keep_apart(one=one.pk, other=other.pk, why=request.POST.get("why", ""), by=request.user)
    except NotChanged as refused:
        messages.error(request, str(refused))
        return (
            redirect("dashboard:customer-merge", pk, line) if pk != line else redirect("dashboard:duplicates")
        )
    messages.success(request, _("They are two people; the pair is not proposed any more."))
    return redirect("dashboard:duplicates")


@staff_view(MERGE)
@require_POST
def along(request: HttpRequest, pk: int) -> HttpResponse:
    """What came to a merged account in the very moment of merging follows."""
    gone = get_object_or_404(User, pk=pk, is_staff=False)
    try:
        moved = merging.bring_along(gone=gone, by=request.user)
    except NotChanged as refused:
        messages.error(request, str(refused))
    else:
        many = sum(moved.values())
        text = ngettext("%(n)d row followed.", "%(n)d rows followed.", many)
        messages.success(request, text % {"n": many})
    return redirect("dashboard:customer", pk)


def _customer(request: HttpRequest, pk: int) -> User:
    person = get_object_or_404(User, pk=pk, is_staff=False, merged_into=None)
    is_of(request, user_id=person.pk, email=person.email, key=str(person.pk))  # two of them: a row for each
    return person


def _crumbs(person: User) -> list[dict[str, str]]:
    return [
        {"title": _("Customers"), "url": reverse("dashboard:customers")},
        {"title": person.name, "url": reverse("dashboard:customer", args=[person.pk])},
        {"title": _("Merge"), "url": ""},
    ]


urlpatterns = [
    path("duplicates/", list_of_duplicates, name="duplicates"),
    path("customers/<row:pk>/merge/", pick, name="customer-merge-pick"),
    path("customers/<row:pk>/merge/<row:line>/", merge, name="customer-merge"),
    path("customers/<row:pk>/merge/<row:line>/apart/", apart, name="customer-merge-apart"),
    path("customers/<row:pk>/along/", along, name="customer-merge-along"),
]
NAV = [NavEntry("orders", gettext_lazy("Duplicates"), "dashboard:duplicates", MERGE, "users", 25)]
