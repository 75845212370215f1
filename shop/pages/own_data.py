"""What the shop holds about a person, as one file they fetch themselves (Art. 15 and 20 GDPR)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from shop.customers import own_sessions
from shop.customers.models import User
from shop.kernel.access import shopper_view
from shop.kernel.clock import now
from shop.kernel.money import to_minor

from .own_data_parts import PARTS, Part
from .queries import merchant

FORMAT = 1  #: of the file; one more when a key is renamed or taken away
_PROFILE = "email first_name last_name phone language date_joined last_login is_active"


def of_person(person: User, *, here: str | None = None) -> dict[str, Any]:
    """Everything that the shop holds about a person and tells them, also of accounts that were merged into theirs.

    here: key of the session in hand. Amounts are integers in minor units. Reads only, one query for each table
    of ``PARTS`` and three beside them, however much there is.
    """
    merged = list(User.objects.filter(merged_into=person).order_by("pk"))
    accounts = [person.pk, *(one.pk for one in merged)]
    shown = EmailAddress.objects.filter(user__in=accounts, verified=True).values_list("email", flat=True)
    emails = sorted({email.lower() for email in shown})
    return {
        "about": {
            "made_at": now(),
            "made_by": getattr(merchant(), "name", ""),
            "format": FORMAT,
            "amounts": "integers in minor units (cents); rates in basis points",
            "times": "ISO 8601",
            "confirmed_addresses": emails,
        },
        "profile": _profile(person),
        "merged_accounts": [_profile(one) for one in merged],
        "devices": [
            {"device": one.device, "since": one.since, "last_used_at": one.seen_at}
            for one in own_sessions.opened(person=person, here=here)
        ],
        **{part.name: _rows(part, accounts, emails)[None] for part in PARTS},
    }


def _profile(person: User) -> dict[str, Any]:
    return {name: getattr(person, name) for name in _PROFILE.split()}


def _rows(part: Part, accounts: list[int], emails: list[str]) -> dict[Any, list[dict[str, Any]]]:
    """The rows of a part by the row around them; by None where there is none around. One query, and one for
    each part inside."""
    whose = Q()
    for path in part.accounts:
        whose |= Q(**{f"{path}__in": accounts})
    for path in part.emails:
        whose |= Q(**{f"{path}__in": emails})
    columns = ["pk", *([part.link] if part.link else []), *part.fields.values()]
    found = apps.get_model(part.model)._base_manager.filter(whose, part.only).order_by("pk")
    inside = {one.name: _rows(one, accounts, emails) for one in part.inside}
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for pk, *values in found.values_list(*columns):
        around = values.pop(0) if part.link else None
        told = _told(dict(zip(part.fields, values, strict=True)))
        rows[around].append(told | {name: by_row[pk] for name, by_row in inside.items()})
    return rows


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """A row as the file tells it: names with a dot nested, decimal amounts in minor units."""
    told: dict[str, Any] = {}
    for name, value in values.items():
        *around, last = name.split(".")
        into = told
        for step in around:
            into = into.setdefault(step, {})
        if last.endswith("_minor") and isinstance(value, Decimal):
            value = to_minor(value, values["currency"])
        into[last] = value
    return told


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own_data(request: HttpRequest) -> HttpResponse:
    """What is in the file; a POST answers with it. The password or the second factor is asked for again, unless it was
    shown just now: whoever found an open screen does not walk off with a life's orders."""
    fresh = not is_reauthentication_required(request, app="shop.customers")
    if request.method != "POST":
        return render(request, "account/data.html", {"fresh": fresh})
    if not fresh:  # not kept to be sent again: the file would come out of the page that asks for the password
        methods = get_adapter().get_reauthentication_methods(request.user)
        return redirect(f"{methods[0]['url']}?{urlencode({'next': reverse('account:data')})}")
    person = User.objects.get(pk=request.user.pk)
    answer = JsonResponse(
        of_person(person, here=request.session.session_key),
        json_dumps_params={"ensure_ascii": False, "indent": 1},
    )
    answer["Content-Disposition"] = f'attachment; filename="my-data-{localdate(now()):%Y-%m-%d}.json"'
    return answer
