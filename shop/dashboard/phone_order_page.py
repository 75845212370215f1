"""One order by phone: goods, address, delivery, payment on one page; then what is read out, and the button."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.partner.models import InsufficientStock
from checkout.basket.queries import problem_of
from checkout.forms import AddressForm, CarrierContactForm, FirmForm, shipping_countries
from checkout.order.actions import BasketChanged, BasketGone, CreditChanged, PriceChanged
from checkout.order.actions.place import LINK_RESERVED_FOR
from checkout.order.models import AcceptedSummary, Order
from checkout.order.texts import SeenText, texts_now
from checkout.payment import rules
from checkout.payment.models import CARD, CREDIT, INVOICE, NOTHING
from checkout.phone_orders import actions
from checkout.phone_orders.models import PhoneOrder
from checkout.placing import remember_firm, sold_out_text, summary_html
from checkout.quote import Quote
from fulfilment.warehouse.lists import SEARCH_MAX_CHARS
from shop.audit.middleware import is_of
from shop.kernel.access import staff_view

from .phone_order_forms import AgreedForm, PhoneContactForm
from .phone_order_goods import articles, open_or_say, row_of
from .phone_orders import TAKE


@staff_view(TAKE, shows="phone_order")
@never_cache
@require_safe
def phone_order(request: HttpRequest, pk: int) -> HttpResponse:
    """The page. One that was placed leads to its order."""
    row = row_of(pk)
    made = row.order
    if made is not None:
        return redirect("dashboard:order", made.number)
    return _page(request, row)


def _page(request: HttpRequest, row: PhoneOrder, status: int = 200, **forms: Any) -> HttpResponse:
    """The page; ``forms`` holds those in which something is wrong, as they were typed."""
    found = actions.quote(row)
    is_of(request, user_id=row.user_id, email=found.draft.email)
    words = " ".join(request.GET.get("q", "").split())[:SEARCH_MAX_CHARS]
    context = {
        "phone_order": row,
        "quote": found,
        "draft": found.draft,
        "rows": [(line, sums, problem_of(line)) for line, sums, _picture in found.rows],
        "vouchers": getattr(found.basket, "_known_vouchers", []),
        "offers": rules.offers(found.case_of(row.buyer)) if found.lines else [],
        "missing": missing(found),
        "words": words,
        "articles": articles(words) if words else [],
        "crumbs": _crumbs(row),
        **_address_forms(row, None),
        "consent": CarrierContactForm(initial={"carrier_contact": found.draft.carrier_contact}),
        **forms,
    }
    return render(request, "dashboard/phone/order.html", context, status=status)


def missing(found: Quote) -> list[str]:
    """What is still to be asked before the order can be placed, in words."""
    words = []
    if not found.lines:
        words.append(_("No article yet."))
    elif any(problem_of(line) for line in found.lines):
        words.append(_("An article cannot be had as it is; see the list."))
    if not found.draft.email or not found.draft.billing.get("line1"):
        words.append(_("The address is missing."))
    elif found.lines and found.chosen is None:
        words.append(_("The delivery is not chosen."))
    if found.lines and not found.draft.payment_method and found.totals.total_minor:
        words.append(_("The payment is not chosen."))
    return words


def _address_forms(row: PhoneOrder, data: Any) -> dict[str, Any]:
    draft, countries = row.draft, shipping_countries()
    elsewhere = data is not None and data.get("other_delivery") is not None
    return {
        "contact": PhoneContactForm(
            data,
            has_account=row.user is not None,
            initial={"email": draft.email, "phone": draft.phone, "other_delivery": draft.other_delivery},
        ),
        "billing": AddressForm(data, prefix="billing", countries=countries, initial=draft.billing),
        "delivery": AddressForm(
            data if elsewhere else None,
            prefix="shipping",
            countries=countries,
            initial=draft.delivery_address,
        ),
        "firm": FirmForm(
            data, initial={name: getattr(draft, name) for name in ("company", "vat_id", "buyer_reference")}
        ),
    }


@staff_view(TAKE, shows="phone_order")
@require_POST
def address(request: HttpRequest, pk: int) -> HttpResponse:
    """Contact, invoice address, other delivery address, firm: as in the shop's own checkout."""
    row = open_or_say(request, pk)
    if row is None:
        return redirect("dashboard:phone-orders")
    forms = _address_forms(row, request.POST)
    elsewhere = request.POST.get("other_delivery") is not None
    sound = [form.is_valid() for name, form in forms.items() if elsewhere or name != "delivery"]
    if not all(sound):
        return _page(request, row, 422, **forms)
    draft = row.draft
    remember_firm(request, draft, forms["firm"].cleaned_data)
    values = {name: getattr(draft, name) for name in ("company", "buyer_reference", "vat_id", "vat_check")}
    values |= {
        "email": forms["contact"].cleaned_data["email"],
        "phone": forms["contact"].cleaned_data["phone"],
        "other_delivery": elsewhere,
        "billing": _plain(forms["billing"]),
        "delivery_address": _plain(forms["delivery"]) if elsewhere else {},
    }
    return _changed(request, row, _("The address is noted."), **values)


def _plain(form: Any) -> dict[str, str]:
    return {name: str(value) for name, value in form.cleaned_data.items()}


def _changed(request: HttpRequest, row: PhoneOrder, said: str, **values: Any) -> HttpResponse:
    try:
        actions.change(phone_order=row, by=request.user, **values)
    except actions.Closed as closed:
        messages.error(request, str(closed))
        return redirect("dashboard:phone-orders")
    messages.success(request, said)
    return redirect("dashboard:phone-order", row.pk)


