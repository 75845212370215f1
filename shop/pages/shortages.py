"""The shopper's page about missing pieces: looking changes nothing, the button decides. For whoever holds the link."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from checkout.basket.queries import pictures_of
from checkout.order import access as order_access
from fulfilment.warehouse.shortages import actions, queries
from fulfilment.warehouse.shortages.access import question_of, token
from fulfilment.warehouse.shortages.actions.answering import rule_for
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.shortages.words import choices_in_words, outcome, title_of
from shop.kernel.access import public
from shop.kernel.states import StateError

VERSION_MAX = 32_767


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def shortage(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the question and what each choice means; POST answers it, once."""
    found = question_of(token)
    if found is None:
        return render(request, "storefront/order/link_gone.html", status=410)
    if request.method != "POST":
        return _page(request, found)
    choice = request.POST.get("choice", "")
    if found.is_open and choice not in {offered.code for offered in choices_in_words(found)}:
        return _page(request, found, missing_choice=True, status=400)
    return _answer(request, found, choice, token)


def _answer(request: HttpRequest, found: ShortageQuestion, choice: str, token: str) -> HttpResponse:
    try:
        actions.answer(question=found, choice=choice, seen_version=_version(request))
    except actions.ShortageError as error:
        return _page(request, _again(found), problem=str(error), status=409)
    except (StateError, ValueError):
        problem = _("Your order has changed in this moment. Please look again.")
        return _page(request, _again(found), problem=problem, status=409)
    messages.success(request, _("Thank you, we do it like this: %(answer)s.") % {"answer": title_of(choice)})
    return redirect("orders:shortage", token=token)


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and int(text[:6]) <= VERSION_MAX else 0


def _again(found: ShortageQuestion) -> ShortageQuestion:
    return queries.questions().get(pk=found.pk)


def _page(request: HttpRequest, found: ShortageQuestion, *, status: int = 200, **more: Any) -> HttpResponse:
    product = found.order_line.product
    others = [other for other in queries.of_order(found.order_id) if other.is_open and other.pk != found.pk]
    context = {
        "question": found,
        "choices": choices_in_words(found) if found.is_open else [],
        "by_rule": title_of(rule_for(found)) if found.is_open else "",
        "outcome": outcome(found),
        "picture": pictures_of([product]).get(product.pk) if product else None,
        "others": [(other, reverse("orders:shortage", args=[token(other)])) for other in others],
        "order_url": reverse("orders:open", args=[order_access.token(found.order)]),
        **more,
    }
    return render(request, "storefront/order/shortage.html", context, status=status)
