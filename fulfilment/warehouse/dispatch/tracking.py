"""Where parcels are, as carriers tell it: pushed to our door or asked for, stored first, understood later.

Both ways end in the inbox, so a state told twice is one row. The newest word by the carrier's clock decides: a state
that comes late and is older than what is known moves nothing. What cannot be understood is kept as a question.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from shop.kernel.clock import now
from shop.kernel.inbox import handles, receive
from shop.kernel.models import InboxMessage
from shop.kernel.states import StateError, allowed_moves
from shop.kernel.transactions import retrying

from . import outcomes
from .carriers import DELIVERED, LOST, ON_ITS_WAY, OWN, RETURNED, UNKNOWN, CarrierDown, CarrierRefused, News
from .carriers import carrier as carrier_named
from .dhl import ANNOUNCED, meaning
from .errors import DispatchError
from .models import Label, Parcel, TrackingState

log = logging.getLogger(__name__)

SOURCE = "carrier"  #: of the inbox
ASK_AFTER = dt.timedelta(hours=1)  #: a parcel on its way is asked about at most that often
ASK_FOR = dt.timedelta(days=45)  #: and not for ever
ASK_MANY = 200  #: parcels of one round
AHEAD_MAX = dt.timedelta(days=1)  #: clocks and zones may be off by that much
PLAIN = re.compile(r"[!-~]{1,100}")  #: numbers and codes of carriers: no spaces, nothing that cannot be seen
MOVING = (DELIVERED, LOST, RETURNED)
TEXT_MAX_CHARS, PLACE_MAX_CHARS, CODE_MAX_CHARS, NUMBER_MAX_CHARS = 300, 100, 40, 40


#: Who knows parcels that are none of ours going out: takes a number and what its state means, within the transaction
#: that notes it; says whether it knew the number.
Taker = Callable[[str, str], bool]
_TAKERS: list[Taker] = []


def heard_by(taker: Taker) -> None:
    """The room above that waits for parcels of others names itself, once, when it is ready."""
    if taker not in _TAKERS:
        _TAKERS.append(taker)


def ask_carriers() -> int:
    """Ask each carrier about its parcels on their way that were not asked about for an hour. Returns how many."""
    moment = now()
    waiting = (
        Parcel.objects.filter(state="dispatched", dispatched_at__gte=moment - ASK_FOR)
        .exclude(tracking_number="")
        .filter(Q(asked_at=None) | Q(asked_at__lte=moment - ASK_AFTER))
        .filter(
            Exists(Label.objects.filter(parcel=OuterRef("pk"), stage="booked").exclude(connector=OWN.code))
        )
        .order_by(F("asked_at").asc(nulls_first=True), "pk")
    )
    by_carrier: dict[str, list[tuple[int, str]]] = {}
    for pk, carrier, number in waiting.values_list("pk", "carrier", "tracking_number")[:ASK_MANY]:
        by_carrier.setdefault(carrier, []).append((pk, number))
    return sum(_ask(carrier, parcels) for carrier, parcels in by_carrier.items())


def _ask(carrier: str, parcels: list[tuple[int, str]]) -> int:
    connector = carrier_named(carrier)
    try:
        told = connector.track([number for _pk, number in parcels])
    except (CarrierDown, CarrierRefused) as error:
        log.warning("%s cannot be asked where its parcels are, again later: %s", carrier, error)
        return 0
    for news in told:
        store(connector.code, news)
    Parcel.objects.filter(pk__in=[pk for pk, _number in parcels]).update(asked_at=now())
    return len(parcels)


def store(connector: str, news: News) -> None:
    """Put one state into the inbox, where it is once however it came."""
    at = news.at.astimezone(dt.UTC).isoformat()
    body = {
        "connector": connector,
        "number": news.tracking_number,
        "code": news.code,
        "meaning": news.meaning,
        "text": news.text,
        "place": news.place,
        "at": at,
    }
    key = f"{connector}:{news.tracking_number}:{news.code}:{at}"
    receive(source=SOURCE, external_id=key, kind=news.code, body=json.dumps(body))


@handles(SOURCE)
def understand(message: InboxMessage) -> None:
    """Make a tracking state of a message and let it move its parcel. Idempotent."""
    told = _read(message)
    retrying(lambda: _note(told))


def _read(message: InboxMessage) -> dict[str, Any]:
    """The state a message tells; one that cannot be read is a question with the text as it came."""
    try:
        body = json.loads(message.body)
        if "connector" in body:
            return {**body, "at": dt.datetime.fromisoformat(body["at"])}
        return _pushed(body)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return {
            "connector": "?",
            "number": "",
            "code": f"message {message.pk}",
            "meaning": UNKNOWN,
            "text": message.body,
            "place": "",
            "at": message.received_at,
            "unreadable": True,
        }


def _pushed(body: dict[str, Any]) -> dict[str, Any]:
    """What DHL pushes, in our words."""
    number, code = str(body["shipmentNo"]), str(body["code"])
    if not PLAIN.fullmatch(number) or not PLAIN.fullmatch(code):
        raise ValueError("a state names its parcel and its code")
    at = dt.datetime.fromisoformat(str(body["at"]).replace("Z", "+00:00"))
    if at.tzinfo is None:
        raise ValueError("a moment without a zone is none")
    at = at.astimezone(dt.UTC)
    if at > now() + AHEAD_MAX:  # it would be newer than all that follows
        raise ValueError("a moment that has not come yet")
    told = meaning(
        code=code,
        ice=str(body.get("ice") or ""),
        ric=str(body.get("ric") or ""),
        returned=body.get("returned") is True,
    )
    return {
        "connector": "dhl",
        "number": number,
        "code": code,
        "meaning": told,
        "text": str(body.get("text") or ""),
        "place": str(body.get("place") or ""),
        "at": at,
    }


def _note(told: dict[str, Any]) -> None:
    number = str(told["number"])[:NUMBER_MAX_CHARS]
    # Both ways of telling write minutes or seconds; the minute is what they agree on.
    at = told["at"].replace(second=0, microsecond=0)
    parcel = _held(_parcel_of(told["connector"], number))
    state, made = TrackingState.objects.get_or_create(
        carrier=told["connector"],
        tracking_number=number,
        code=str(told["code"])[:CODE_MAX_CHARS],
        at=at,
        defaults={
            "meaning": told["meaning"] if told["meaning"] in (*MOVING, ON_ITS_WAY) else UNKNOWN,
            "text": _storable(told["text"])[:TEXT_MAX_CHARS],
            "place": _storable(told["place"])[:PLACE_MAX_CHARS],
            "parcel": parcel,
            "outcome": TrackingState.NO_CHANGE,
        },
    )
    if made:
        state.outcome = TrackingState.UNREADABLE if told.get("unreadable") else _apply(state)
        state.save(update_fields=["outcome"])


def _storable(text: object) -> str:
    """Without what a database does not take: the character 0 and half characters, as JSON can spell them."""
    return str(text).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _parcel_of(connector: str, number: str) -> Parcel | None:
    if not number:
        return None
    label = Label.objects.filter(connector=connector, tracking_number=number).order_by("-pk").first()
    return Parcel.objects.select_related("order").get(pk=label.parcel_id) if label else None


def _held(parcel: Parcel | None) -> Parcel | None:
    """The parcel as it is now, held to the end of the transaction: states told at one moment move it one after the
    other, and one that leaves now either has left or hears later of what was told too early."""
    if parcel is not None:
        Parcel.objects.filter(pk=parcel.pk).update(kind=F("kind"))
        parcel.refresh_from_db(fields=["state", "tracking_number"])
    return parcel


def _apply(state: TrackingState) -> str:
    """Let a state move its parcel; what became of it."""
    parcel = state.parcel
    if parcel is None:
        # Whoever waits for a parcel asks whether it was handed over, and that a label was made says nothing of it.
        told = UNKNOWN if state.code in ANNOUNCED else state.meaning
        known = any(taker(state.tracking_number, told) for taker in _TAKERS)
        return TrackingState.NO_CHANGE if known else TrackingState.NO_PARCEL
    if state.meaning == UNKNOWN:
        return TrackingState.NOT_UNDERSTOOD
    if state.meaning not in MOVING or parcel.state == state.meaning:
        return TrackingState.NO_CHANGE
    if parcel.state in ("packed", "unpacked"):
        return TrackingState.NOT_LEFT
    if (
        parcel.tracking_number != state.tracking_number
    ):  # of a label that was given back: it travels under another
        return TrackingState.NO_PARCEL
    newer = TrackingState.objects.filter(parcel=parcel, meaning__in=MOVING, at__gt=state.at)
    if newer.exists():
        return TrackingState.OLDER
    if state.meaning not in allowed_moves(parcel):
        return TrackingState.NO_CHANGE
    try:
        outcomes.arrive(
            parcel=parcel, outcome=state.meaning, by=None, why=f"the carrier says {state.code}", at=state.at
        )
    except StateError:  # a person noted it in this moment: what they said stands
        return TrackingState.NO_CHANGE
    return TrackingState.APPLIED


def apply_waiting(*, parcel_id: int) -> int:
    """The parcel has left by our books now: what its carrier had told before counts. Returns how many states."""
    waiting = TrackingState.objects.filter(
        parcel=parcel_id, outcome=TrackingState.NOT_LEFT, settled_at=None
    ).select_related("parcel__order")
    count = 0
    for state in waiting.order_by("at", "pk"):
        _held(state.parcel)
        state.outcome = _apply(state)
        state.save(update_fields=["outcome"])
        count += 1
    return count


def settle(*, state: TrackingState, by: Any, note: str = "") -> None:
    """A person looked at a question. DispatchError when a colleague already had."""
    rows = TrackingState.objects.filter(pk=state.pk, settled_at=None, outcome__in=TrackingState.QUESTIONS)
    if not rows.update(settled_at=now(), settled_by=by, note=note[:200]):
        raise DispatchError(_("A colleague has already looked at this one."))


def history(parcel_id: int) -> Iterable[TrackingState]:
    """What the carrier told of a parcel, oldest first. One query."""
    return TrackingState.objects.filter(parcel=parcel_id).order_by("at", "pk")
