"""Verbs of labels: want one, ask the carrier, give it back, try again.

A label is wanted in the transaction that packs the parcel. Asking the carrier happens outside of any transaction, by
one worker at a time (see shop/kernel/claims.py), and the answer is written down by one that checks that the label is
still wanted. When an answer was lost, the carrier is asked for our reference before anything is booked again.
"""

from __future__ import annotations

import logging
from copy import copy
from dataclasses import asdict
from functools import partial
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from shop.kernel import claims
from shop.kernel.clock import now
from shop.kernel.outbox import current_correlation_id, thread_on
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from . import addresses, papers
from .carriers import ABOUT_ADDRESS, ABOUT_PARCEL, Booked, Carrier, CarrierRefused, Shipment
from .carriers import carrier as carrier_named
from .errors import DispatchError
from .models import CONSENT, CONTACT_REASON_MAX_CHARS, SENT, Label, LabelFile, Parcel
from .states import LIVE_STAGES

log = logging.getLogger(__name__)

BATCH = 50  #: labels of one sweep
REFERENCE_CHARS = (8, 35)  #: as carriers take them
REASON_MAX_CHARS = 500


def live(parcel_id: int) -> Label | None:
    """The parcel's label that is wanted, refused, booked or being cancelled; at most one."""
    return Label.objects.filter(parcel_id=parcel_id, stage__in=LIVE_STAGES).first()


def want(*, parcel: Parcel, by: Any) -> Label:
    """Ask for a label, in the caller's transaction; a worker is nudged afterwards. The one there is, when there is one.

    An address or weight that cannot travel is refused at once, with the reason, without asking the carrier.
    """
    known = live(parcel.pk)
    if known is not None:
        return known
    count = Label.objects.filter(parcel=parcel).count() + 1
    label = Label.objects.create(
        parcel=parcel,
        reference=_reference(parcel, count),
        connector=carrier_named(parcel.carrier).code,
        wanted_by=by if getattr(by, "pk", None) else None,
        correlation_id=thread_on(parcel) or current_correlation_id(),
    )
    refusal = _cannot_travel(label)
    if refusal is not None:
        _refuse(label, refusal)
    else:
        _hurry(label)
    return label


def want_again(*, parcel: Parcel, by: Any) -> Label:
    """Staff's button: a label for a parcel whose label was given back. DispatchError when it is not here any more."""

    def write() -> Label:
        if not Parcel.objects.filter(pk=parcel.pk, state="packed", kind=SENT).update(kind=SENT):
            raise DispatchError(_("Parcel %(number)s needs no label.") % {"number": parcel.number})
        return want(parcel=parcel, by=by)

    label = retrying(write)
    at_once(parcel)
    return label


def _reference(parcel: Parcel, count: int) -> str:
    name = f"{parcel.number}-L{count}"
    least, most = REFERENCE_CHARS
    return name if least <= len(name) <= most else f"P{parcel.pk:06d}-L{count}"


def _hurry(label: Label) -> None:
    """A carrier is asked by a worker; our own label is made by whoever waits for it (``at_once``)."""
    if carrier_named(label.parcel.carrier).uses_network:
        transaction.on_commit(lambda: nudge(label.pk), robust=True)


def nudge(label_id: int) -> None:
    """Ask a worker to look at a label now; the sweep does it when the queue is broken."""
    from .tasks import work_label

    try:
        work_label.delay(label_id)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, label %s waits for the sweep: %s", label_id, error)


def _cannot_travel(label: Label) -> CarrierRefused | None:
    parcel = label.parcel
    connector = carrier_named(parcel.carrier)
    found = addresses.problems(papers.recipient(parcel.order), connector.code)
    if found:
        return CarrierRefused(" ".join(found), ABOUT_ADDRESS)
    if parcel.weight_g > connector.weight_max_g:
        words = _("%(weight)s g are too heavy for this carrier; it takes %(most)s g.")
        values = {"weight": parcel.weight_g, "most": connector.weight_max_g}
        return CarrierRefused(words % values, ABOUT_PARCEL)
    return None


def work(label_id: int) -> bool:
    """Ask the carrier what is to be asked for this label, if it is due and nobody else is at it.

    Returns whether this call brought it to an end. A failure is counted with its cause and tried again later.
    """
    label = claims.take(Label, label_id)
    if label is None:
        return False
    label = Label.objects.select_related("parcel__order", "parcel__pick_list").get(pk=label.pk)
    try:
        return _book(label) if label.stage == "wanted" else _cancel(label)
    except CarrierRefused as error:
        return _refused_by_carrier(label, error)
    except Exception as error:
        claims.fail(label, error)
    return False


