"""The withdrawal function of § 356a BGB: declare, look once more and confirm, receipt. For everybody, without login.

Step 1 asks who, which contract and where the receipt goes. Step 2 shows the declaration as it will be received; its
button says "Widerruf bestätigen". Nothing is kept between the two: step 2 carries the fields, so that it works without
JavaScript, survives an expired session, and "change" loses nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from checkout.order import access
from checkout.order.models import Order
from fulfilment.customer_service.withdrawals import actions
from fulfilment.customer_service.withdrawals.matching import order_named
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.words import moment
from shop.kernel.access import public
from shop.kernel.clock import now

from .keys import back_button_works, opened_by_key
from .limits import HOUR_S, too_many
from .withdrawal_form import DIGITS_MAX, LINE, PART, WHOLE, DeclarationForm, lines_of
from .withdrawal_period import period_of

PER_ADDRESS_MAX = (
    10  #: declarations an hour with one e-mail address; more would only fill a stranger's mailbox
)
PER_VISITOR_MAX = 60  #: declarations an hour from one place of the internet
RECEIPT_VALID_S = 30 * 24 * HOUR_S  #: the receipt's page; the mail is what lasts
RECEIPT_SALT = "kontor.withdrawal.receipt"
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}")
ORDER_NUMBER = re.compile(r"[A-Za-z0-9-]{1,32}")
OWN_ORDERS_MAX = 5  #: orders offered to choose from


@public
@back_button_works
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """Both steps. ``?order=`` chooses an order; its lines are offered when the visitor may see it."""
    if request.method != "POST":
        return opened_by_key(request) or _first_step(
            request, order_asked(request, request.GET.get("order", ""))
        )
    order = order_asked(request, request.POST.get("order", ""))
    step = request.POST.get("step", "")
    if step in ("edit", "choose"):
        return _edit(request, order, choose=step == "choose")
    form = DeclarationForm(request.POST, order=order)
    if not form.is_valid():
        return _show(request, form, status=422)
    token = request.POST.get("token", "")
    if step == "confirm" and TOKEN.fullmatch(token):
        return _confirm(request, form, token)
    return _second_step(request, form, secrets.token_urlsafe(24))


def order_asked(request: HttpRequest, number: str) -> Order | None:
    """The order by its number, when this visitor may see it."""
    if not ORDER_NUMBER.fullmatch(number):
        return None
    order = Order.objects.filter(number=number).select_related("user", "billing_address").first()
    return order if order is not None and access.may_see(request, order) else None


def _first_step(request: HttpRequest, order: Order | None) -> HttpResponse:
    asked, person = request.GET.get("order", ""), request.user
    initial: dict[str, Any] = {"contract": asked if ORDER_NUMBER.fullmatch(asked) else "", "scope": WHOLE}
    if order is not None:
        billing = order.billing_address
        initial |= {"contract": order.number, "email": order.email, "name": billing.name if billing else ""}
    elif person.is_authenticated:
        initial |= {"name": person.get_full_name(), "email": person.email}  # type: ignore[union-attr]
    initial |= line_asked(order, request.GET.get("line", ""))
    return _show(request, DeclarationForm(initial=initial, order=order))


def line_asked(order: Order | None, line: str) -> dict[str, Any]:
    """What a form begins with when a link names one line of the order: all its pieces, and nothing else."""
    if order is None or not line.isascii() or not line.isdigit() or len(line) > DIGITS_MAX:
        return {}
    found = next((one for one in lines_of(order) if one.pk == int(line)), None)
    return {"scope": PART, f"{LINE}{found.pk}": found.quantity - found.quantity_cancelled} if found else {}


def _edit(request: HttpRequest, order: Order | None, *, choose: bool) -> HttpResponse:
    """Back to step 1 with everything that was typed; ``choose`` offers the lines of the order that was named."""
    if choose and order is None:
        order = order_named_here(request, request.POST.get("contract", ""))
    initial: dict[str, Any] = {
        name: value
        for name, value in request.POST.items()
        if name in DeclarationForm.base_fields or LINE in name
    }
    initial["scope"] = PART if choose else initial.get("scope") or WHOLE
    return _show(request, DeclarationForm(initial=initial, order=order))


def order_named_here(request: HttpRequest, contract: str) -> Order | None:
    """The order that the text names, when this visitor may see it."""
    order = order_named(contract)
    return order if order is not None and access.may_see(request, order) else None


def _show(request: HttpRequest, form: DeclarationForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "order": form.order,
        "own_orders": [] if form.order else own_orders(request),
        "period": period_of(form.order, language_of_page()) if form.order else None,
    }
    return render(request, "storefront/withdrawal/declare.html", context, status=status)


def own_orders(request: HttpRequest) -> list[Order]:
    """The latest orders this visitor may see, to choose from. At most one query."""
    orders = Order.objects.exclude(status="cancelled").order_by("-date_placed")
    seen = orders.filter(pk__in=request.session.get(access.SESSION_KEY, []))
    if request.user.is_authenticated:
        seen = seen | orders.filter(user=request.user)
    elif not request.session.get(access.SESSION_KEY):
        return []
    return list(seen[:OWN_ORDERS_MAX])


def _second_step(
    request: HttpRequest, form: DeclarationForm, token: str, *, busy: bool = False
) -> HttpResponse:
    """What will be declared, and the button that declares it."""
    quantities = form.quantities()
    context = {
        "form": form,
        "declared": form.cleaned_data,
        "order": form.order,
        "chosen": [(line, quantities[line.pk]) for line in form.lines if line.pk in quantities],
        "excluded": [
            line for line in form.lines if line.excluded_because and (not quantities or line.pk in quantities)
        ],
        "carried": _carried(form, token),
        "may_choose": form.order is None
        and order_named_here(request, form.cleaned_data["contract"]) is not None,
        "busy": busy,
    }
    answer = render(request, "storefront/withdrawal/confirm.html", context, status=429 if busy else 200)
    if busy:
        answer["Retry-After"] = str(HOUR_S)
    return answer


def _carried(form: DeclarationForm, token: str) -> list[tuple[str, str]]:
    """The declaration as hidden fields."""
    pairs = [(name, str(form.cleaned_data[name])) for name in ("name", "contract", "email")]
    pairs.append(("scope", form.cleaned_data.get("scope") or WHOLE))
    pairs += [(f"{LINE}{line_id}", str(pieces)) for line_id, pieces in form.quantities().items()]
    pairs.append(("order", form.order.number if form.order else ""))
    return [*pairs, ("token", token)]


def _confirm(request: HttpRequest, form: DeclarationForm, token: str) -> HttpResponse:
    data = form.cleaned_data
    key = _key(token, form)
    if not Withdrawal.objects.filter(key=key).exists() and _too_many(request, data["email"]):
        return _second_step(request, form, token, busy=True)
    withdrawal = actions.receive(
        key=key,
        name=data["name"],
        contract=data["contract"],
        email=data["email"],
        language=language_of_page(),
        order=form.order,
        named=order_named_here(request, data["contract"]),
        quantities=form.quantities(),
    )
    return redirect("withdrawal-receipt", token=signing.dumps({"w": withdrawal.pk}, salt=RECEIPT_SALT))


def language_of_page() -> str:
    """The language that the visitor reads, two letters."""
    return (get_language() or settings.LANGUAGE_CODE).split("-")[0]


def _key(token: str, form: DeclarationForm) -> str:
    """One form, one declaration: the same token with other content is another declaration."""
    said = [f"{name}={value}" for name, value in _carried(form, token)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _too_many(request: HttpRequest, email: str) -> bool:
    """Whether this address, or this place of the internet, has declared so often that it can only be a machine."""
    since = now() - dt.timedelta(seconds=HOUR_S)
    if Withdrawal.objects.filter(email__iexact=email, received_at__gte=since).count() >= PER_ADDRESS_MAX:
        return True
    return too_many(request, what="withdrawals", most=PER_VISITOR_MAX)


@public
@never_cache
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt to read and print: number, date and time to the second, and what was declared."""
    try:
        found = signing.loads(token, salt=RECEIPT_SALT, max_age=RECEIPT_VALID_S)
    except signing.BadSignature:
        found = {}
    withdrawal = Withdrawal.objects.filter(pk=found.get("w")).first()
    if withdrawal is None:
        return render(request, "storefront/withdrawal/receipt_gone.html", status=410)
    return render(
        request,
        "storefront/withdrawal/receipt.html",
        {"withdrawal": withdrawal, "moment": moment(withdrawal.received_at, language_of_page())},
    )
