"""What the shop did not take is the customer's: it waits until somebody sends it back, or says why not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from fulfilment.warehouse.dispatch.carriers import tracking_number
from fulfilment.warehouse.receiving.models import CARRIER_LABEL, NO_PARCEL, OWN_LABEL, WAYS_BACK, Return
from fulfilment.warehouse.receiving.queries import to_give_back
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.clock import now
from shop.kernel.numbers import next_with_gaps
from shop.kernel.text import clean_line

NUMBER_MAX_CHARS, NOTE_MAX_CHARS = 40, 200


def give_back(*, returning: Return, way: str, by: Any, number: str = "", note: str = "") -> None:
    """The rejected pieces of a settled return leave for the customer, once; they are out of the stock already.

    ``way``: one of WAYS_BACK. With our own label a tracking number is made; of a carrier's label ``number`` is needed;
    without a parcel ``note`` says why. Raises StockError in words; then nothing was changed.
    """
    number, note = clean_line(number)[:NUMBER_MAX_CHARS], clean_line(note)[:NOTE_MAX_CHARS]
    if way not in dict(WAYS_BACK):
        raise StockError(_("Please choose how the pieces go back."))
    if way == CARRIER_LABEL and not number:
        raise StockError(_("Please enter the tracking number on the carrier's label."))
    if way == NO_PARCEL and not note:
        raise StockError(_("Please say why no parcel goes back; the customer may ask."))
    if way == OWN_LABEL:
        number = tracking_number(next_with_gaps("tracking"))
    sent = Return.objects.filter(pk__in=to_give_back().filter(pk=returning.pk).values("pk")).update(
        given_back_at=now(),
        given_back_by=by if getattr(by, "pk", None) else None,
        given_back_way=way,
        given_back_number=number if way != NO_PARCEL else "",
        given_back_note=note,
    )
    if not sent:
        raise StockError(
            _("Nothing of return %(number)s waits to go back. Please look again.")
            % {"number": returning.number}
        )
    returning.refresh_from_db()
