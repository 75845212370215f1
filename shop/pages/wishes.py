"""The wish list of an account: what to buy later, with today's price and stock; it can be shown to others by a link."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.apps.wishlists.models import Line, WishList

from catalogue.campaigns import running
from catalogue.cards import card
from catalogue.models import Product
from catalogue.queries import products_with
from shop.kernel.access import public, shopper_view

MOST = 100  #: articles on one list
MAX_ID_DIGITS = 18
SALT = "shop.pages.wishes"


@shopper_view
@never_cache
@require_safe
def wishes(request: HttpRequest) -> HttpResponse:
    """The person's list. A constant number of queries."""
    found = _list_of(request.user)
    shared = found is not None and found.visibility == WishList.SHARED
    context = {
        "rows": _rows(found),
        "shared_url": request.build_absolute_uri(_link(found)) if found and shared else "",
    }
    return render(request, "account/wishes.html", context)


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Put an article (``?product=``, a variant or a whole product) on the list. Who had to sign in first comes back
    here by GET and presses once more: nothing is written by looking."""
    product = _product(request.GET.get("product", ""))
    if request.method != "POST":
        return render(request, "account/wish_add.html", {"product": product})
    with transaction.atomic():
        found = _list_of(request.user) or WishList.objects.create(owner=request.user)
        if found.lines.count() >= MOST:
            messages.error(request, _("A wish list holds %(most)d articles.") % {"most": MOST})
        else:
            found.lines.get_or_create(product=product, defaults={"title": product.title_local[:255]})
            messages.success(request, _("It is on your wish list."))
    return redirect("wishes:list")


@shopper_view
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an article off; lines of others do not exist here."""
    if not Line.objects.filter(pk=pk, wishlist__owner=request.user).delete()[0]:
        raise Http404
    messages.success(request, _("It is off your wish list."))
    return redirect("wishes:list")


@shopper_view
@require_POST
def share(request: HttpRequest) -> HttpResponse:
    """Make a link for others, or end it. A link that was ended does not come back: the next one is another."""
    found = _list_of(request.user)
    if found is None:
        raise Http404
    if request.POST.get("step") == "stop":
        WishList.objects.filter(pk=found.pk).update(visibility=WishList.PRIVATE)
        messages.success(request, _("The link no longer works."))
    else:
        key = WishList.random_key()
        WishList.objects.filter(pk=found.pk).update(visibility=WishList.SHARED, key=key)
        messages.success(request, _("Whoever has the link sees the articles, and nothing about you."))
    return redirect("wishes:list")


@public
@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody's list by its link: the articles alone, no name."""
    try:
        pk, key = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        raise Http404
    found = WishList.objects.filter(pk=pk, key=key, visibility=WishList.SHARED).first()
    if found is None:
        raise Http404
    return render(request, "storefront/wishes.html", {"rows": _rows(found)})


def _link(found: Any) -> str:
    token = signing.Signer(salt=SALT).sign_object([found.pk, found.key])
    return reverse("wishes:shared", kwargs={"token": token})


def _list_of(person: Any) -> Any:
    return WishList.objects.filter(owner=person).order_by("pk").first()


def _rows(found: Any) -> list[dict[str, Any]]:
    """Lines with the card of their product and, for a variant, its own price and stock. Four queries."""
    if found is None:
        return []
    lines = list(found.lines.select_related("product__parent", "product__colour").order_by("-pk"))
    shown = {line.product.parent_id or line.product_id for line in lines if line.product}
    by_id = {row[0].pk: row for row in products_with(sorted(shown))}
    return [
        _row(line, by_id.get(line.product.parent_id or line.product_id) if line.product else None)
        for line in lines
    ]


def _row(line: Any, found: Any) -> dict[str, Any]:
    if found is None or not found[1]:
        return {"line": line, "title": line.title, "card": None}
    product, records, images = found
    own = [record for record in records if record.product_id == line.product_id]
    code = own[0].product.colour.code if own and own[0].product.colour else ""
    return {
        "line": line,
        "title": line.product.title_local,
        "card": card(
            product,
            own or records,
            images,
            colours=frozenset([code] if code else []),
            campaigns=running(),
        ),
        "url": f"{product.get_absolute_url()}?v={line.product_id}" if own else product.get_absolute_url(),
        "is_variant": bool(own),
    }


def _product(given: str) -> Product:
    """A product or variant that is shown in the shop; raises Http404 for everything else."""
    if not given.isascii() or not given.isdigit() or len(given) > MAX_ID_DIGITS:
        raise Http404
    shown = Q(parent=None) | Q(parent__is_public=True)
    found = (
        Product.objects.filter(shown, pk=int(given), is_public=True)
        .select_related("parent", "colour")
        .first()
    )
    if found is None:
        raise Http404
    return found
