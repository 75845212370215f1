"""Pages of the range. They only read: no view here writes anything, and none needs a session."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shop.kernel.access import public
from shop.kernel.sharing import PLACES, RULES, WAYS, WORDS, shared

from . import filters, queries
from .best_sellers import best_sellers
from .cards import cards
from .listing import listing
from .models import Product
from .product_page import product_page
from .search import missed
from .search.finding import language
from .search.suggest import suggest
from .tree import Node, menu, tree

LEADS = 8  #: products shown where nothing was found
MAX_ID = 2**63 - 1  #: what a database takes as an id


@public
@shared()
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The whole range, narrowed as the address says."""
    wishes = filters.read(request.GET)
    everything = Node(
        id=0,
        slug="",
        name_local=_("The whole range"),
        description_local="",
        url=reverse("catalogue:index"),
        in_menu=False,
    )
    context: dict[str, Any] = {
        "category": everything,
        "subcategories": menu(),
        "crumbs": _crumbs([{"title": everything.name_local, "url": ""}]),
        "page_mark": ("range",),
    }
    context |= listing(wishes, request.GET, path=request.path)
    return _list(request, "storefront/category.html", context)


@public
@shared()
@require_safe
def category(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A category with everything below it."""
    node = tree().by_id.get(pk)
    if node is None:
        raise Http404
    if slug != node.slug:
        return _moved(request, node.url)
    wishes = filters.read(request.GET)
    context: dict[str, Any] = {
        "category": node,
        "subcategories": node.children,
        "crumbs": _crumbs([{"title": one.name_local, "url": one.url} for one in node.trail]),
        "page_mark": ("category", node.id),
    }
    context |= listing(wishes, request.GET, path=request.path, category=node)
    return _list(request, "storefront/category.html", context)


@public
@shared()
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Products that fit every word (catalogue/search); without words the whole range."""
    wishes = filters.read(request.GET)
    context: dict[str, Any] = {
        "subcategories": menu(),
        "crumbs": _crumbs([{"title": _("Search"), "url": ""}]),
        "page_mark": ("search",),
    }
    context |= listing(wishes, request.GET, path=request.path)
    missed_it = (
        bool(wishes.words) and not wishes.narrowed and (not context["total"] or bool(context["shown_for"]))
    )
    if missed_it:
        missed.note(wishes.q, language(), context["shown_for"])
    if not context["total"] and not wishes.narrowed:
        context["leads"] = cards(best_sellers(LEADS) or queries.newest(LEADS))
    response = _list(request, "storefront/search.html", context)
    if missed_it:  # each is counted, so it is not kept for others
        response["Cache-Control"] = "private, no-cache"
    return response


@public
@shared()
@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """What fits the letters typed so far: a part of a page, put under the search field by script."""
    wishes = filters.read(request.GET)
    found = suggest(request, wishes)
    context = {"suggestions": found, "query": wishes.q, "search_rests": found.search_rests}
    return _list(request, "storefront/_suggestions.html", context)


@public
@shared(WORDS, PLACES, WAYS, RULES)
@require_safe
def detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A product; ``?v=`` chooses the variant. The id decides, a wrong slug leads to the right address."""
    if pk > MAX_ID:
        raise Http404
    asked = request.GET
    context = product_page(
        pk,
        variant_id=asked.get("v") or asked.get("variant", ""),
        colour=asked.get("colour", ""),
        size=asked.get("size", ""),
    )
    if context is None:
        return _to_parent(pk)
    if request.path != context["product_url"]:
        return _moved(request, context["product_url"])
    return render(request, "storefront/product.html", context)


def _list(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page for which the search is asked; who keeps pages for all hears whether the database stood in for it."""
    asked: Any = request
    asked.search_rests = context["search_rests"]
    return render(request, template, context)


def _to_parent(pk: int) -> HttpResponse:
    """The address of a variant leads to the page of its product; raises Http404 for anything else."""
    child = (
        Product.objects.filter(pk=pk, is_public=True, parent__is_public=True).select_related("parent").first()
    )
    if child is None:
        raise Http404
    return HttpResponsePermanentRedirect(f"{child.get_absolute_url()}?v={child.pk}")


def _moved(request: HttpRequest, url: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{url}?{query}" if query else url)


def _crumbs(trail: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"title": _("Home"), "url": reverse("home")}, *trail]
