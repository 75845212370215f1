"""What became of a parcel, whoever says so: one way in, and the house is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .events import ParcelDelivered, ParcelLost, ParcelReturned
from .models import Parcel

TOLD = {"delivered": ParcelDelivered, "lost": ParcelLost, "returned": ParcelReturned}


def arrive(*, parcel: Parcel, outcome: str, by: Any, why: str = "", at: dt.datetime | None = None) -> None:
    """Move the parcel to ``delivered``, ``lost`` or ``returned`` and tell it, in one transaction.

    ``at``: when it happened by the word of who says so. Stock and money are not touched. Raises MoveNotAllowed or
    StaleState when the parcel's state does not allow it.
    """

    def write() -> None:
        move(parcel, to=outcome, by=by, why=why)
        record(
            TOLD[outcome](
                parcel_id=parcel.pk,
                order_id=parcel.order_id,
                order_number=parcel.order.number,
                carrier=parcel.carrier,
                tracking_number=parcel.tracking_number,
                at=(at or now()).isoformat(),
            )
        )

    retrying(write)
