"""The file of one customer: who they are, what they bought, owe, sent back, asked and were told; by permission."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.db.models import OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_safe

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit
from checkout.store_credit.models import Movement
from checkout.store_credit.queries import kept_until, movements_of
from fulfilment.finance.forms import ReasonForm
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, wants_csv
from shop.audit.middleware import is_of
from shop.customers.models import NewsletterConsent
from shop.kernel.access import staff_view
from shop.ui.countries import country_name

from .customer_forms import NoteForm
from .customer_merge import strays
from .customer_reads import SECTIONS, Section, Who, account, entries, file_of, newsletter_of

VIEW = "customer.view_user"
FIELD_NAMES: dict[str, Any] = {
    "email": gettext_lazy("E-mail"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "phone": gettext_lazy("Phone"),
    "language": gettext_lazy("Language"),
    "closed": gettext_lazy("Account closed"),
    "address": gettext_lazy("Address"),
    "deletion": gettext_lazy("Deletion of the account"),
    "pinned": gettext_lazy("Note kept at the top"),
    "merged": gettext_lazy("Merged"),
    "followed": gettext_lazy("Followed after merging"),
}
DEEDS = {
    "credit_release": gettext_noop("purchase on account released"),
    "credit_withdraw": gettext_noop("release withdrawn"),
    "credit_block": gettext_noop("purchase on account blocked"),
    "credit_unblock": gettext_noop("block lifted"),
}


@staff_view(VIEW, shows="customer")
@require_safe
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of an account; at most 15 queries with everything around it."""
    return file_page(request, pk)


def file_page(request: HttpRequest, pk: int, status: int = 200, **forms: Any) -> HttpResponse:
    """The page; ``forms`` holds those in which something is wrong, as they were typed."""
    person = account(pk)
    if person is None:
        raise Http404(pk)
    is_of(request, user_id=person.pk, email=person.email)
    credit = getattr(person, "credit", None) or CustomerCredit(user=person)
    followers = Counter(title for title, *_row in strays(person.pk)) if person.merged_into_id else {}
    context = {
        "person": person,
        "followers": [(title, followers[title]) for title in followers],
        "title": person.name,
        "credit": credit,
        "limit_minor": person.general_limit if credit.limit_minor is None else credit.limit_minor,
        "form": ReasonForm(),
        **_file(request, Who(person, person.email)),
        **forms,
    }
    return render(request, "dashboard/customers/file.html", context, status=status)


@staff_view(VIEW, shows="customer")
@require_safe
def credit(request: HttpRequest, pk: int) -> HttpResponse:
    """The store credit of an account: balance and movements, the newest first; as CSV too. Seven queries."""
    person = account(pk)
    if person is None:
        raise Http404(pk)
    is_of(request, user_id=person.pk, email=person.email)
    rows = movements_of(person)
    if wants_csv(request):
        head = [_("Date"), _("What"), _("Amount"), _("Currency"), _("Order"), _("Who"), _("Why")]
        return csv_file(f"store-credit-{person.pk}", head, (_cells(row) for row in rows[:CSV_ROWS_MAX]))
    context = {
        "person": person,
        "page": page_of(request, rows),
        "csv_url": csv_url(request),
        "kept_until": kept_until(),
        "crumbs": [
            {"title": _("Customers"), "url": reverse("dashboard:customers")},
            {"title": person.email, "url": reverse("dashboard:customer", args=[pk])},
            {"title": _("Store credit"), "url": ""},
        ],
    }
    return render(request, "dashboard/customers/credit.html", context)


def _cells(row: Movement) -> list[Any]:
    return [
        timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M"), str(row.get_kind_display()), row.amount_minor / 100,
        row.account.currency, row.order.number if row.order else "", row.by.name if row.by else "", row.why,
    ]  # fmt: skip


@staff_view(VIEW, shows="order")
@require_safe
def guest(request: HttpRequest, number: str) -> HttpResponse:
    """The file of a guest, named by one of their orders: the address of the page then holds no e-mail address."""
    return guest_page(request, number)


