"""The way to the contract: contact, delivery, payment, summary. Thin callers; the rules live in actions and rules."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oscar.apps.address.models import UserAddress

from catalogue.partner.models import InsufficientStock
from checkout.order import access
from checkout.order.actions import BasketChanged, BasketGone, Contact, Placement, PriceChanged, place
from checkout.order.models import AcceptedSummary, BillingAddress, ShippingAddress
from checkout.payment import rules
from checkout.payment.models import CARD, NOTHING
from shop.kernel.access import public
from shop.kernel.clock import now

from . import session
from .basket.queries import is_offered
from .forms import AddressForm, CarrierContactForm, ContactForm, FirmForm, shipping_countries
from .quote import Quote, quote
from .vat_ids import vies
from .vat_ids.actions import check as check_vat_id
from .vat_ids.models import VatIdCheck
from .vat_ids.rules import country_of

STEPS = ("contact", "delivery", "payment", "summary")


def _steps(current: str) -> list[dict[str, Any]]:
    titles = {
        "contact": _("Contact and address"),
        "delivery": _("Delivery"),
        "payment": _("Payment"),
        "summary": _("Check and order"),
    }
    at = STEPS.index(current)
    return [
        {
            "title": titles[step],
            "url": f"checkout:{step}" if i < at else "",
            "state": "done" if i < at else "current" if i == at else "next",
        }
        for i, step in enumerate(STEPS)
    ]


def _page(request: HttpRequest, step: str, found: Quote, status: int = 200, **context: Any) -> HttpResponse:
    from django.urls import reverse

    steps = [{**row, "url": reverse(row["url"]) if row["url"] else ""} for row in _steps(step)]
    context |= {"steps": steps, "step": step, "quote": found, "draft": found.draft}
    return render(request, f"storefront/checkout/{step}.html", context, status=status)


def _addresses(request: HttpRequest) -> list[UserAddress]:
    if not request.user.is_authenticated:
        return []
    return list(UserAddress.objects.filter(user=request.user).select_related("country")[:20])


def _initial(draft: session.Draft, saved: list[UserAddress]) -> dict[str, str]:
    if draft.billing or not saved:
        return draft.billing
    best = next((a for a in saved if a.is_default_for_billing), saved[0])
    return {name: str(getattr(best, name)) for name in ADDRESS_FIELDS if name != "country"} | {
        "country": best.country_id
    }


ADDRESS_FIELDS = ("first_name", "last_name", "line1", "line2", "line4", "postcode", "country")


@public
@never_cache
@require_http_methods(["GET", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """Step 1: e-mail address and addresses, for guests and customers alike."""
    found = quote(request)
    if found.is_empty:
        return redirect("basket:summary")
    draft, countries, saved = found.draft, shipping_countries(), _addresses(request)
    form = ContactForm(
        request.POST or None,
        initial={"email": draft.email, "phone": draft.phone, "other_delivery": draft.other_delivery},
    )
    billing = AddressForm(
        request.POST or None, prefix="billing", countries=countries, initial=_initial(draft, saved)
    )
    elsewhere = request.method == "POST" and request.POST.get("other_delivery") is not None
    delivery = AddressForm(
        request.POST if elsewhere else None,
        prefix="shipping",
        countries=countries,
        initial=draft.delivery_address,
    )
    firm = FirmForm(
        request.POST or None,
        initial={name: getattr(draft, name) for name in ("company", "vat_id", "buyer_reference")},
    )
    if request.method == "POST":
        sound = [form.is_valid(), billing.is_valid(), not elsewhere or delivery.is_valid(), firm.is_valid()]
        if all(sound):
            draft.email = draft.email if request.user.is_authenticated else form.cleaned_data["email"]
            draft.phone, draft.other_delivery = form.cleaned_data["phone"], elsewhere
            draft.billing = {k: str(v) for k, v in billing.cleaned_data.items()}
            draft.delivery_address = (
                {k: str(v) for k, v in delivery.cleaned_data.items()} if elsewhere else {}
            )
            _remember_firm(request, draft, firm.cleaned_data)
            session.save(request, draft)
            return redirect("checkout:delivery")
    failed = request.method == "POST"
    return _page(
        request,
        "contact",
        found,
        422 if failed else 200,
        form=form,
        billing=billing,
        delivery=delivery,
        firm=firm,
        saved=saved,
    )


def _remember_firm(request: HttpRequest, draft: session.Draft, data: dict[str, str]) -> None:
    """Note the firm, and ask the EU's register about its VAT id: for a short time, never as a condition to go on."""
    draft.company, draft.buyer_reference = data["company"], data["buyer_reference"]
    draft.vat_id, draft.vat_check = data["vat_id"], 0
    if not draft.vat_id or not vies.is_on():
        return
    answer = check_vat_id(vat_id=draft.vat_id)
    draft.vat_check = answer.pk
    if answer.outcome == VatIdCheck.INVALID:
        messages.warning(
            request,
            _("The EU's register does not know %(vat_id)s as a valid VAT id. The prices contain VAT.")
            % {"vat_id": draft.vat_id},
        )
    elif answer.outcome == VatIdCheck.UNANSWERED and country_of(draft.vat_id) != settings.KONTOR_HOME_COUNTRY:
        messages.info(
            request,
            _(
                "The EU's register of VAT ids does not answer right now. You can order all the same: the prices "
                "then contain VAT. We ask again later; once your VAT id is confirmed, write to us and we correct "
                "the invoice."
            ),
        )


