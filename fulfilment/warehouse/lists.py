"""What every list of the room shares: search and filters in the address, sorting, paging, CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import register_converter
from django.urls.converters import IntConverter, get_converters
from django.utils.translation import gettext_lazy as _

PAGE_SIZE = 50
SEARCH_MAX_CHARS = 100
CSV_ROWS_MAX = 100_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class RowId(IntConverter):
    """An id in an address: ``<row:pk>``. Longer numbers than a database holds are no address of ours (404)."""

    regex = "[0-9]{1,18}"


if "row" not in get_converters():
    register_converter(RowId, "row")


class Search(forms.Form):
    """The filter form above a list; subclasses add their choices."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=SEARCH_MAX_CHARS,
        widget=forms.TextInput(attrs={"type": "search", "data-hotkey": "/", "autocomplete": "off"}),
    )

    def value(self, name: str) -> str:
        """What was chosen, "" when nothing or nonsense was."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")

    @property
    def status(self) -> int:
        """HTTP status of the list: 400 when a filter is nonsense (the form then says so)."""
        return 200 if self.is_valid() else 400


def sorted_by(
    request: HttpRequest, rows: QuerySet[Any], keys: Mapping[str, str], default: Sequence[str]
) -> QuerySet[Any]:
    """Order by ``?sort=key`` or ``-key``; anything that is not a key means the default. Ties go by primary key."""
    wanted = request.GET.get("sort", "")
    column = keys.get(wanted.removeprefix("-"))
    if column is None:
        return rows.order_by(*default)
    return rows.order_by(f"-{column}" if wanted.startswith("-") else column, "pk")


def page_of(request: HttpRequest, rows: Any, size: int = PAGE_SIZE) -> Page[Any]:
    """The page named in the address; nonsense means the first, too far the last."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def wants_csv(request: HttpRequest) -> bool:
    """Whether the list is asked for as a file."""
    return request.GET.get("format") == "csv"


def csv_url(request: HttpRequest) -> str:
    """The address of this list, as filtered, as CSV."""
    query = request.GET.copy()
    query.pop("page", None)
    query["format"] = "csv"
    return f"?{query.urlencode()}"


def csv_file(name: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A CSV download that spreadsheets open rightly (semicolon, UTF-8 with mark)."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.write("\ufeff")
    writer = csv.writer(response, delimiter=";")
    writer.writerow([str(cell) for cell in head])
    written = [[harmless(cell) for cell in row] for row in rows]
    writer.writerows(written)
    response.csv_rows = len(written)  # type: ignore[attr-defined]  # for the access log
    return response


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    if isinstance(cell, int | float) or cell is None:
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
