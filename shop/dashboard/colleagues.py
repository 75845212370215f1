"""Who works here, with which second factor; a lost one is taken away here, by somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.customer_service.cases.queue import PAGE_SIZE, BoundedPaginator
from fulfilment.finance.forms import Search
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, sorted_by, wants_csv
from shop.audit.models import LIST
from shop.customers.factor_reset import WHY_MAX, NotReset, reset_second_factors
from shop.customers.models import User
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

PERMISSION = "customer.reset_second_factors"
SORT = {"name": "last_name", "login": "last_login"}
WITH, WITHOUT = "with", "without"


class ColleagueSearch(Search):
    """Filters of the list; they stay in the address."""

    factor = forms.ChoiceField(
        label=gettext_lazy("Second factor"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            (WITH, gettext_lazy("set up")),
            (WITHOUT, gettext_lazy("missing")),
        ],
    )


class ResetForm(forms.Form):
    """Why."""

    why = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=WHY_MAX,
        help_text=gettext_lazy("How you know that it is really them: it stands in the access log"),
    )


@staff_view(PERMISSION, shows=LIST)
@require_safe
def colleagues(request: HttpRequest) -> HttpResponse:
    """Everybody with rights of staff. A constant number of queries."""
    form = ColleagueSearch(request.GET)
    found = sorted_by(request, search(form), SORT, ["last_name", "first_name", "pk"])
    if wants_csv(request):
        head = [_("Name"), _("E-mail"), _("Active"), _("App"), _("Passkeys"), _("Last sign-in")]
        return csv_file("colleagues", head, (_cells(one) for one in found[:CSV_ROWS_MAX]))
    paginator = BoundedPaginator(found, PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "rows": page.object_list, "csv_url": csv_url(request)}
    return render(request, "dashboard/colleagues/list.html", context, status=form.status)


def search(form: ColleagueSearch) -> QuerySet[Any]:
    """Staff that fit the filters, with ``apps`` and ``passkeys`` counted."""
    kind = "authenticator__type"
    found = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True)).annotate(
        apps=Count("authenticator", filter=Q(**{kind: Authenticator.Type.TOTP})),
        passkeys=Count("authenticator", filter=Q(**{kind: Authenticator.Type.WEBAUTHN})),
    )
    if form.value("factor") == WITH:
        found = found.filter(Q(apps__gt=0) | Q(passkeys__gt=0))
    elif form.value("factor") == WITHOUT:
        found = found.filter(apps=0, passkeys=0)
    for word in form.value("q").split():
        found = found.filter(
            Q(email__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
        )
    return found


@staff_view(PERMISSION, shows="colleague")
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a lost second factor away. Whoever does it shows first that it is them."""
    person = get_object_or_404(User, Q(is_staff=True) | Q(is_superuser=True), pk=pk)
    raise_if_reauthentication_required(request, app="allauth.mfa")
    form = ResetForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        by = User.objects.get(pk=request.user.pk)
        try:
            done = reset_second_factors(person=person, why=form.cleaned_data["why"], by=by)
        except NotReset as refused:
            form.add_error(None, str(refused))
        else:
            text = ngettext(
                "%(n)d factor of %(name)s was taken away.", "%(n)d factors of %(name)s were taken away.", done
            )
            messages.success(request, text % {"n": done, "name": person.name})
            return redirect("dashboard:colleagues")
    context = {"form": form, "person": person}
    return render(request, "dashboard/colleagues/reset.html", context, status=422 if form.errors else 200)


def _cells(person: Any) -> Iterable[Any]:
    login = timezone.localtime(person.last_login).isoformat(timespec="minutes") if person.last_login else ""
    return [
        person.name,
        person.email,
        _("yes") if person.is_active else _("no"),
        person.apps,
        person.passkeys,
        login,
    ]


NAV = [NavEntry("operations", gettext_lazy("Colleagues"), "dashboard:colleagues", PERMISSION, order=60)]
urlpatterns = [
    path("colleagues/", colleagues, name="colleagues"),
    path("colleagues/<int:pk>/second-factor/", reset, name="colleague-reset"),
]