@public
@never_cache
@require_http_methods(["GET", "POST"])
def delivery(request: HttpRequest) -> HttpResponse:
    """Step 2: how the goods reach the shopper."""
    found = quote(request)
    if found.is_empty:
        return redirect("basket:summary")
    if not found.draft.has_contact:
        return redirect("checkout:contact")
    problem = ""
    consent = CarrierContactForm(
        request.POST if request.method == "POST" else None,
        initial={"carrier_contact": found.draft.carrier_contact},
    )
    if request.method == "POST":
        code = request.POST.get("delivery", "")
        if consent.is_valid() and code in {option.code for option in found.options}:
            found.draft.delivery_code = code
            found.draft.carrier_contact = consent.cleaned_data["carrier_contact"]
            session.save(request, found.draft)
            return redirect("checkout:payment")
        problem = _("Please choose how we may deliver.")
    return _page(request, "delivery", found, 422 if problem else 200, problem=problem, consent=consent)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def payment(request: HttpRequest) -> HttpResponse:
    """Step 3: how to pay. Every method that is refused says why and what to do instead."""
    found = quote(request)
    missing = _missing(found, "payment")
    if missing:
        return redirect(missing)
    offers = rules.offers(found.case(request))
    free = not found.totals.total_minor
    problem = ""
    if request.method == "POST":  # over 0.00 nobody is asked, also when the page was opened at another price
        posted = offers[0].method if free else request.POST.get("payment")
        chosen = next((o for o in offers if o.method == posted), None)
        if chosen is not None and chosen.allowed:
            found.draft.payment_method = chosen.method
            session.save(request, found.draft)
            return redirect("checkout:summary")
        problem = chosen.reason if chosen else _("Please choose how you want to pay.")
    return _page(
        request, "payment", found, 422 if problem else 200, offers=offers, problem=problem, free=free
    )


def _missing(found: Quote, step: str) -> str:
    """The step to go back to when something before ``step`` is not there yet; empty when all is."""
    if found.is_empty or not all(is_offered(line) for line in found.lines):
        return "basket:summary"  # which says of each line what is wrong with it
    if not found.draft.has_contact:
        return "checkout:contact"
    if found.chosen is None:
        return "checkout:delivery"
    if step == "summary" and not found.draft.payment_method and found.totals.total_minor:
        return "checkout:payment"
    return ""


