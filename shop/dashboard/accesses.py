"""Who looked at personal data, took it as a file or changed it: by person looked at, by colleague, by thing, as CSV."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from fulfilment.customer_service.cases.queue import PAGE_SIZE, BoundedPaginator
from fulfilment.finance.forms import Period
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, sorted_by, wants_csv
from shop.audit.kinds import kind, kinds
from shop.audit.marks import mark_of
from shop.audit.models import CHANGE, DEEDS, LIST, Access
from shop.audit.triggers import KEPT_DAYS
from shop.customers.models import User
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from .navigation import entries

VIEW = "audit.see_accesses"
SORT = {"at": "pk", "who": "by_name"}
ACCOUNT_DIGITS_MAX = 18


class AccessSearch(Period):
    """Filters of the log; they stay in the address. The search takes a whole e-mail address (of who was looked at or
    who looked), a number, or part of a colleague's address."""

    deed = forms.ChoiceField(
        label=gettext_lazy("What"), required=False, choices=[("", gettext_lazy("all")), *DEEDS]
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Of what"),
        required=False,
        choices=lambda: [("", _("all")), *((one.name, one.title) for one in kinds())],
    )
    person = forms.CharField(required=False, max_length=ACCOUNT_DIGITS_MAX, widget=forms.HiddenInput)
    field_order = ["q", "deed", "kind", "first", "last", "person"]


@staff_view(VIEW, shows=LIST)
@require_safe
def accesses(request: HttpRequest) -> HttpResponse:
    """The log, newest first. A constant number of queries; that somebody read it is a row of it too."""
    form = AccessSearch(request.GET)
    found = sorted_by(request, search(form), SORT, ["-pk"])
    if wants_csv(request):
        return csv_file("accesses", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    paginator = BoundedPaginator(found, PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": _shown(list(page.object_list)),
        "paginator": paginator,
        "csv_url": csv_url(request),
        "person": _account(form.value("person")),
        "kept_days": KEPT_DAYS,
    }
    return render(request, "dashboard/audit/list.html", context, status=form.status)


def search(form: AccessSearch) -> QuerySet[Access]:
    """Rows that fit the filters."""
    found = form.within(Access.objects.all(), "at__date")
    for name in ("deed", "kind"):
        if form.value(name):
            found = found.filter(**{name: form.value(name)})
    person, words = form.value("person"), form.value("q").strip()
    if person:
        account = _account(person)
        found = found.filter(_of(account.email, account)) if account else found.none()
    if "@" in words:
        known = User.objects.filter(email__iexact=words).first()
        found = found.filter(_of(words, known) | Q(by_name__iexact=words))
    elif words:
        found = found.filter(Q(key__iexact=words) | Q(by_name__icontains=words))
    return found


def _of(email: str, account: User | None) -> Q:
    """Looks at a person: by their address, and by the account with those merged into it and every address they had."""
    if account is None:
        return Q(person_mark=mark_of(email))
    people = dict(User.objects.filter(Q(pk=account.pk) | Q(merged_into=account)).values_list("pk", "email"))
    changes = Access.objects.filter(deed=CHANGE, kind="customer", key__in=[str(pk) for pk in people])
    earlier = [
        facts.get("fields", {}).get("email", [""])[0] for facts in changes.values_list("facts", flat=True)
    ]
    marks = {mark_of(one) for one in (email, *people.values(), *earlier) if one}
    return Q(person_mark__in=marks) | Q(person_id__in=list(people))


def _account(given: str) -> User | None:
    return User.objects.filter(pk=int(given), is_staff=False).first() if given.isdecimal() else None


def _shown(rows: list[Access]) -> list[dict[str, Any]]:
    """Rows with the names of accounts, one query for all."""
    people = User.objects.in_bulk({row.person_id for row in rows if row.person_id})
    return [
        {
            "row": row,
            "what": what(row),
            "url": url_of(row),
            "whose": people[row.person_id].name if row.person_id in people else "",
            "details": details(row),
        }
        for row in rows
    ]


def what(row: Access) -> str:
    """The thing in words: "Order K10012", or the name of the list."""
    if row.kind == LIST:
        titles = {entry.url_name: str(entry.title) for entry in entries()}
        return titles.get(row.key, row.key)
    known = kind(row.kind)
    return f"{known.title if known else row.kind} {row.key}".strip()


def url_of(row: Access) -> str:
    """Its page; "" where it has none."""
    known = kind(row.kind)
    if known is None or not known.url_name or not row.key:
        return ""
    try:
        return reverse(known.url_name, kwargs={known.part: row.key})
    except NoReverseMatch:
        return ""


def details(row: Access) -> str:
    """Rows of a file, filters of a list, old and new of a change."""
    parts = []
    if row.rows is not None:
        parts.append(_("%(n)d rows") % {"n": row.rows})
    filters = row.facts.get("filters", {})
    if filters:
        said = ", ".join(
            _("searched for words") if name == "q" else f"{name}={value}" for name, value in filters.items()
        )
        parts.append(said)
    parts += [
        f"{name}: {_plain(old)} → {_plain(new)}" for name, (old, new) in row.facts.get("fields", {}).items()
    ]
    if row.facts.get("why"):
        parts.append(str(row.facts["why"]))
    return "; ".join(parts)


def _plain(value: Any) -> str:
    return str(value) if value not in (None, "") else "–"


def _head() -> list[str]:
    return [_("When"), _("Who"), _("What"), _("Of what"), _("Which"), _("Account"), _("Page"), _("Rows"),
            _("Details"), _("Trace")]  # fmt: skip


def _cells(row: Access) -> Iterable[Any]:
    known = kind(row.kind)
    return [
        timezone.localtime(row.at).isoformat(timespec="seconds"), row.by_name, str(row.get_deed_display()),
        str(known.title) if known else row.kind, row.key, row.person_id or "", row.path,
        "" if row.rows is None else row.rows, details(row), row.correlation_id,
    ]  # fmt: skip


urlpatterns = [path("accesses/", accesses, name="accesses")]
NAV = [NavEntry("operations", gettext_lazy("Access log"), "dashboard:accesses", VIEW, "eye", 30)]
