"""The shopper's door: four steps from "what is it about" to a case, for guests too. Who changed their mind is led to
the withdrawal.

1 what is it about (links), 2 which order and articles, 3 what happened, pictures, wish and address, 4 look over and
send. Each step carries what the others said; see ``help_request``.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from checkout.order.models import Order
from fulfilment.customer_service.cases import actions, drafts, kinds
from fulfilment.customer_service.cases.access import token as link_of
from fulfilment.customer_service.cases.models import Case, Picture
from fulfilment.customer_service.cases.pictures import COUNT_MAX, answer_with_bytes, store
from fulfilment.customer_service.withdrawals.matching import order_for
from shop.kernel.access import public
from shop.kernel.clock import now

from . import help_words
from .help_form import GoodsForm, WhatForm
from .help_request import Request, begun
from .keys import back_button_works, opened_by_key
from .limits import HOUR_S, too_many, too_many_pictures
from .withdrawal import language_of_page, order_asked, own_orders

PER_ADDRESS_MAX = 10  #: requests an hour with one e-mail address; more would only fill a stranger's mailbox
PER_VISITOR_MAX = 60  #: requests an hour from one place of the internet


@public
@back_button_works
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """GET begins (``?reason=``, ``?order=`` and ``?line=`` choose), POST goes on by ``step``."""
    if request.method != "POST":
        return opened_by_key(request) or _begin(request)
    asked = Request.sent(request)
    if asked.reason not in dict(kinds.REASONS):
        return _reasons(request, asked.order, problem=_("Please choose what it is about."))
    if asked.reason == kinds.CHANGED_MIND and asked.sorted.kind.code == kinds.WITHDRAWAL:
        return redirect(_to_withdrawal(asked.order, ""))
    return _STEPS.get(request.POST.get("step", ""), _sent_goods)(request, asked)


def _begin(request: HttpRequest) -> HttpResponse:
    order = order_asked(request, request.GET.get("order", ""))
    reason, line = request.GET.get("reason", ""), request.GET.get("line", "")
    if reason not in dict(kinds.REASONS):
        return _reasons(request, order)
    asked = begun(reason=reason, order=order, line=line, person=request.user)
    if reason == kinds.CHANGED_MIND:
        if asked.sorted.kind.code == kinds.WITHDRAWAL:
            return redirect(_to_withdrawal(order, line))
        if not request.GET.get("goodwill"):
            return _late(request, asked, line)
        asked.data["goodwill"] = "1"
    if order is None:
        typed = request.GET.get("order", "")
        asked.data["number"] = typed if typed.isascii() and typed.isalnum() else ""
    return _goods(request, asked, asked.goods_again())


def _to_withdrawal(order: Order | None, line: str) -> str:
    query = f"?order={order.number}" if order else ""
    if order and line.isascii() and line.isdigit():
        query += f"&line={line}"
    return reverse("withdrawal") + query


def _reasons(request: HttpRequest, order: Order | None, *, problem: str = "") -> HttpResponse:
    """Step 1: what is it about."""
    rest = f"&order={order.number}" if order else ""
    line = request.GET.get("line", "")
    if order and line.isascii() and line.isdigit():
        rest += f"&line={line}"
    context = {
        "order": order,
        "reasons": [(one, f"?reason={one.code}{rest}") for one in help_words.REASONS],
        "problem": problem,
        "steps": _stepper(1),
    }
    return render(request, "storefront/help/reasons.html", context, status=422 if problem else 200)


def _late(request: HttpRequest, asked: Request, line: str) -> HttpResponse:
    """The 14 days are over: said honestly, with goodwill offered; the withdrawal function still takes a declaration."""
    order = asked.order
    number = order.number if order else ""
    context = {
        "order": order,
        "until": asked.sorted.until,
        "withdrawal_url": _to_withdrawal(order, line),
        "goodwill_url": f"?reason={kinds.CHANGED_MIND}&goodwill=1&order={number}&line={line if line.isdigit() else ''}",
        "steps": _stepper(1),
    }
    return render(request, "storefront/help/late.html", context)


def _goods(request: HttpRequest, asked: Request, form: GoodsForm, *, status: int = 200) -> HttpResponse:
    """Step 2: which order and which articles."""
    context = {
        "form": form,
        "order": asked.order,
        "own_orders": [] if asked.order else own_orders(request),
        "carried": asked.carried(what=True),
        **_about(asked, 2),
    }
    return render(request, "storefront/help/goods.html", context, status=status)


def _sent_goods(request: HttpRequest, asked: Request) -> HttpResponse:
    form = asked.goods
    if not form.is_valid():
        return _goods(request, asked, form, status=422)
    if asked.order and asked.data.get("order") != asked.order.number and len(form.lines) > 1:
        return _goods(
            request, asked, asked.goods_again()
        )  # the number that was typed is known here: offer its lines
    return _what(request, asked, asked.what_again())


def _what(request: HttpRequest, asked: Request, form: WhatForm, *, status: int = 200) -> HttpResponse:
    """Step 3: what happened, pictures, the wish, and where we write to."""
    context = {
        "form": form,
        "kept": asked.kept,
        "may_add": len(asked.kept) < COUNT_MAX,
        "carried": asked.carried(goods=True),
        "rights": help_words.right(asked.sorted, asked.reason, language_of_page()),
        "remedies": [(kinds.REMEDIES[code], help_words.means(code)) for code in asked.sorted.kind.remedies],
        **_about(asked, 3),
    }
    return render(request, "storefront/help/what.html", context, status=status)


def _sent_what(request: HttpRequest, asked: Request) -> HttpResponse:
    if not asked.goods.is_valid():
        return _goods(request, asked, asked.goods, status=422)
    status, problem = _keep_pictures(request, asked)
    form = asked.what
    fine = form.is_valid()
    if problem:
        form.add_error("pictures", problem)
    return _look(request, asked) if fine and not problem else _what(request, asked, form, status=status)


def _keep_pictures(request: HttpRequest, asked: Request) -> tuple[int, str]:
    """Keep pictures that can be read at once, whatever else is wrong: nobody has to choose them again.

    Returns the status and the words of what is wrong with them ("": nothing).
    """
    if too_many_pictures(request):
        asked.files = {}
        return 429, _("Very many pictures came within an hour. Please go on without, or try later.")
    asked.what.is_valid()
    new = asked.what.good_pictures
    if len(asked.kept) + len(new) > COUNT_MAX:
        return 422, _("Please send at most %(n)d pictures at once.") % {"n": COUNT_MAX}
    asked.kept = list(dict.fromkeys([*asked.kept, *drafts.keep(new)]))
    return 422, ""


def _look(request: HttpRequest, asked: Request, *, status: int = 200, problem: str = "") -> HttpResponse:
    """Step 4: look it over and send it."""
    said, chosen = asked.what.cleaned_data, asked.goods.quantities()
    context = {
        "said": said,
        "wish": kinds.REMEDIES.get(said.get("wish", ""), ""),
        "number": asked.goods.cleaned_data.get("number", ""),
        "order": asked.order,
        "chosen": [(line, chosen[line.pk]) for line in asked.goods.lines if line.pk in chosen],
        "kept": asked.kept,
        "carried": asked.carried(goods=True, what=True),
        "problem": problem,
        **_about(asked, 4),
    }
    answer = render(request, "storefront/help/look.html", context, status=status)
    if status == 429:
        answer["Retry-After"] = str(HOUR_S)
    return answer


def _sent_all(request: HttpRequest, asked: Request) -> HttpResponse:
    """Open the case; a second click finds it."""
    if not asked.goods.is_valid():
        return _goods(request, asked, asked.goods, status=422)
    if not asked.what.is_valid():
        return _what(request, asked, asked.what, status=422)
    pictures = drafts.read_all(asked.kept)
    if len(pictures) < len(asked.kept):
        asked.kept = []
        asked.what.add_error(
            "pictures", _("The pictures were kept for a day only. Please choose them once more.")
        )
        return _what(request, asked, asked.what, status=422)
    key = asked.key()
    if not Case.objects.filter(key=key).exists() and _too_often(request, asked.what.cleaned_data["email"]):
        return _look(request, asked, status=429, problem="busy")
    try:
        case = _open(request, asked, key, store(pictures))
    except actions.CaseRefused as problem:
        return _look(request, asked, status=422, problem=str(problem))
    return redirect("help-sent", token=link_of(case))


def _open(request: HttpRequest, asked: Request, key: str, pictures: list[Picture]) -> Case:
    said, number = asked.what.cleaned_data, asked.goods.cleaned_data.get("number", "")
    order = asked.order or order_for(contract=number, email=said["email"])
    body = said["body"]
    if number:  # whether it fits the address or not: the page of the case must not tell which
        body = f"{_('Order number')}: {number}\n\n{body}"
    return actions.open_case(
        key=key,
        reason=asked.reason,
        name=said["name"],
        email=said["email"],
        language=language_of_page(),
        body=body,
        wish=said.get("wish", ""),
        order=order,
        quantities=asked.goods.quantities(),
        user=request.user,
        pictures=pictures,
    )


def _too_often(request: HttpRequest, email: str) -> bool:
    """Whether this address, or this place of the internet, asks so often that it can only be a machine."""
    since = now() - dt.timedelta(seconds=HOUR_S)
    if Case.objects.filter(email__iexact=email, opened_at__gte=since).count() >= PER_ADDRESS_MAX:
        return True
    return too_many(request, what="help", most=PER_VISITOR_MAX)


def _back_to_goods(request: HttpRequest, asked: Request) -> HttpResponse:
    _keep_pictures(request, asked)
    return _goods(request, asked, asked.goods_again())


def _back_to_what(request: HttpRequest, asked: Request) -> HttpResponse:
    return _what(request, asked, asked.what_again())


_STEPS = {
    "goods": _sent_goods,
    "what": _sent_what,
    "send": _sent_all,
    "back-goods": _back_to_goods,
    "back-what": _back_to_what,
}


def _about(asked: Request, step: int) -> dict[str, Any]:
    """What every step after the first one shows."""
    return {
        "reason": next(one for one in help_words.REASONS if one.code == asked.reason),
        "other_url": reverse("help") + (f"?order={asked.order.number}" if asked.order else ""),
        "steps": _stepper(step),
        "asks": asked.reason == kinds.ASKS,
    }


def _stepper(current: int) -> list[dict[str, str]]:
    titles = [_("What it is about"), _("Which articles"), _("What has happened"), _("Look over and send")]
    states = [
        "done" if n < current else "current" if n == current else "next" for n in range(1, len(titles) + 1)
    ]
    return [{"title": title, "state": state, "url": ""} for title, state in zip(titles, states, strict=True)]


@public
@never_cache
@require_safe
def draft(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of a request that is not sent yet, for who sent it."""
    found = drafts.read(token)
    if found is None:
        raise Http404
    return answer_with_bytes(found.content)
