"""The way to the contract: contact, delivery, payment, summary. Thin callers; the rules live in actions and rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oscar.apps.address.models import UserAddress

from catalogue.partner.models import InsufficientStock
from checkout.order import access
from checkout.order.actions import (
    BasketChanged,
    BasketGone,
    CreditChanged,
    KeepsTooMuch,
    PriceChanged,
    place,
)
from checkout.order.actions.place import RESERVED_FOR, placed_from
from checkout.order.models import AcceptedSummary
from checkout.order.texts import SeenText, texts_now
from checkout.payment import rules
from checkout.payment.models import CARD, NOTHING
from shop.kernel import sharing
from shop.kernel.access import public

from . import hoarding, session
from .basket.counting import note_count
from .basket.estimate import where
from .basket.held import reader_of
from .basket.queries import is_offered, problem_of
from .forms import AddressForm, CarrierContactForm, ContactForm, FirmForm, shipping_countries
from .lost_answers import named_by_browser
from .placing import ADDRESS_FIELDS, placement_of, remember_firm, sold_out_text, summary_html
from .quote import Quote, bring, quote
from .shipping.models import PICKUP
from .shipping.pickup import fetching

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
    context |= {
        "steps": steps,
        "step": step,
        "step_number": STEPS.index(step) + 1,
        "step_count": len(STEPS),
        "failed": status >= 400,
        "quote": found,
        "draft": found.draft,
        "carried": session.carried(request, found.draft),
        "taken": session.taken(found.draft),
    }
    return render(request, f"storefront/checkout/{step}.html", context, status=status)


def _addresses(request: HttpRequest) -> list[UserAddress]:
    if not request.user.is_authenticated:
        return []
    return list(UserAddress.objects.filter(user=request.user).select_related("country")[:20])


def _initial(request: HttpRequest, draft: session.Draft, saved: list[UserAddress]) -> dict[str, str]:
    """The invoice address to begin with: what was typed, what was chosen from the book, what was said before."""
    chosen = next((a for a in saved if str(a.pk) == request.GET.get("address")), None)
    found = session.typed(request, "billing")
    if found:
        return found
    if chosen is None and draft.billing:
        return draft.billing
    if chosen is None and not saved:
        return where(request)
    best = chosen or next((a for a in saved if a.is_default_for_billing), saved[0])
    return {name: str(getattr(best, name)) for name in ADDRESS_FIELDS if name != "country"} | {
        "country": best.country_id
    }


def _signed_out(request: HttpRequest) -> HttpResponse | None:
    """Whose session ended signs in again and goes on: what the page carried and what was typed are kept."""
    if request.method != "POST" or not session.take_up(request):
        return None
    messages.info(
        request, _("You were signed out meanwhile. Please sign in again; what you entered has been kept.")
    )
    return redirect_to_login(request.path)


def _onward(request: HttpRequest, step: str) -> HttpResponse:
    """After a step: the next one, or back to the summary from which something was changed (which checks all again)."""
    return redirect("checkout:summary" if request.GET.get("back") == "summary" else step)


def _contact_forms(
    request: HttpRequest, draft: session.Draft, saved: list[UserAddress], countries: list[tuple[str, str]]
) -> tuple[ContactForm, AddressForm, AddressForm, FirmForm]:
    """The forms of the first step, filled with what was sent or else with what is known."""
    sent = request.POST or None
    known = {"email": draft.email, "phone": draft.phone, "other_delivery": draft.other_delivery}
    billing = _initial(request, draft, saved)
    elsewhere = request.method == "POST" and request.POST.get("other_delivery") is not None
    return (
        ContactForm(sent, initial=known | session.typed(request)),
        AddressForm(sent, prefix="billing", countries=countries, initial=billing),
        AddressForm(
            request.POST if elsewhere else None,
            prefix="shipping",
            countries=countries,
            initial=session.typed(request, "shipping") or draft.delivery_address,
        ),
        FirmForm(
            sent,
            initial={name: getattr(draft, name) for name in ("company", "vat_id", "buyer_reference")}
            | session.typed(request),
        ),
    )


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """Step 1: e-mail address and addresses, for guests and customers alike."""
    ended = _signed_out(request)
    if ended is not None:
        return ended
    basket = bring(request)
    if not basket.all_lines():
        return redirect("basket:summary")
    draft, countries = session.load(request), shipping_countries()
    saved = _addresses(request) if request.method != "POST" else []  # what was sent is what counts
    form, billing, delivery, firm = _contact_forms(request, draft, saved, countries)
    elsewhere = request.method == "POST" and request.POST.get("other_delivery") is not None
    if request.method == "POST":
        sound = [form.is_valid(), billing.is_valid(), not elsewhere or delivery.is_valid(), firm.is_valid()]
        if all(sound):
            draft.email = draft.email if request.user.is_authenticated else form.cleaned_data["email"]
            draft.phone, draft.other_delivery = form.cleaned_data["phone"], elsewhere
            draft.billing = {k: str(v) for k, v in billing.cleaned_data.items()}
            draft.delivery_address = (
                {k: str(v) for k, v in delivery.cleaned_data.items()} if elsewhere else {}
            )
            remember_firm(request, draft, firm.cleaned_data)
            session.save(request, draft)
            note_count(request, sum(line.quantity for line in basket.all_lines()))
            return _onward(request, "checkout:delivery")
        saved = _addresses(request)
    failed = request.method == "POST"
    return _page(
        request,
        "contact",
        replace(quote(request), draft=draft),
        422 if failed else 200,
        form=form,
        billing=billing,
        delivery=delivery,
        firm=firm,
        saved=saved,
    )


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delivery(request: HttpRequest) -> HttpResponse:
    """Step 2: how the goods reach the shopper."""
    ended = _signed_out(request)
    if ended is not None:
        return ended
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
            return _onward(request, "checkout:payment")
        problem = _("Please choose how we may deliver.")
    way = next((one for one in found.options if one.kind == PICKUP), None)
    fetched = fetching(found.lines, days_min=way.days_min, days_max=way.days_max) if way else None
    return _page(
        request,
        "delivery",
        found,
        422 if problem else 200,
        problem=problem,
        consent=consent,
        fetching=fetched,
    )


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def payment(request: HttpRequest) -> HttpResponse:
    """Step 3: how to pay. Every method that is refused says why and what to do instead."""
    ended = _signed_out(request)
    if ended is not None:
        return ended
    found = quote(request)
    missing = missing_step(found, "payment")
    if missing:
        return redirect(missing)
    free, problem = not found.rest_minor, ""
    if request.POST.get("credit") in ("use", "keep"):
        found.draft.use_credit = request.POST["credit"] == "use"
        session.save(request, found.draft)
        return redirect("checkout:payment")
    if request.method == "POST":
        # where nothing is left to pay nobody is asked, whatever was when it was opened
        posted = request.POST.get("payment", "")
        if posted or free:
            chosen = rules.check(posted, found.case(request), kept=True)
            if chosen.allowed:
                found.draft.payment_method = chosen.method
                session.save(request, found.draft)
                return redirect("checkout:summary")
            problem = chosen.reason
        problem = problem or _("Please choose how you want to pay.")
    offers = rules.offers(found.case(request), kept=True)
    return _page(
        request, "payment", found, 422 if problem else 200, offers=offers, problem=problem, free=free
    )


def missing_contact(lines: list[Any], draft: session.Draft) -> str:
    """The step to go back to when the basket or the contact is not there yet; empty when both are."""
    if not lines or not all(is_offered(line) for line in lines):
        return "basket:summary"  # which says of each line what is wrong with it
    return "" if draft.has_contact else "checkout:contact"


def missing_step(found: Quote, step: str) -> str:
    """The step to go back to when something before ``step`` is not there yet; empty when all is."""
    missing = missing_contact(found.lines, found.draft)
    if missing:
        return missing
    if found.chosen is None:
        return "checkout:delivery"
    if step == "summary" and not found.draft.payment_method and found.rest_minor:
        return "checkout:payment"
    return ""


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def summary(request: HttpRequest) -> HttpResponse:
    """Step 4: everything on one page, and the button that orders with an obligation to pay (§ 312j BGB)."""
    is_looked_at = request.method != "POST"
    if not is_looked_at and settings.PARTS_KEPT_S:
        sharing.versions_now()  # what is ordered is reckoned with nothing that was changed before this moment
    bring(request)
    known = _already_ordered(request) or (None if is_looked_at else _signed_out(request))
    if known is not None:
        return known
    found = quote(request)
    missing = missing_step(found, "summary")
    if is_looked_at and any(problem_of(line) for line in found.lines):
        missing = "basket:summary"  # nobody reads through a summary that cannot be ordered
    if missing:
        return redirect(missing)
    offer = rules.check(found.draft.payment_method, found.case(request), kept=True)
    if not offer.allowed:
        messages.warning(request, offer.reason)
        return redirect("checkout:payment")
    found.draft.payment_method = offer.method  # nothing left to pay: none, whatever was chosen
    texts = texts_now(get_language() or settings.LANGUAGE_CODE, kept=True)
    facts = summary_html(found, offer, texts)
    if request.method == "POST":
        return _place(request, found, facts, texts)
    seen = AcceptedSummary.digest(facts)
    return _page(request, "summary", found, facts=facts, offer=offer, seen=seen, free=offer.method == NOTHING)


def _already_ordered(request: HttpRequest) -> HttpResponse | None:
    """A second click on the order button: the basket it names was ordered already, by this same browser. Also where the
    first answer got lost, by the button or on the way back to this page (lost_answers.py)."""
    cookies = named_by_browser(request)
    number = request.POST.get("basket", "" if cookies is None else str(cookies))
    if not number.isdecimal() or len(number) > 18:
        return None
    if number == str(request.basket.pk):  # type: ignore[attr-defined]
        return None  # it is still open
    order = placed_from(int(number))
    if order is None or not access.may_see(request, order):
        return None
    return redirect(_after(order))


def _place(request: HttpRequest, found: Quote, facts: str, texts: list[SeenText]) -> HttpResponse:
    seen = request.POST.get("total_minor", "")
    if RESERVED_FOR[found.draft.payment_method] is not None:
        too_many = hoarding.too_many_of_place(request)
        if too_many:
            messages.warning(request, too_many)
            return redirect("checkout:summary")
    try:
        order = place(
            placement_of(
                found,
                user=request.user,
                language=(get_language() or "de").split("-")[0],
                facts=facts,
                texts=texts,
                seen_total_minor=int(seen) if seen.isdecimal() and len(seen) < 15 else -1,
                seen_sha256=request.POST.get("seen", ""),
                is_limited=True,
            )
        )
    except KeepsTooMuch as kept:
        messages.warning(request, str(kept))
        return redirect("checkout:summary")
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
    except CreditChanged:
        messages.warning(
            request, _("Your store credit has changed since you opened this page. Please check it once more.")
        )
        return redirect("checkout:summary")
    except InsufficientStock as gone:
        messages.warning(request, sold_out_text(found, gone, reader_of(request)))
        return redirect("basket:summary")
    except BasketGone:
        messages.info(request, _("Your basket was changed in another window. Please check it."))
        return redirect("basket:summary")
    note_count(request, 0)
    access.grant(request, order)
    session.forget(request)
    return redirect(_after(order))


def _after(order: Any) -> str:
    from django.urls import reverse

    name = "checkout:pay" if order.payment_method == CARD else "orders:detail"
    return f"{reverse(name, kwargs={'number': order.number})}"
