"""The way back: the customer is told how to send goods, and says when they are on their way."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

from . import postage
from .events import ReturnExplained
from .models import TRACKING_MAX, Authorisation


class NotSent(ValueError):
    """It cannot be noted as sent; the message says why, for people."""


def explain(*, returning: Return) -> Authorisation | None:
    """Note by when it is to be sent and who pays, and tell the customer. Once; None when it came already.

    A return that was expected once more gets a new day; what its customer was told of the cost stays.
    """

    def write() -> Authorisation | None:
        if not Return.objects.filter(pk=returning.pk, state__in=("announced", "authorised")).exists():
            return None
        payer, source = postage.payer_for(postage.reason_of(returning.cause))
        send_by = timezone.localdate(now()) + dt.timedelta(days=postage.SEND_DAYS)
        found, is_new = Authorisation.objects.get_or_create(
            returning=returning, defaults={"payer": payer, "payer_source": source, "send_by": send_by}
        )
        if not is_new:
            Authorisation.objects.filter(pk=found.pk).update(send_by=send_by)
            found.send_by = send_by
        record(ReturnExplained(returning.pk, returning.number, returning.order_id))
        return found

    return retrying(write)


def note_sent(*, returning: Return, carrier: str, tracking_number: str, by: Any = None) -> Authorisation:
    """The customer says that it is on its way, and with which number; a later number replaces an earlier one.

    Raises NotSent in words when it arrived, or is not awaited any more.
    """
    facts = {
        "carrier": clean_line(carrier)[:40],
        "tracking_number": clean_line(tracking_number)[:TRACKING_MAX],
    }

    def write() -> Authorisation:
        fresh = Return.objects.select_related("authorisation").get(pk=returning.pk)
        if fresh.state != "in_transit":
            try:
                dock.note_on_its_way(returning=fresh, by=by, why=_("The customer says so"))
            except StockError:
                raise NotSent(
                    _("This return has arrived already, or is not awaited any more; nothing was changed.")
                ) from None
        dock.note_tracking(returning=fresh, tracking_number=facts["tracking_number"])
        found: Authorisation = fresh.authorisation
        for name, value in {**facts, "sent_at": found.sent_at or now()}.items():
            setattr(found, name, value)
        found.save(update_fields=[*facts, "sent_at"])
        return found

    return retrying(write)
