"""Reads of dispatch that more than one caller needs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import F, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from checkout.order.models import Line
from fulfilment.warehouse.picking.models import PickLine, PickList
from shop.kernel.models import StateChange

from .models import SENT, Label, Parcel, ParcelLine
from .states import AT_WORK, PARCEL


@dataclass(frozen=True, slots=True)
class ToPack:
    """An order line at a packing place: how many pieces were picked for it here, are in parcels, wait, and are still
    missing (picked nowhere)."""

    order_line: Line
    picked: int
    packed: int
    picked_anywhere: int

    @property
    def quantity(self) -> int:
        """Pieces that lie there and are in no parcel yet."""
        return self.picked - self.packed

    @property
    def missing(self) -> int:
        """Pieces of the order that were not picked yet."""
        line = self.order_line
        return max(0, line.quantity - line.quantity_cancelled - self.picked_anywhere)


def pieces_waiting() -> Any:
    """Pieces of a list that were picked and are in no parcel, as an expression on pick lists."""
    taken = PickLine.objects.filter(pick_list=OuterRef("pk"), put_back=False).order_by().values("pick_list")
    inside = ParcelLine.objects.filter(parcel__pick_list=OuterRef("pk")).exclude(parcel__state="unpacked")
    packed = inside.order_by().values("parcel__pick_list")
    whole = IntegerField()
    return Coalesce(
        Subquery(taken.annotate(n=Sum("quantity_picked")).values("n"), output_field=whole), 0
    ) - Coalesce(Subquery(packed.annotate(n=Sum("quantity")).values("n"), output_field=whole), 0)


def lists_to_pack() -> QuerySet[PickList]:
    """Lists whose goods lie at the packing place. One of which nothing was found has nothing to pack: other sites send
    it, or the customer decided."""
    lists = PickList.objects.filter(state="picked", waits_for_answer=False)
    return lists.alias(waiting=pieces_waiting()).filter(waiting__gt=0)


def to_pack(pick_list: PickList) -> list[ToPack]:
    """Every line of the order with what can be packed now from this list. Three queries."""
    picked: dict[int, int] = defaultdict(int)
    anywhere: dict[int, int] = defaultdict(int)
    taken = PickLine.objects.filter(pick_list__order=pick_list.order_id, put_back=False).order_by()
    for list_id, line_id, pieces in (
        taken.values("pick_list", "order_line")
        .annotate(n=Sum("quantity_picked"))
        .values_list("pick_list", "order_line", "n")
    ):
        anywhere[line_id] += pieces
        if list_id == pick_list.pk:
            picked[line_id] += pieces
    packed = dict(
        ParcelLine.objects.filter(parcel__pick_list=pick_list)
        .exclude(parcel__state="unpacked")
        .order_by()
        .values("order_line")
        .annotate(n=Sum("quantity"))
        .values_list("order_line", "n")
    )
    lines = Line.objects.filter(order_id=pick_list.order_id).select_related("product__colour").order_by("pk")
    return [ToPack(line, picked[line.pk], packed.get(line.pk, 0), anywhere[line.pk]) for line in lines]


def parcels_of(order_id: int) -> QuerySet[Parcel]:
    """Parcels of an order, first packed first, with lines. Two queries."""
    return with_lines(Parcel.objects.filter(order_id=order_id)).order_by("sequence")


def with_lines(parcels: QuerySet[Parcel]) -> QuerySet[Parcel]:
    """Parcels with order and lines: a constant number of queries however many there are."""
    lines = ParcelLine.objects.select_related("order_line").order_by("pk")
    return parcels.select_related("order").prefetch_related(Prefetch("lines", queryset=lines))


def waiting_labels() -> QuerySet[Label]:
    """Labels a person has to look at, oldest first: refused, or given up after every try; and those of unpacked
    parcels that their carrier did not take back, for it wants to be paid."""
    given_up = Q(stage__in=AT_WORK, state=Label.DEAD)
    here = Q(parcel__state="packed") & (Q(stage="refused") | given_up)
    left_over = Q(parcel__state="unpacked") & (Q(stage="booked") | given_up)
    return Label.objects.filter(here | left_over).order_by("created_at", "pk")


def refused_labels(order_id: int | None = None) -> QuerySet[Label]:
    """Labels whose address or parcel a carrier does not take, of one order or of all."""
    rows = Label.objects.filter(stage="refused", parcel__state="packed").select_related("parcel__order")
    return rows if order_id is None else rows.filter(parcel__order=order_id)


def open_losses() -> QuerySet[Parcel]:
    """Lost parcels of which nobody has seen to the customer yet."""
    return Parcel.objects.filter(state="lost", loss_closed_as="")


def waiting_for_carrier() -> int:
    """How many parcels are packed and wait: for their label, or to be taken by the carrier. One query."""
    return Parcel.objects.filter(state="packed", kind=SENT).count()


def delivered_on(order_id: int) -> dt.date | None:
    """The day on which the last of an order's goods reached the customer, in the shop's time zone; None while anything
    is still to come, nothing was sent, or nobody knows (§ 356 (2) no. 1 b BGB: the last piece counts).

    A parcel that came back undelivered was never received. Pick-up counts when it was handed over. Three queries.
    """
    lines = Line.objects.filter(order_id=order_id)
    if lines.filter(quantity__gt=F("quantity_dispatched") + F("quantity_cancelled")).exists():
        return None
    parcels = list(Parcel.objects.filter(order_id=order_id).exclude(state="unpacked"))
    if any(parcel.state in ("packed", "lost") for parcel in parcels):
        return None
    arrived = dict(
        StateChange.objects.filter(
            machine=PARCEL.name, new="delivered", thing_id__in=[parcel.pk for parcel in parcels]
        )
        .order_by("pk")
        .values_list("thing_id", "at")
    )
    moments = []
    for parcel in parcels:
        at = parcel.dispatched_at if parcel.is_handover else arrived.get(parcel.pk)
        if at is None and parcel.state != "returned":
            return None
        if at is not None:
            moments.append(at)
    return timezone.localtime(max(moments)).date() if moments else None