@public
@never_cache
@require_http_methods(["GET", "POST"])
def summary(request: HttpRequest) -> HttpResponse:
    """Step 4: everything on one page, and the button that orders with an obligation to pay (§ 312j BGB)."""
    if request.method == "POST":
        known = _already_ordered(request)
        if known is not None:
            return known
    found = quote(request)
    missing = _missing(found, "summary")
    if missing:
        return redirect(missing)
    offer = rules.check(found.draft.payment_method, found.case(request))
    if not offer.allowed:
        messages.warning(request, offer.reason)
        return redirect("checkout:payment")
    found.draft.payment_method = offer.method  # over 0.00 it is none, whatever was chosen before
    facts = render_to_string(
        "storefront/checkout/facts.html", {"quote": found, "draft": found.draft, "offer": offer}
    )
    if request.method == "POST":
        return _place(request, found, facts)
    seen = AcceptedSummary.digest(facts)
    return _page(request, "summary", found, facts=facts, offer=offer, seen=seen, free=offer.method == NOTHING)


def _already_ordered(request: HttpRequest) -> HttpResponse | None:
    """A second click on the order button: the basket it names was ordered already, by this same browser."""
    from checkout.order.actions.place import placed_from

    number = request.POST.get("basket", "")
    if not number.isdecimal() or len(number) > 18:
        return None
    order = placed_from(int(number))
    if order is None or not access.may_see(request, order):
        return None
    return redirect(_after(order))


def _place(request: HttpRequest, found: Quote, facts: str) -> HttpResponse:
    seen = request.POST.get("total_minor", "")
    try:
        order = place(
            _placement(request, found, facts, int(seen) if seen.isdecimal() and len(seen) < 15 else -1)
        )
    except PriceChanged:
        messages.warning(
            request, _("The total has changed since you opened this page. Please check it once more.")
        )
        return redirect("checkout:summary")
    except BasketChanged:
        messages.warning(
            request, _("Your order has changed since you opened this page. Please check it once more.")
        )
        return redirect("checkout:summary")
    except InsufficientStock as gone:
        _say_sold_out(request, found, gone)
        return redirect("basket:summary")
    except BasketGone:
        messages.info(request, _("Your basket was changed in another window. Please check it."))
        return redirect("basket:summary")
    access.grant(request, order)
    session.forget(request)
    return redirect(_after(order))


def _after(order: Any) -> str:
    from django.urls import reverse

    name = "checkout:pay" if order.payment_method == CARD else "orders:detail"
    return f"{reverse(name, kwargs={'number': order.number})}"


def _say_sold_out(request: HttpRequest, found: Quote, gone: InsufficientStock) -> None:
    title = next(
        (line.product.title_local for line in found.lines if line.stockrecord.partner_sku == gone.sku),
        gone.sku,
    )
    if gone.left:
        text = ngettext(
            "%(title)s: only %(left)d piece is left. The rest of your basket is kept.",
            "%(title)s: only %(left)d pieces are left. The rest of your basket is kept.",
            gone.left,
        )
    else:
        text = _("%(title)s has just been sold to somebody else. The rest of your basket is kept.")
    messages.warning(request, text % {"title": title, "left": gone.left})


def _placement(request: HttpRequest, found: Quote, facts: str, seen: int) -> Placement:
    draft, option = found.draft, found.chosen
    assert option is not None
    billing = BillingAddress(**_columns(draft.billing))
    goes_by_parcel = option.kind == "home"
    shipping = ShippingAddress(**_columns(draft.destination), phone_number="") if goes_by_parcel else None
    return Placement(
        basket=found.basket,
        totals=found.totals,
        contact=Contact(
            draft.email,
            draft.phone,
            (get_language() or "de").split("-")[0],
            carrier_agreed_at=now() if draft.carrier_contact and goes_by_parcel else None,
            company=draft.company,
            vat_id=draft.vat_id,
            buyer_reference=draft.buyer_reference,
            vat_check_id=found.proof.pk if found.proof else None,
        ),
        billing_address=billing,
        shipping_address=shipping,
        delivery_code=option.code,
        delivery_name=option.name,
        payment_method=draft.payment_method,
        user=request.user if request.user.is_authenticated else None,
        seen_total_minor=seen,
        accepted_html=facts,
        seen_sha256=request.POST.get("seen", ""),
    )


def _columns(address: dict[str, str]) -> dict[str, str]:
    data = {name: address.get(name, "") for name in ADDRESS_FIELDS}
    data["country_id"] = data.pop("country")
    return data