@staff_view(TAKE, shows="phone_order")
@require_POST
def way(request: HttpRequest, pk: int) -> HttpResponse:
    """How it is delivered and paid. The payment is judged by the total with this delivery."""
    row = open_or_say(request, pk)
    if row is None:
        return redirect("dashboard:phone-orders")
    chosen = request.POST.get("delivery", "")
    if chosen not in {option.code for option in actions.quote(row).options}:
        return _page(request, row, 422, way_problem=_("Please choose how we may deliver."))
    consent = CarrierContactForm(request.POST)
    agreed = consent.is_valid() and consent.cleaned_data["carrier_contact"]
    try:
        row = actions.change(
            phone_order=row,
            by=request.user,
            delivery_code=chosen,
            carrier_contact=agreed,
            use_credit="use_credit" in request.POST or not actions.quote(row).credit_there_minor,
            payment_method="",
        )
    except actions.Closed as closed:
        messages.error(request, str(closed))
        return redirect("dashboard:phone-orders")
    offer = rules.check(request.POST.get("payment", ""), actions.quote(row).case_of(row.buyer))
    if not offer.allowed:
        words = offer.reason if request.POST.get("payment") else _("Please choose how the customer pays.")
        return _page(request, row, 422, way_problem=words)
    return _changed(request, row, _("Delivery and payment are noted."), payment_method=offer.method)


@staff_view(TAKE, shows="phone_order")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """What is read out, in the customer's language, what will happen, and the button that places the order."""
    row = row_of(pk)
    made = row.order
    if made is not None:
        return redirect("dashboard:order", made.number)
    with translation.override(row.language):  # names of delivery and goods as the customer will read them
        found = actions.quote(row)
        offer = rules.check(found.draft.payment_method, found.case_of(row.buyer))
        found.draft.payment_method = offer.method  # over 0.00 it is none, whatever was chosen before
        texts = texts_now(row.language)
        facts = summary_html(found, offer, texts)
    is_of(request, user_id=row.user_id, email=found.draft.email)
    if missing(found) or not offer.allowed:
        again = rules.check(found.draft.payment_method, found.case_of(row.buyer))  # in our own language
        messages.warning(request, (missing(found) or [again.reason])[0])
        return redirect("dashboard:phone-order", pk)
    form = AgreedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _place(request, row, found, facts, texts)
    context = {
        "phone_order": row,
        "quote": found,
        "facts": facts,
        "seen": AcceptedSummary.digest(facts),
        "pieces": sum(part.quantity for part in found.totals.lines),
        "offer": offer,
        "link_hours": int(LINK_RESERVED_FOR.total_seconds() // 3600),
        "form": form,
        "crumbs": _crumbs(row, _("Read out and place")),
    }
    return render(request, "dashboard/phone/check.html", context, status=422 if form.errors else 200)


def _place(
    request: HttpRequest, row: PhoneOrder, found: Quote, facts: str, texts: list[SeenText]
) -> HttpResponse:
    seen = request.POST.get("total_minor", "")
    try:
        order = actions.place_by_phone(
            phone_order=row,
            found=found,
            facts=facts,
            texts=texts,
            seen_total_minor=int(seen) if seen.isdecimal() and len(seen) < 15 else -1,
            seen_sha256=request.POST.get("seen", ""),
            by=request.user,
        )
    except (PriceChanged, BasketChanged, CreditChanged):
        messages.warning(
            request,
            _(
                "Something has changed since you opened this page. Nothing was placed; please read it out again."
            ),
        )
        return redirect("dashboard:phone-order-check", row.pk)
    except InsufficientStock as gone:
        messages.warning(request, sold_out_text(found, gone))
        return redirect("dashboard:phone-order", row.pk)
    except BasketGone:
        messages.error(request, _("This order was placed or dropped in the meantime. Nothing was changed."))
        return redirect("dashboard:phone-orders")
    messages.success(request, said(order))
    return redirect("dashboard:order", order.number)


def said(order: Order) -> str:
    """What happened when the order was placed, and which mail goes where."""
    confirmed = _(
        "Order %(number)s is placed and confirmed. The confirmation with terms and withdrawal notice goes to"
        " %(email)s."
    )
    texts = {
        INVOICE: confirmed,
        NOTHING: confirmed,
        CREDIT: confirmed,
        CARD: _(
            "Order %(number)s is placed. A link to pay, the terms and the withdrawal notice go to %(email)s."
        ),
    }
    other = _(
        "Order %(number)s is placed. Our bank details, the terms and the withdrawal notice go to %(email)s."
    )
    return texts.get(order.payment_method, other) % {"number": order.number, "email": order.email}


@staff_view(TAKE)
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer does not want it after all."""
    try:
        actions.drop(phone_order=row_of(pk), by=request.user)
    except actions.Closed as closed:
        messages.error(request, str(closed))
    else:
        messages.success(request, _("The order is dropped; nothing of it is kept."))
    return redirect("dashboard:phone-orders")


def _crumbs(row: PhoneOrder, *further: str) -> list[dict[str, str]]:
    crumbs = [
        {"title": _("Orders by phone"), "url": reverse("dashboard:phone-orders")},
        {"title": row.name, "url": reverse("dashboard:phone-order", args=[row.pk])},
    ]
    return crumbs + [{"title": title, "url": ""} for title in further]


urlpatterns = [
    path("phone-orders/<row:pk>/", phone_order, name="phone-order"),
    path("phone-orders/<row:pk>/address/", address, name="phone-order-address"),
    path("phone-orders/<row:pk>/way/", way, name="phone-order-way"),
    path("phone-orders/<row:pk>/check/", check, name="phone-order-check"),
    path("phone-orders/<row:pk>/drop/", drop, name="phone-order-drop"),
]
