"""The list of a category or a search as a template shows it: cards, filters with counts, sorting, pages."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shop.kernel.parts import Parts
from shop.ui.addresses import addresses_of
from shop.ui.numbers import money_text

from . import queries
from .campaigns import running
from .cards import cards
from .filters import FLAGS, MULTI, PER_PAGE, PRICE_BANDS, ListWishes, address, toggled
from .names import names_of
from .product_page import size_key
from .search import finding
from .search.port import SearchUnavailable
from .tree import Node, tree

_kept = Parts(most=100)  #: filters of lists as they were asked for last


class CountedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that was counted elsewhere."""

    def __init__(self, total: int) -> None:
        super().__init__(range(total), PER_PAGE)


def listing(
    wishes: ListWishes, query: QueryDict, *, path: str, category: Node | None = None
) -> dict[str, Any]:
    """The context of a list at an address (``path``): the whole range, or a category with all below it. Eight queries
    at most, whatever the number of products.

    The index answers; where it does not, the database does (by name, SKU and category), and a notice says so where
    words are looked for or something is missing.
    Campaigns that are on their way into it are told with the question.
    """
    campaigns = running()
    wishes = replace(wishes, campaigns=frozenset(one.range.pk for one in campaigns))
    found, counted, said, answer_mark = _asked(wishes, category)
    filters, mark = _shown_filters(wishes, query, counted, category, answer_mark)
    shown = cards(found.ids, colours=wishes.colour, campaigns=campaigns)
    return {
        "cards": shown,
        "total": found.total,
        "page_obj": Page([], found.page, CountedPaginator(found.total)),
        "filters": filters,
        "filters_mark": mark,
        "list_mark": (mark, path, tuple(card.mark for card in shown)) if mark else None,
        "list_path": path,
        "list_query": query,
        "applied": [
            {"title": option["title"], "url": option["url"], "filter": group["title"]}
            for group in filters
            for option in group["options"]
            if option["selected"]
        ],
        "clear_url": address(query, **{key: [] for key in (*MULTI, *FLAGS)}),
        "sort_options": sort_options(wishes),
        "narrowed": wishes.narrowed,
        "query": wishes.q,
        # Narrowed or in another order it is the same list once more: search engines are to know that one alone.
        **addresses_of(path, found.page if wishes.is_whole else 1),
        **said,
    }


def _asked(
    wishes: ListWishes, category: Node | None
) -> tuple[queries.Found, queries.Counted | None, dict[str, Any], int]:
    """Products, counts, what is to be said about them, and the mark of the answer (0: the database gave it)."""
    said: dict[str, Any] = {"search_notice": "", "shown_for": "", "meant": "", "search_rests": False}
    category_ids = category.ids_below if category else None
    try:
        answer = finding.answer(wishes, category_ids)
    except SearchUnavailable:
        shelves = [pk for node, _title in _shelves(wishes, category) for pk in node.ids_below]
        found = queries.find(wishes, category_ids, shelves=shelves)
        counted = (
            queries.facets(wishes, category_ids, found.total) if found.total or wishes.narrowed else None
        )
        said |= {"search_notice": _plain_notice(wishes, found, counted), "search_rests": True}
        return found, counted, said, 0
    counted = answer.counted if answer.found.total or wishes.narrowed else None
    said |= {"shown_for": answer.shown_for, "meant": answer.meant}
    return answer.found, counted, said, answer.mark


def _shown_filters(
    wishes: ListWishes,
    query: QueryDict,
    counted: queries.Counted | None,
    category: Node | None,
    answer_mark: int,
) -> tuple[list[dict[str, Any]], Hashable]:
    """The filters and a mark: equal marks mean equal filters, None means like no others. Do not change them."""
    if counted is None:
        return [], None

    def made() -> list[dict[str, Any]]:
        filters = _filters(wishes, query, counted.values, category)
        if not counted.exact:
            _hide_counts(filters)
        return filters

    if answer_mark:
        mark = (answer_mark, get_language(), query.urlencode(), category.id if category else 0)
        return _kept.kept(mark, made), mark
    return made(), None


def _plain_notice(wishes: ListWishes, found: queries.Found, counted: queries.Counted | None) -> str:
    """What is to be known of a list that the database gives: where words are looked for, and by what it cannot be
    narrowed. "" where it has all that the index would give."""
    resting, missing = _("Our search is having a rest."), []
    if wishes.words:
        resting = _(
            "Our search is having a rest. Until it is back we look for your exact words in names, descriptions, "
            "categories and article numbers."
        )
    if counted and found.uncounted:
        names = {"category": _("Category"), "rating": _("Customer rating")}
        filters = ", ".join(name for key, name in names.items() if key in found.uncounted)
        missing += [
            _("For the moment the list cannot be narrowed further by: %(filters)s.") % {"filters": filters}
        ]
    if counted and not counted.exact:
        missing += [_("Until then the filters show no numbers, and perhaps not every value.")]
    return " ".join([resting, *missing]) if wishes.words or missing else ""