def work_due(limit: int = BATCH) -> int:
    """Whatever is due; a carrier that does not answer is left alone for the rest of the sweep. Returns how many."""
    done, silent = 0, set()
    waiting = list(claims.waiting(Label, limit).values_list("pk", "connector"))
    for pk, connector in waiting:
        if connector in silent:
            continue
        if work(pk):
            done += 1
        elif Label.objects.filter(pk=pk, last_error__startswith="CarrierDown").exists():
            silent.add(connector)
    return done


def _book(label: Label) -> bool:
    connector = carrier_named(label.parcel.carrier)
    shipment = _shipment(label, connector)
    refusal = _cannot_travel(label)
    if refusal is not None:
        raise refusal
    asked_before = label.asked_at
    fresh = Label.objects.filter(pk=label.pk, stage="wanted", claim=label.claim)
    moment = asked_before or now()
    why = _contact_given_for(label, connector)
    if not fresh.update(
        asked_at=moment,
        recipient=asdict(shipment.recipient),
        connector=connector.code,
        contact_given_for=why[:CONTACT_REASON_MAX_CHARS],
    ):
        return False  # withdrawn in this moment: nothing was asked
    booked = connector.find(label.reference, asked_before) if asked_before else None
    return _booked(label, connector, booked or connector.book(shipment))


def _contact_given_for(label: Label, connector: Carrier) -> str:
    """Why the carrier gets the recipient's e-mail address and phone number; empty: it does not.

    With consent (Art. 6 (1) a GDPR), or where a parcel cannot travel without them (Art. 6 (1) b).
    """
    order = label.parcel.order
    if order.carrier_contact_agreed_at:
        return CONSENT
    return connector.needs_contact(papers.recipient(order).country)


def _shipment(label: Label, connector: Carrier) -> Shipment:
    parcel, order = label.parcel, label.parcel.order
    carton = parcel.carton
    contact = (order.email or "", order.phone) if _contact_given_for(label, connector) else ("", "")
    return Shipment(
        reference=label.reference,
        sender=papers.sender(parcel),
        recipient=papers.recipient(order),
        weight_g=parcel.weight_g,
        measures_mm=carton.sides if carton else None,
        email=contact[0],
        phone=contact[1],
    )


def _booked(label: Label, connector: Carrier, booked: Booked) -> bool:
    """Write the booking down. When the label is no longer wanted, it is given back at once."""

    def write() -> None:
        seen = copy(label)  # as it was asked for, also when a busy database lets the whole run again
        move(seen, to="booked", **_ended(), tracking_number=booked.tracking_number, reason="", about="")
        Parcel.objects.filter(pk=label.parcel_id, state="packed").update(
            tracking_number=booked.tracking_number
        )
        for form, content in (("pdf", booked.pdf), ("zpl", booked.zpl)):
            if content:
                LabelFile.objects.get_or_create(label=label, form=form, defaults={"content": content})

    try:
        retrying(write)
    except StaleState:
        log.info("label %s is not wanted any more, %s is given back", label.reference, booked.tracking_number)
        # Our claim is let go, so that the cancelling that waits finds the number and can begin.
        Label.objects.filter(pk=label.pk, claim=label.claim).update(
            tracking_number=booked.tracking_number, claim="", claimed_until=None
        )
        return False
    label.parcel.tracking_number = booked.tracking_number
    return True


def _ended() -> dict[str, Any]:
    """Fields of a label whose task is done."""
    return {
        "state": Label.DONE,
        "done_at": now(),
        "attempts": F("attempts") + 1,
        "last_error": "",
        "claim": "",
        "claimed_until": None,
    }


def _again() -> dict[str, Any]:
    """Fields of a label that a task has to look at now."""
    return {"state": Label.PENDING, "attempts": 0, "next_attempt_at": now(), "last_error": ""}


def _refuse(label: Label, error: CarrierRefused) -> None:
    move(label, to="refused", **_ended(), reason=str(error)[:REASON_MAX_CHARS], about=error.about)


def _refused_by_carrier(label: Label, error: CarrierRefused) -> bool:
    """The carrier said no: to the booking, then the order waits; or to the cancelling, then it stays booked."""
    if label.stage == "wanted":
        try:
            retrying(lambda: _refuse(copy(label), error))
        except StaleState:
            Label.objects.filter(pk=label.pk, claim=label.claim).update(claim="", claimed_until=None)
        return True

    def stays() -> None:
        move(
            copy(label),
            to="booked",
            **_ended(),
            rebook=False,
            reason=str(error)[:REASON_MAX_CHARS],
            about=error.about,
        )
        rows = Parcel.objects.filter(pk=label.parcel_id, state="packed")
        rows.update(tracking_number=label.tracking_number)

    retrying(stays)
    return True


