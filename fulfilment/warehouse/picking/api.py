"""What the phone asks and tells: walks as JSON, scans with ids. Errors are JSON with words in ``error``."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.urls import path
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shop.kernel.clock import now

from . import actions
from .actions import Answer, NoSuchWalk, Scan, Stop, WalkId
from .models import SCAN_PICK, SCAN_SHORT, Batch, PickList
from .walks import walk_of

SCANS_MAX = 500  #: in one message: what a phone gathers in half an hour
TEXT_MAX_CHARS = 200  #: of a code as sent; the record keeps less
ID_MAX = 2**63 - 1
View = Callable[..., HttpResponse]


class Malformed(ValueError):
    """The message is not what a phone of ours sends; the text says what is wrong with it."""


def json_error(text: str, status: int) -> JsonResponse:
    """An error in words."""
    return JsonResponse({"error": text}, status=status)


def staff_json(permission: str) -> Callable[[View], View]:
    """As ``staff_view``, for phones: nobody signed in gets 401, a person without the permission 403, both as JSON."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return json_error(_("You are signed out. Please sign in again; your scans are kept."), 401)
            if not (user.is_active and user.is_staff and user.has_perm(permission)):
                return json_error(_("You may not pick orders."), 403)
            return view(request, *args, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, not a page."""
    return "application/json" in request.headers.get("Accept", "")


@staff_json("picking.pick_orders")
@require_safe
def list_walk(request: HttpRequest, pk: int) -> HttpResponse:
    """The walk of one pick list."""
    return _walk_answer(request, find_walk(WalkId(is_batch=False, pk=pk)))


@staff_json("picking.pick_orders")
@require_safe
def batch_walk(request: HttpRequest, pk: int) -> HttpResponse:
    """The walk of one batch."""
    return _walk_answer(request, find_walk(WalkId(is_batch=True, pk=pk)))


def _walk_answer(request: HttpRequest, walk: PickList | Batch | None) -> HttpResponse:
    if walk is None:
        return json_error(_("There is no such walk."), 404)
    return _never_kept(JsonResponse(walk_of(walk, request.user)))


def _never_kept(response: JsonResponse) -> JsonResponse:
    response["Cache-Control"] = "no-store"
    return response


def walk_named(name: Any) -> WalkId | None:
    """What ``list:12`` or ``batch:7`` names; None for anything else. No query: it may be that there is none."""
    kind, _colon, number = str(name).partition(":")
    if kind not in ("list", "batch") or not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    return WalkId(is_batch=kind == "batch", pk=int(number))


def find_walk(named: WalkId) -> PickList | Batch | None:
    """The list or batch; None when there is none. One query."""
    if named.is_batch:
        return Batch.objects.select_related("picker", "site", "zone").filter(pk=named.pk).first()
    lists = PickList.objects.select_related("order", "picker", "packing_place")
    return lists.filter(pk=named.pk).first()


@staff_json("picking.pick_orders")
@require_POST
def scans(request: HttpRequest) -> HttpResponse:
    """Scans of a phone, in the order in which they were made; each is answered, and the walk as it is now unless the
    answers tell all that has changed."""
    try:
        message = _message(request)
        told = [_scan(one) for one in _list(message)]
    except Malformed as error:
        return json_error(str(error), 400)
    person = message.get("person")
    if person is not None and str(person) != str(request.user.pk):
        text = _("These scans were made by somebody else. They must sign in again to send them.")
        return json_error(text, 409)
    named = walk_named(message.get("walk"))
    try:
        data = _taken(named, told, request.user) if named else None
    except NoSuchWalk:
        data = None
    return _never_kept(JsonResponse(data)) if data else json_error(_("There is no such walk."), 404)


def _taken(named: WalkId, told: list[Scan], by: Any) -> dict[str, Any] | None:
    """The answers, without the walk when pieces were picked and nothing else happened: a phone reads the walk next, and
    reading it here too doubled the queries of a scan. None when there is no such walk."""
    answers = actions.take_scans(walk=named, scans=told, by=by)
    stops = [one.stop for one in answers if one.stop]
    if answers and len(stops) == len(answers):
        return {
            "answers": [_answer(one, _picked(stop)) for one, stop in zip(answers, stops, strict=True)],
            "fetched_at": now().isoformat(),
        }
    walk = find_walk(named)
    if walk is None:
        return None
    walked = walk_of(walk, by)
    found = {stop["line"]: stop for stop in walked["stops"]}
    return {"answers": [_answer(one, found.get(one.line or 0)) for one in answers], "walk": walked}


def _picked(stop: Stop) -> dict[str, Any]:
    return {"picked": stop.picked, "open": stop.open, "state": "open" if stop.open else "picked"}


def _answer(answer: Answer, stop: dict[str, Any] | None) -> dict[str, Any]:
    """A stop that is not on the walk any more has nothing open."""
    return {
        "id": str(answer.scan_id),
        "outcome": "accepted" if answer.accepted else "refused",
        "repeated": answer.repeated,
        "text": answer.text,
        "line": answer.line,
        "picked": stop["picked"] if stop else 0,
        "open": stop["open"] if stop else 0,
        "state": stop["state"] if stop else "short",
    }


def _message(request: HttpRequest) -> dict[str, Any]:
    try:
        message = json.loads(request.body)
    except (
        ValueError,
        RecursionError,
        RawPostDataException,
    ):  # the last: sent as a form, which was read as one
        raise Malformed(_("This is no JSON.")) from None
    if not isinstance(message, dict):
        raise Malformed(_("The message must be an object with walk and scans."))
    return message


def _list(message: dict[str, Any]) -> list[Any]:
    told = message.get("scans")
    if not isinstance(told, list):
        raise Malformed(_("The message must be an object with walk and scans."))
    if len(told) > SCANS_MAX:
        raise Malformed(_("At most %(most)s scans in one message.") % {"most": SCANS_MAX})
    return told


def _scan(told: Any) -> Scan:
    """Only what has no id cannot be answered; everything else that is odd is refused by name, and kept."""
    if not isinstance(told, dict):
        raise Malformed(_("Each scan must be an object."))
    try:
        scan_id = uuid.UUID(str(told.get("id")))
    except ValueError:
        raise Malformed(_("Each scan needs a UUID as its id.")) from None
    kind = told.get("kind", SCAN_PICK)
    if kind not in (SCAN_PICK, SCAN_SHORT):
        raise Malformed(_("A scan is of the kind “pick” or “short”."))
    return Scan(
        id=scan_id,
        kind=kind,
        line=_whole(told.get("line")),
        code=_text(told.get("code")),
        quantity=_whole(told.get("quantity", 1)) or 0,
        lot=_text(told.get("lot")),
        bin=_text(told.get("bin")),
        at=_moment(told.get("at")),
    )


def _whole(value: Any) -> int | None:
    """A whole number that the database can hold; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if -ID_MAX <= number <= ID_MAX else None


def _text(value: Any) -> str:
    """What was sent as text, without characters that a database refuses."""
    if not isinstance(value, str):
        return "" if value is None else str(value)[:TEXT_MAX_CHARS]
    return value.replace("\x00", "").encode("utf-8", "ignore").decode()[:TEXT_MAX_CHARS]


def _moment(value: Any) -> dt.datetime | None:
    """The phone's clock; None when it is nonsense."""
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
        return None if moment is None or is_naive(moment) else moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


urlpatterns = [
    path("pick-lists/<row:pk>/walk.json", list_walk, name="walk"),
    path("batches/<row:pk>/walk.json", batch_walk, name="batch-walk"),
    path("scans/", scans, name="scans"),
]
