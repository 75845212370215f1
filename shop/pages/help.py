"""The shopper's door: say what is wrong, and follow the case; for guests too. Who wants to withdraw is led there."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from checkout.order import access as order_access
from checkout.order.models import Order
from fulfilment.customer_service.cases import actions, kinds
from fulfilment.customer_service.cases.access import case_of, token
from fulfilment.customer_service.cases.models import Case, Message, Picture
from fulfilment.customer_service.cases.pictures import answer_with, store
from fulfilment.customer_service.withdrawals.matching import order_for
from shop.kernel.access import public

from .help_form import HelpForm, MessageForm
from .withdrawal import language_of_page, order_asked

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,48}")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """GET shows the form (``?order=`` and ``?reason=`` choose), POST opens the case or leads to the withdrawal."""
    if request.method != "POST":
        order = order_asked(request, request.GET.get("order", ""))
        return _form(request, HelpForm(initial=_initial(request, order), order=order))
    order = order_asked(request, request.POST.get("order", ""))
    form = HelpForm(request.POST, request.FILES, order=order)
    if request.POST.get("reason") == kinds.CHANGED_MIND:
        return redirect(f"{reverse('withdrawal')}?order={order.number if order else ''}")
    if not form.is_valid():
        return _form(request, form, status=422)
    return _open(request, form)


def _initial(request: HttpRequest, order: Order | None) -> dict[str, Any]:
    initial: dict[str, Any] = {"reason": request.GET.get("reason", "")}
    person: Any = request.user
    if order is not None:
        billing = order.billing_address
        initial |= {"email": order.email, "name": billing.name if billing else ""}
    elif person.is_authenticated:
        initial |= {"name": person.get_full_name(), "email": person.email}
    return initial


def _form(request: HttpRequest, form: HelpForm, *, status: int = 200) -> HttpResponse:
    key = request.POST.get("token", "")
    context = {
        "form": form,
        "order": form.order,
        "token": key if TOKEN.fullmatch(key) else secrets.token_urlsafe(24),
    }
    return render(request, "storefront/help/ask.html", context, status=status)


def _open(request: HttpRequest, form: HelpForm) -> HttpResponse:
    data, given = form.cleaned_data, request.POST.get("token", "")
    if not TOKEN.fullmatch(given):
        return _form(request, form, status=422)
    order = form.order or order_for(contract=data["number"], email=data["email"])
    body = data["body"]
    if data.get("number") and order is None:
        body = f"{_('Order number')}: {data['number']}\n\n{body}"
    try:
        case = actions.open_case(
            key=_key(given, body, data["reason"]),
            reason=data["reason"],
            name=data["name"],
            email=data["email"],
            language=language_of_page(),
            body=body,
            order=order,
            user=request.user,
            pictures=store(data["pictures"]),
        )
    except actions.CaseRefused as problem:
        form.add_error(None, str(problem))
        return _form(request, form, status=422)
    messages.success(request, _("Thank you, we have received it. We write to you soon."))
    return redirect("help-case", token=token(case))


def _key(given: str, *said: str) -> str:
    """One form, one case: the same token with other words is another one."""
    return hashlib.sha256("\n".join([given, *said]).encode()).hexdigest()[:48]


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, token: str) -> HttpResponse:
    """The customer's page of a case: what was written, how it stands; POST writes a further message."""
    found = case_of(token)
    if found is None:
        return render(request, "storefront/order/link_gone.html", status=410)
    if request.method != "POST":
        return _case(request, found, MessageForm())
    form = MessageForm(request.POST, request.FILES)
    given = request.POST.get("token", "")
    if not form.is_valid() or not TOKEN.fullmatch(given):
        return _case(request, found, form, status=422)
    try:
        actions.write(
            case=found,
            body=form.cleaned_data["body"],
            key=_key(given, str(found.pk)),
            pictures=store(form.cleaned_data["pictures"]),
            by=request.user,
        )
    except actions.CaseRefused as problem:
        form.add_error("body", str(problem))
        return _case(request, found, form, status=422)
    messages.success(request, _("Your message has reached us."))
    return redirect("help-case", token=token)


def _case(request: HttpRequest, found: Case, form: MessageForm, *, status: int = 200) -> HttpResponse:
    thread = found.messages.exclude(side=Message.NOTE).prefetch_related("pictures")
    context = {
        "case": found,
        "thread": list(thread),
        "form": form,
        "link": token(found),
        "token": secrets.token_urlsafe(24),
        "order_url": reverse("orders:open", args=[order_access.token(found.order)]) if found.order else "",
    }
    return render(request, "storefront/help/case.html", context, status=status)


@public
@require_safe
def picture(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """A picture of the case, for who holds its link."""
    found = case_of(token)
    shown = (
        Picture.objects.filter(pk=pk, message__case=found).exclude(message__side=Message.NOTE).first()
        if found
        else None
    )
    if shown is None:
        raise Http404
    return answer_with(shown)