def _cancel(label: Label) -> bool:
    connector = carrier_named(label.parcel.carrier)
    number = label.tracking_number
    if not number and label.asked_at:
        found = connector.find(label.reference, label.asked_at)
        number = found.tracking_number if found else ""
    if number:
        connector.cancel(number)

    def write() -> bool:
        ended = copy(label)
        move(ended, to="cancelled", **_ended(), tracking_number=number)
        # Read now that we hold it: the address may have been corrected while the carrier was asked.
        ended.refresh_from_db(fields=["rebook"])
        parcel = Parcel.objects.select_related("order", "pick_list").get(pk=label.parcel_id)
        if not (ended.rebook and parcel.state == "packed"):
            return False
        want(parcel=parcel, by=label.wanted_by)
        return True

    if retrying(write):
        at_once(label.parcel)
    return True


def cancel(*, parcel: Parcel, by: Any, why: str = "", rebook: bool = False) -> None:
    """Give the label back before the parcel leaves; the carrier is asked by a worker. ``rebook``: a new one follows.

    DispatchError when the parcel has left or has no label that could be cancelled.
    """

    def write() -> None:
        kept = Parcel.objects.filter(pk=parcel.pk, state="packed").update(tracking_number="")
        if not kept:
            raise DispatchError(_("Parcel %(number)s has already left.") % {"number": parcel.number})
        label = live(parcel.pk)
        if label is None:
            raise DispatchError(_("Parcel %(number)s has no label.") % {"number": parcel.number})
        give_back(label, by=by, why=why, rebook=rebook)

    retrying(write)
    at_once(parcel)


def give_back(label: Label, *, by: Any, why: str = "", rebook: bool = False) -> None:
    """In the caller's transaction: what was never asked is withdrawn, what may be booked is to be cancelled."""
    # Taken before it is looked at: a worker that begins in this moment waits, or has begun and is seen.
    Label.objects.filter(pk=label.pk).update(rebook=rebook)
    label.refresh_from_db()
    if label.stage == "cancelling":
        return
    if label.stage == "refused" or (label.stage == "wanted" and label.asked_at is None):
        move(label, to="withdrawn", by=by, why=why, **_ended())
        if rebook:
            want(parcel=label.parcel, by=by)
        return
    move(label, to="cancelling", by=by, why=why, **_again())
    _hurry(label)


def retry(*, label: Label, by: Any) -> None:
    """Staff's button: what was refused or given up is asked again now. DispatchError when there is nothing to ask."""

    def write() -> None:
        fresh = Label.objects.select_related("parcel__order").get(pk=label.pk)
        if fresh.stage == "refused":
            move(fresh, to="wanted", by=by, why="asked again", **_again(), reason="", about="")
            refusal = _cannot_travel(fresh)
            if refusal is not None:
                _refuse(fresh, refusal)
        elif (
            fresh.stage == "booked" and fresh.parcel.state == "unpacked"
        ):  # the carrier had not taken it back
            move(fresh, to="cancelling", by=by, why="asked again", **_again(), reason="", about="")
        elif fresh.stage in ("wanted", "cancelling") and not fresh.is_claimed:
            Label._base_manager.filter(pk=fresh.pk, claimed_until=fresh.claimed_until).update(**_again())
        else:
            raise DispatchError(_("There is nothing to ask the carrier for now."))
        _hurry(fresh)

    retrying(write)
    at_once(label.parcel)
    label.refresh_from_db()


def at_once(parcel: Parcel) -> None:
    """Our own label needs nobody: it is made while the person waits."""
    if carrier_named(parcel.carrier).uses_network:
        return
    label = live(parcel.pk)
    if label is not None and label.is_at_work:
        try:
            work(label.pk)
        except OperationalError as error:  # what the person did is done; the label follows with the sweep
            log.warning("database busy, label %s waits for the sweep: %s", label.pk, error)
    parcel.refresh_from_db(fields=["tracking_number"])


def readdress(*, order_id: int, by: Any = None) -> int:
    """The order's address was corrected: labels of parcels that are here are asked for anew. Returns how many.

    In the caller's transaction. What was refused is asked again; what is booked under the old address is given back.
    """
    rows = Label.objects.select_related("parcel__order").filter(
        parcel__order_id=order_id, parcel__state="packed", stage__in=LIVE_STAGES
    )
    found = list(rows.order_by("pk"))
    for label in found:
        if not Parcel.objects.filter(pk=label.parcel_id, state="packed").update(tracking_number=""):
            continue  # it left in this moment: a label that travels is not given back
        label.refresh_from_db()
        if label.stage not in LIVE_STAGES:
            continue
        if label.stage == "refused" and label.about == ABOUT_ADDRESS:
            move(label, to="wanted", by=by, why="address corrected", **_again(), reason="", about="")
            refusal = _cannot_travel(label)
            if refusal is not None:
                _refuse(label, refusal)
            else:
                _hurry(label)
        else:
            give_back(label, by=by, why="address corrected", rebook=True)
    wanted = Label.objects.filter(parcel__in=[label.parcel_id for label in found], state=Label.PENDING)
    for label_id in wanted.values_list("pk", flat=True):
        transaction.on_commit(partial(nudge, label_id), robust=True)
    return len(found)
