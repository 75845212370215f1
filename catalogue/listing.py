"""The list of a category or a search as a template shows it: cards, filters with counts, sorting, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.translation import gettext as _

from shop.ui.numbers import money_text

from . import queries
from .cards import cards
from .filters import PER_PAGE, PRICE_BANDS, ListWishes, address, toggled
from .product_page import size_key


class CountedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that was counted elsewhere."""

    def __init__(self, total: int) -> None:
        super().__init__(range(total), PER_PAGE)


def listing(
    wishes: ListWishes, query: QueryDict, *, category_ids: Sequence[int] | None = None
) -> dict[str, Any]:
    """The context of a list. Eight queries at most, whatever the number of products."""
    found = queries.find(wishes, category_ids)
    counted = queries.facets(wishes, category_ids, found.total) if found.total or wishes.narrowed else None
    filters = _filters(wishes, query, counted.values) if counted else []
    if counted and not counted.exact:
        _hide_counts(filters)
    return {
        "cards": cards(found.ids, colours=wishes.colour),
        "total": found.total,
        "page_obj": Page([], found.page, CountedPaginator(found.total)),
        "filters": filters,
        "applied": [
            {"title": option["title"], "url": option["url"], "filter": group["title"]}
            for group in filters
            for option in group["options"]
            if option["selected"]
        ],
        "clear_url": address(
            query, **{key: [] for key in ("colour", "size", "brand", "price", "available", "offer")}
        ),
        "sort_options": sort_options(wishes, query),
        "narrowed": wishes.narrowed,
        "query": wishes.q,
    }


def _hide_counts(filters: list[dict[str, Any]]) -> None:
    """Show no numbers where they were taken from a sample."""
    for group in filters:
        for option in group["options"]:
            option["count"] = ""


def sort_options(wishes: ListWishes, query: QueryDict) -> list[dict[str, Any]]:
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
        {"value": value, "title": title, "selected": value == selected, "url": address(query, sort=[value])}
        for value, title in titles.items()
        if value != "relevance" or wishes.words
    ]


def _filters(
    wishes: ListWishes, query: QueryDict, counted: dict[str, dict[str, int]]
) -> list[dict[str, Any]]:
    colours, makers = queries.names_of(counted)

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
        (
            (colours[int(k)].code, colours[int(k)].name_local, n)
            for k, n in counted["colour"].items()
            if int(k) in colours
        ),
        key=lambda row: row[1],
    )
    size_rows = [(size, size, counted["size"][size]) for size in sorted(counted["size"], key=size_key)]
    brand_rows = sorted(
        ((k, makers[int(k)].brand, n) for k, n in counted["brand"].items() if int(k) in makers),
        key=lambda row: row[1].lower(),
    )
    price_rows = [(band, _band_title(band), counted["price"].get(band, 0)) for band in PRICE_BANDS]
    groups = [
        ("size", _("Size"), options("size", size_rows, wishes.size)),
        (
            "colour",
            _("Colour"),
            options("colour", colour_rows, wishes.colour, hex=lambda code: hexes.get(code, "")),
        ),
        ("price", _("Price"), options("price", price_rows, wishes.price)),
        ("brand", _("Brand"), options("brand", brand_rows, wishes.brand)),
        (
            "available",
            _("Availability"),
            _flag("available", _("Available now"), counted, wishes.available, query),
        ),
        ("offer", _("Offers"), _flag("offer", _("Reduced"), counted, wishes.offer, query)),
    ]
    return [{"key": key, "title": title, "options": rows} for key, title, rows in groups if rows]


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