def guest_page(request: HttpRequest, number: str, status: int = 200, **forms: Any) -> HttpResponse:
    """The page of a guest; 404 for an order that belongs to an account."""
    order = guest_order(number)
    is_of(request, email=order.guest_email)
    name = order.billing_address.name if order.billing_address else order.guest_email
    context = {
        "guest": order,
        "title": name,
        **_file(request, Who(None, order.guest_email)),
        **forms,
    }
    return render(request, "dashboard/customers/file.html", context, status=status)


def guest_order(number: str) -> Order:
    """An order without an account; raises Http404."""
    found = Order.objects.filter(number=number, user=None).exclude(guest_email="")
    found = found.annotate(newsletter=newsletter_of(OuterRef("guest_email")))
    order = found.select_related("billing_address").first()
    if order is None:
        raise Http404(number)
    return order


def _file(request: HttpRequest, who: Who) -> dict[str, Any]:
    seen = [name for name, permission in SECTIONS.items() if request.user.has_perm(permission)]
    sections = file_of(who, seen)
    rows = [_entry(row) for row in entries(who)]
    return {
        "who": who,
        **{name: sections.get(name) for name in SECTIONS},
        "value": value_of(sections),
        "pinned": [row for row in rows if row["pinned"]],
        "entries": rows,
        "note_form": NoteForm(),
        "crumbs": [
            {"title": _("Customers"), "url": reverse("dashboard:customers")},
            {"title": who.email, "url": ""},
        ],
    }


def value_of(sections: dict[str, Section]) -> dict[str, Any]:
    """What the customer is worth, as far as the reader may see it: amounts in minor units, shares in percent."""
    found: dict[str, Any] = {}
    documents, cost = sections.get("invoices"), sections.get("margin")
    if documents is not None and documents.rows:
        net, credited = int(documents.facts["net"] or 0), int(documents.facts["credited"] or 0)
        found["net_minor"] = net
        if net + credited:
            found["back_percent"] = round(100 * credited / (net + credited))
        if cost is not None:
            found["margin_minor"] = net - cost.facts["cost_minor"]
            found["margin_percent"] = round(100 * found["margin_minor"] / net) if net > 0 else None
    return found


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    """A note, change or decision in words."""
    by = f"{row['e_first']} {row['e_last']}".strip() or row["e_mail"]
    found = {
        "at": row["e_at"],
        "by": by,
        "pk": row["e_row"],
        "kind": row["e_kind"],
        "pinned": bool(row["e_pin"]),
    }
    if row["e_kind"] == "deed":
        verb, _space, why = row["e_text"].partition(" ")
        return found | {"title": _(DEEDS[verb]) if verb in DEEDS else verb, "text": why}
    if row["e_kind"] == "consent":
        return found | _consent(row["e_text"])
    if row["e_kind"] == "note":
        return found | {"title": _("Note"), "text": row["e_text"]}
    facts = json.loads(row["e_data"]) if isinstance(row["e_data"], str) else row["e_data"] or {}
    changes = [
        (FIELD_NAMES.get(name, name), _plain(old), _plain(new))
        for name, (old, new) in facts.get("fields", {}).items()
    ]
    return found | {"title": _("Changed"), "changes": changes, "text": facts.get("why", "")}


def _consent(text: str) -> dict[str, Any]:
    """A step of the newsletter's consent with its proof: how, from which network, to which words."""
    kind, via, place, version, words = text.split("|", 4)
    proof = ", ".join(filter(None, (via, place, _("Words %(version)s") % {"version": version})))
    step = dict(NewsletterConsent.KINDS)[kind]
    return {"title": _("Newsletter: %(step)s") % {"step": step}, "text": f"{proof}: {words}"}


def _plain(value: Any) -> str:
    """A value of a change as people read it."""
    if isinstance(value, dict):
        parts = [
            str(value[name])
            for name in ("first_name", "last_name", "line1", "line2", "postcode", "line4")
            if value.get(name)
        ]
        return ", ".join([*parts, country_name(value.get("country_id", ""))])
    return str(value if value not in (None, "") else "–")


urlpatterns = [
    path("customers/<row:pk>/", customer, name="customer"),
    path("customers/<row:pk>/credit/", credit, name="customer-credit"),
    path("customers/guest/<slug:number>/", guest, name="guest"),
]
