"""What people at the shelf are told, and what every verb asks of its numbers."""

from __future__ import annotations

from django.utils.translation import gettext as _

QUANTITY_MAX = 100_000  #: pieces in one booking; more is a slip of the scanner, not a delivery
COST_MAX_MINOR = 100_000_000  #: cents per piece; more is a slip of the keyboard


class StockError(Exception):
    """What a person at the shelf must be told; nothing was changed. The text is for them."""


class NotEnoughInBin(StockError):
    """The bin holds fewer pieces than should be taken out of it."""


class LotIsRecalled(StockError):
    """Pieces of a recalled lot would go where they are sold or picked from. The text names the place for them."""


class AlreadyBooked(StockError):
    """The same form was sent before: a double click, or the page was sent again."""


def check_quantity(quantity: int) -> int:
    """The quantity, when it is a whole number from 1 to QUANTITY_MAX; StockError in words otherwise."""
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= QUANTITY_MAX:
        raise StockError(
            _("The quantity must be a whole number from 1 to %(most)s.") % {"most": QUANTITY_MAX}
        )
    return quantity


def check_counted(counted: int) -> int:
    """The same for what somebody counted: 0 is a count."""
    if not isinstance(counted, int) or isinstance(counted, bool) or not 0 <= counted <= QUANTITY_MAX:
        raise StockError(_("The count must be a whole number from 0 to %(most)s.") % {"most": QUANTITY_MAX})
    return counted


def check_cost(unit_cost_minor: int | None) -> int | None:
    """The cost of a piece in minor units (None: not known); StockError in words when it cannot be one."""
    if unit_cost_minor is None:
        return None
    whole = isinstance(unit_cost_minor, int) and not isinstance(unit_cost_minor, bool)
    if not whole or not 0 <= unit_cost_minor <= COST_MAX_MINOR:
        raise StockError(_("The cost per piece must be between 0 and 1,000,000.00."))
    return unit_cost_minor
