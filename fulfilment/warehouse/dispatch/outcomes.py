"""What became of a parcel, whoever says so: one way in, and the house is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .errors import DispatchError
from .events import ParcelDelivered, ParcelLost, ParcelReturned
from .models import LOSS_ENDS, Parcel

LOSS_NOTE_MAX_CHARS = 200  #: as the column
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


def close_loss(*, parcel: Parcel, end: str, by: Any, note: str) -> None:
    """A person has seen to a lost parcel, and says how (one of LOSS_ENDS) and why: it is off the list of work.

    Nothing else is done by it: money goes back by a credit note, goods by another order. Raises DispatchError in words:
    no reason, nothing of the choices, not lost (any more), or a colleague was faster.
    """
    if end not in dict(LOSS_ENDS):
        raise DispatchError(_("Please choose what was done."))
    if not note.strip():
        raise DispatchError(_("Please say in a few words what was done; the customer may ask."))
    open_one = Parcel.objects.filter(pk=parcel.pk, state="lost", loss_closed_as="")
    closed = open_one.update(
        loss_closed_as=end,
        loss_note=note.strip()[:LOSS_NOTE_MAX_CHARS],
        loss_closed_at=now(),
        loss_closed_by=by if getattr(by, "pk", None) else None,
    )
    if not closed:
        raise DispatchError(
            _("Parcel %(number)s is not lost any more, or somebody closed it already. Please look again.")
            % {"number": parcel.number}
        )
    parcel.refresh_from_db()