def _hide_counts(filters: list[dict[str, Any]]) -> None:
    """Show no numbers where they were taken from a sample, or count too much."""
    for group in filters:
        for option in group["options"]:
            option["count"] = ""


def sort_options(wishes: ListWishes) -> list[dict[str, Any]]:
    """The ways to sort; relevance only where something was searched for."""
    titles = {
        "relevance": _("Best match"),
        "newest": _("Newest first"),
        "price": _("Price: low to high"),
        "-price": _("Price: high to low"),
        "name": _("Name"),
    }
    selected = "newest" if wishes.sort == "relevance" and not wishes.words else wishes.sort
    return [
        {"value": value, "title": title, "selected": value == selected}
        for value, title in titles.items()
        if value != "relevance" or wishes.words
    ]


def _filters(
    wishes: ListWishes, query: QueryDict, counted: dict[str, dict[str, int]], category: Node | None
) -> list[dict[str, Any]]:
    colours, makers = names_of(counted)

    def options(
        key: str, rows: Iterable[tuple[str, str, int]], chosen: frozenset[str], **more: Callable[[str], str]
    ) -> list[dict[str, Any]]:
        return [
            {
                "value": value,
                "title": title,
                "count": n,
                "selected": value in chosen,
                "url": toggled(query, key, value),
                **{name: of(value) for name, of in more.items()},
            }
            for value, title, n in rows
            if n or value in chosen
        ]

    hexes = {colour.code: colour.hex for colour in colours.values()}
    colour_rows = sorted(
        ((code, colours[code].name_local, n) for code, n in counted["colour"].items() if code in colours),
        key=lambda row: row[1],
    )
    size_rows = [(size, size, counted["size"][size]) for size in sorted(counted["size"], key=size_key)]
    brand_rows = sorted(
        ((k, makers[int(k)].brand, n) for k, n in counted["brand"].items() if int(k) in makers),
        key=lambda row: row[1].lower(),
    )
    category_rows = _category_rows(wishes, counted.get("category", {}), category)
    rating_rows = _rating_rows(counted.get("rating", {}))
    price_rows = [(band, _band_title(band), counted["price"].get(band, 0)) for band in PRICE_BANDS]
    groups = [
        ("category", _("Category"), options("category", category_rows, wishes.category)),
        ("size", _("Size"), options("size", size_rows, wishes.size)),
        (
            "colour",
            _("Colour"),
            options("colour", colour_rows, wishes.colour, hex=lambda code: hexes.get(code, "")),
        ),
        ("price", _("Price"), options("price", price_rows, wishes.price)),
        ("brand", _("Brand"), options("brand", brand_rows, wishes.brand)),
        ("rating", _("Customer rating"), options("rating", rating_rows, wishes.rating)),
        (
            "available",
            _("Availability"),
            _flag("available", _("Available now"), counted, wishes.available, query),
        ),
        ("offer", _("Offers"), _flag("offer", _("On offer"), counted, wishes.offer, query)),
    ]
    return [{"key": key, "title": title, "options": rows} for key, title, rows in groups if rows]


def _category_rows(
    wishes: ListWishes, counts: dict[str, int], category: Node | None
) -> list[tuple[str, str, int]]:
    return [(str(node.id), title, counts.get(str(node.id), 0)) for node, title in _shelves(wishes, category)]


def _shelves(wishes: ListWishes, category: Node | None) -> list[tuple[Node, str]]:
    """The categories below the present one (of the whole range: the first ones), and those below what is chosen, each
    as the filter names it."""
    known = tree().by_id
    chosen = [known[int(pk)] for pk in sorted(wishes.category) if int(pk) in known]
    opened = {node.id for one in chosen for node in one.trail}
    rows: list[tuple[Node, str]] = []

    def list_below(nodes: Iterable[Node], above: str) -> None:
        for node in nodes:
            if node.in_menu or node.id in opened:
                title = f"{above} › {node.name_local}" if above else node.name_local
                rows.append((node, title))
                if node.id in opened:
                    list_below(node.children, title)

    list_below(category.children if category else tree().roots, "")
    return rows


def _rating_rows(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    return [
        (stars, _("%(stars)s stars and more") % {"stars": stars}, counts.get(stars, 0))
        for stars in ("4", "3", "2", "1")
    ]


def _flag(
    key: str, title: str, counted: dict[str, dict[str, int]], selected: bool, query: QueryDict
) -> list[dict[str, Any]]:
    n = counted[key].get("1", 0)
    if not n and not selected:
        return []
    url = address(query, **{key: [] if selected else ["1"]})
    return [{"value": "1", "title": title, "count": n, "selected": selected, "url": url}]


def _band_title(band: str) -> str:
    low, high = PRICE_BANDS[band]
    if high is None:
        return _("from %(low)s") % {"low": money_text(low)}
    if not low:
        return _("under %(high)s") % {"high": money_text(high)}
    return _("%(low)s to %(high)s") % {"low": money_text(low), "high": money_text(high)}
