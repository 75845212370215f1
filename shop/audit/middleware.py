"""No look without its row: every page that says ``shows=`` is written down after it was made and before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from . import actions
from .models import EXPORT, LIST, LOOK

#: A form that is shown again with its faults shows the data too; refusals, redirects and unknown numbers show nothing.
SHOWN_AGAIN = (400, 409, 422)
PARTS = ("number", "pk", "kind", "code", "token", "psp_id")
WORDS = ("q", "page", "format", "sort")  #: of a query: words may be somebody's name, the rest is no filter


class AccessMiddleware:
    """Write the look down. When that fails the page is not shown: an error, never silence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        looked: Any = request
        shows = getattr(looked, "_shows", "")
        if shows and (response.status_code < 300 or response.status_code in SHOWN_AGAIN):
            _note(looked, response, shows)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """What the view that is about to run says it shows."""
        looked: Any = request
        looked._shows = getattr(view, "shows", "")


def is_of(request: HttpRequest, *, user_id: int | None = None, email: str = "", key: str = "") -> None:
    """A view says whose data its page shows (saves the lookup), and which thing where the address does not say it.

    A page that shows several people says it once for each of them; each gets a row.
    """
    looked: Any = request
    if not hasattr(looked, "_shows_people"):
        looked._shows_people = {}
    person = (user_id, email) if user_id is not None or email else None
    if person or key:
        looked._shows_people[person, key] = None  # said twice is one look


def _note(request: Any, response: HttpResponse, shows: str) -> None:
    match = request.resolver_match
    page = match.view_name if match else ""
    common = {"by": request.user, "page": page[:100], "path": request.path[:300]}
    is_file = "attachment" in response.headers.get("Content-Disposition", "")
    if is_file or shows == LIST:
        filters = _filters(request)
        common |= {
            "rows": getattr(response, "csv_rows", None),
            "facts": {"filters": filters} if filters else {},
        }
    if shows == LIST:
        actions.note_look(deed=EXPORT if is_file else LIST, kind_name=LIST, key=page[:100], **common)
        return
    deed, key_here = EXPORT if is_file else LOOK, key_of(match.kwargs if match else {})
    for person, key in getattr(request, "_shows_people", None) or {(None, ""): None}:
        actions.note_look(deed=deed, kind_name=shows, key=key or key_here, person=person, **common)


def _filters(request: HttpRequest) -> dict[str, Any]:
    filters: dict[str, Any] = {
        key: value[:100] for key, value in request.GET.items() if value and key not in WORDS
    }
    if request.GET.get("q"):
        filters["q"] = "*"  # that it was searched for words, not which
    return filters


def key_of(parts: dict[str, Any]) -> str:
    """The part of an address that names the thing: its number before its id."""
    return next((str(parts[name]) for name in PARTS if name in parts), "")
