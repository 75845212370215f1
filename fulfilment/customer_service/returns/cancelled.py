"""New goods that do not go out after all: what came back for them is decided anew, by a person."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.finance.invoicing import accounts
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from . import automatic
from .exchange_end import end_with
from .left import CAUSE
from .models import Settlement
from .plan import first_order
from .states import NOTHING, PROPOSED


def decide_anew(*, made: Order, by: Any = None) -> Settlement | None:
    """An order that was to send new goods is cancelled: its exchange ends, and the return that came for it, of which
    nothing was due, waits for a person. Returns that settlement; None when nothing came or its money was decided.

    The customer has given the old goods away for new ones; without the new ones their price is owed (§ 346 (1) BGB).
    """

    def write() -> Settlement | None:
        accounts.locked(first_order(made))  # who settles the return in this moment comes before or after us
        end_with(made=made, by=by)
        found = Settlement.objects.filter(
            order_id=made.replaces_id, cause=f"{CAUSE}:{made.number}", state__in=(NOTHING, PROPOSED)
        ).first()
        if found is None:
            return None
        with translation.override(settings.LANGUAGE_CODE):
            why = _("Order %(number)s was cancelled") % {"number": made.number}
        return _reopen(found, automatic.CANCELLED, why, by)

    return retrying(write)


def decide_rest(*, made: Order, by: Any = None) -> Settlement | None:
    """Pieces of an order that sends new goods were cancelled (a shortage): when more came back for them than goes out,
    a person decides about the rest. Returns that settlement; None when all is replaced, or nothing came."""

    def write() -> Settlement | None:
        accounts.locked(first_order(made))
        found = Settlement.objects.filter(
            order_id=made.replaces_id, cause=f"{CAUSE}:{made.number}", state=NOTHING
        ).first()
        if found is None or automatic.is_replaced(found):
            return None
        with translation.override(settings.LANGUAGE_CODE):
            why = _("Pieces of order %(number)s were cancelled") % {"number": made.number}
        return _reopen(found, automatic.SHORTENED, why, by)

    return retrying(write)


def _reopen(found: Settlement, because: str, why: str, by: Any) -> Settlement:
    if found.state == NOTHING:
        move(found, to=PROPOSED, by=by, why=why, kept_why="", done_at=None, done_by=None)
    Settlement.objects.filter(pk=found.pk).update(waits_because=because)
    found.waits_because = because
    return found
