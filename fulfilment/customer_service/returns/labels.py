"""A carrier's label for the way back, where the postage is the shop's: asked for by a worker, beside our own slip.

The customer wants it by a click (once per return); asking the carrier happens outside of any transaction, by one worker
at a time. A carrier that does not answer is asked again with growing pauses; one that refuses, or stays silent, leaves
our slip, which works with any carrier. Labels cost when they are used, so one whose answer was lost costs nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Sum

from fulfilment.warehouse.dispatch import papers, tracking
from fulfilment.warehouse.dispatch.carriers import UNKNOWN as SAYS_NOTHING
from fulfilment.warehouse.dispatch.carriers import CarrierDown, CarrierRefused, for_returns
from fulfilment.warehouse.dispatch.carriers import carrier as carrier_named
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel import claims
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from .events import ReturnLabelReady
from .models import SHOP, Authorisation, CarrierLabel

log = logging.getLogger(__name__)

BATCH = 50
MAY_SEND = ("announced", "authorised")
PACKING_G = 300  #: carton and paper around what comes back
LEAST_G = 500
ASK_AFTER = dt.timedelta(hours=1)  #: a label is asked about at most that often
TOO_LATE = "the parcel has left already, or is not awaited any more"
ASK_FOR = dt.timedelta(days=45)  #: and not for ever


def offered(returning: Return, authorisation: Authorisation | None) -> bool:
    """Whether its customer may have one: the postage is ours, it has not left, and a carrier makes labels from where
    they live. No query when order and addresses are loaded."""
    if authorisation is None or authorisation.payer != SHOP or returning.state not in MAY_SEND:
        return False
    return for_returns(papers.recipient(returning.order).country) is not None


def want(*, returning: Return) -> CarrierLabel | None:
    """Ask for a label; a worker is nudged. The one there is, however often it is wanted; None where none is offered."""

    def write() -> CarrierLabel | None:
        known = CarrierLabel.objects.filter(returning=returning).first()
        if known is not None or not offered(returning, getattr(returning, "authorisation", None)):
            return known
        connector = for_returns(papers.recipient(returning.order).country)
        assert connector is not None  # it is offered
        made, _new = CarrierLabel.objects.get_or_create(
            returning=returning, defaults={"connector": connector.code}
        )
        transaction.on_commit(lambda: nudge(made.pk), robust=True)
        return made

    return retrying(write)


def nudge(label_id: int) -> None:
    """Ask a worker to look at a label now; the sweep does it when the queue is broken."""
    from .tasks import book_label

    try:
        book_label.delay(label_id)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, return label %s waits for the sweep: %s", label_id, error)


def work(label_id: int) -> bool:
    """Ask the carrier, if it is due and nobody else is at it. Returns whether this call brought it to an end."""
    label = claims.take(CarrierLabel, label_id)
    if label is None:
        return False
    label = CarrierLabel.objects.select_related(
        "returning__order__shipping_address", "returning__order__billing_address"
    ).get(pk=label.pk)
    returning = label.returning
    if not _awaited(returning):
        return claims.finish(label, refused=TOO_LATE)
    try:
        booked = carrier_named(label.connector).book_return(
            reference=returning.number,
            sender=papers.recipient(returning.order),
            weight_g=_weight_g(returning),
        )
    except CarrierRefused as error:
        return claims.finish(label, refused=str(error)[:500])
    except Exception as error:
        claims.fail(label, error)
        return False

    def write() -> bool:
        if not _awaited(Return.objects.select_for_update().get(pk=returning.pk)):
            return claims.finish(label, refused=TOO_LATE)  # while the carrier was asked
        if not claims.finish(
            label,
            tracking_number=booked.tracking_number,
            pdf=booked.pdf,
            qr_png=booked.qr_png,
            has_code=bool(booked.qr_png),
        ):
            return False  # another worker was faster; our label is never used
        dock.note_tracking(returning=returning, tracking_number=booked.tracking_number)
        Authorisation.objects.filter(returning=returning).update(
            carrier=label.connector.upper(), tracking_number=booked.tracking_number
        )
        record(ReturnLabelReady(returning.pk, returning.number, returning.order_id))
        return True

    return retrying(write)


def _awaited(returning: Return) -> bool:
    """Whether its customer can still use a label: it has not left with another number, and we wait for it."""
    mine = Authorisation.objects.filter(returning=returning, sent_at=None)
    return returning.state in MAY_SEND and mine.exists()


def _weight_g(returning: Return) -> int:
    """Of what is announced, with its carton, in grams."""
    items = returning.items.filter(order_line__isnull=False)
    goods = items.aggregate(sum=Sum(F("order_line__weight_g") * F("quantity_announced")))["sum"] or 0
    return max(LEAST_G, int(goods) + PACKING_G)


def work_due() -> int:
    """Whatever is due. Returns how many came to an end."""
    return sum(work(pk) for pk in claims.waiting(CarrierLabel, BATCH).values_list("pk", flat=True))


def ask_where() -> int:
    """Ask the carriers about labels whose parcel is not here. Returns how many were asked about; what is told goes the
    way of all tracking states."""
    moment = now()
    rows = CarrierLabel.objects.filter(
        returning__state__in=(*MAY_SEND, "in_transit"), wanted_at__gte=moment - ASK_FOR
    ).exclude(tracking_number="")
    rows = rows.filter(Q(asked_at=None) | Q(asked_at__lte=moment - ASK_AFTER))
    rows = rows.order_by(
        F("asked_at").asc(nulls_first=True), "pk"
    )  # nobody waits behind labels that nobody uses
    by_carrier: dict[str, dict[int, str]] = {}
    for pk, connector, number in rows.values_list("pk", "connector", "tracking_number")[:BATCH]:
        by_carrier.setdefault(connector, {})[pk] = number
    return sum(_ask(connector, numbers) for connector, numbers in by_carrier.items())


def _ask(connector: str, numbers: dict[int, str]) -> int:
    try:
        told = carrier_named(connector).track(list(numbers.values()))
    except (CarrierDown, CarrierRefused) as error:
        log.warning("%s cannot be asked where returns are, again later: %s", connector, error)
        CarrierLabel.objects.filter(pk__in=numbers).update(asked_at=now())  # others first, next time
        return 0
    for news in told:
        tracking.store(connector, news)
    CarrierLabel.objects.filter(pk__in=numbers).update(asked_at=now())
    return len(numbers)


def note_news(tracking_number: str, meaning: str) -> bool:
    """A carrier tells where a parcel is: one with a label of ours for the way back is on its way to us. Within the
    transaction that notes it. False for a number that is none of ours."""
    label = CarrierLabel.objects.filter(tracking_number=tracking_number).select_related("returning").first()
    if label is None or not tracking_number:
        return False
    if meaning != SAYS_NOTHING and label.returning.state in MAY_SEND:
        try:
            with transaction.atomic():
                note_sent(label.returning)
        except StockError:  # the dock was faster
            log.info("return %s is here already", label.returning.number)
    return True


def note_sent(returning: Return, by: Any = None) -> None:
    """It is with the carrier."""
    dock.note_on_its_way(returning=returning, by=by, why="the carrier says so")
    Authorisation.objects.filter(returning=returning, sent_at=None).update(sent_at=now())
