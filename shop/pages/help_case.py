"""The customer's pages of a case: the receipt, how it stands, writing more, saying that it is settled."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checkout.order import access as order_access
from checkout.order.models import Order
from fulfilment.customer_service.cases import actions, kinds
from fulfilment.customer_service.cases.access import case_of, token
from fulfilment.customer_service.cases.models import Case, Message, Picture
from fulfilment.customer_service.cases.pictures import answer_with, store
from fulfilment.customer_service.cases.states import CLOSED
from shop.kernel.access import public
from shop.kernel.clock import now
from shop.kernel.states import StateError

from . import help_words
from .help_form import MessageForm
from .help_request import TOKEN
from .limits import HOUR_S, too_many_pictures

MESSAGES_PER_HOUR_MAX = 20  #: of a customer in one case; more can only be a machine


@public
@never_cache
@require_safe
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt of a request: its number, by when we answer, and where to follow it."""
    found = case_of(token)
    if found is None:
        return _gone(request)
    context = {"case": found, "link": token, "due": help_words.ours_until(found)}
    return render(request, "storefront/help/sent.html", context)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, token: str) -> HttpResponse:
    """What was written and how it stands; POST writes a further message."""
    found = case_of(token)
    if found is None:
        return _gone(request)
    if request.method != "POST":
        return _case(request, found, MessageForm())
    if too_many_pictures(request):
        form = MessageForm(request.POST)
        form.add_error(
            "pictures", _("Very many pictures came within an hour. Please go on without, or try later.")
        )
        return _case(request, found, form, status=429)
    form = MessageForm(request.POST, request.FILES)
    given = request.POST.get("token", "")
    if not form.is_valid() or not TOKEN.fullmatch(given):
        return _case(request, found, form, status=422)
    key = _key(given, str(found.pk), form.cleaned_data["body"])
    if not Message.objects.filter(key=key).exists() and _writes_too_much(found):
        form.add_error(
            None, _("Very many messages came within an hour. Please try again later; nothing is lost.")
        )
        return _case(request, found, form, status=429)
    try:
        actions.write(
            case=found,
            body=form.cleaned_data["body"],
            key=key,
            pictures=store(form.cleaned_data["pictures"]),
            by=request.user,
        )
    except actions.CaseRefused as problem:
        form.add_error("body", str(problem))
        return _case(request, found, form, status=422)
    again = found.state == CLOSED
    messages.success(
        request, _("Your request is open again.") if again else _("Your message has reached us.")
    )
    return redirect("help-case", token=token)


def _key(*said: str) -> str:
    """One form, one message: the same token with other words is another one."""
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:48]


def _writes_too_much(found: Case) -> bool:
    since = now() - dt.timedelta(seconds=HOUR_S)
    own = found.messages.filter(side=Message.CUSTOMER, at__gte=since)
    return own.count() >= MESSAGES_PER_HOUR_MAX


@public
@never_cache
@require_POST
def settled(request: HttpRequest, token: str) -> HttpResponse:
    """The customer says that all is settled. Said twice, or of a closed case, it changes nothing."""
    found = case_of(token)
    if found is None:
        return _gone(request)
    try:
        actions.settle(case=found, by=request.user)
    except StateError:
        messages.info(request, _("Your request is closed already."))
    else:
        messages.success(request, _("Thank you. We are glad that it is settled."))
    return redirect("help-case", token=token)


def _case(request: HttpRequest, found: Case, form: MessageForm, *, status: int = 200) -> HttpResponse:
    thread = found.messages.exclude(side=Message.NOTE).prefetch_related("pictures")
    context = {
        "case": found,
        "thread": list(thread),
        "form": form,
        "link": token(found),
        "token": secrets.token_urlsafe(24),
        "standing": help_words.standing(found),
        "due": help_words.ours_until(found),
        "means": help_words.means(found.remedy) if found.remedy != kinds.ANSWER else "",
        "order": _order_seen(request, found),
    }
    return render(request, "storefront/help/case.html", context, status=status)


def _order_seen(request: HttpRequest, found: Case) -> Order | None:
    """The order of the case where this visitor may see it by other proof.

    The link of a case proves none: who wrote may have typed a stranger's number, and staff may have assigned its order.
    """
    order: Order | None = found.order
    return order if order is not None and order_access.may_see(request, order) else None


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/help/gone.html", status=410)


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
