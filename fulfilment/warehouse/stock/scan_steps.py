"""What a scan means on the pages that book goods by scan: bin, article, lot, in whatever order they come.

The state travels in the page's form, nothing is kept between two requests, so a page that was sent twice means the same
twice. Each scan makes a new state; when nothing is missing any more, the page books.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord

from .actions import QUANTITY_MAX, StockError, clean_code, find_place_of_kind, handling_of
from .codes import find_article, find_bin
from .models import BY_SERIAL, QUARANTINE, Bin, Handling, Lot


@dataclass(frozen=True, slots=True)
class Asked:
    """An article in hand: its record, what it asks for, and the pieces scanned so far."""

    record: StockRecord
    handling: Handling
    pieces: int = 1
    lot: str = ""
    best_before: dt.date | None = None
    known: Lot | None = None  #: the lot, where the house had it before

    @property
    def wants_lot(self) -> bool:
        """Whether the next scan is its lot or serial number."""
        return self.handling.is_tracked and not self.lot

    @property
    def is_serial(self) -> bool:
        """Whether each piece has a number of its own."""
        return self.handling.tracking == BY_SERIAL


def in_hand(code: str, pieces: int, lot: str = "") -> Asked | None:
    """The article that the form carries along; None when there is none (any more)."""
    found = find_article(code) if code else None
    if found is None:
        return None
    asked = Asked(found.stockrecord, handling_of(found.stockrecord.pk), pieces, lot)
    return _with_known(asked) if lot else asked


def _with_known(asked: Asked) -> Asked:
    """The article with what the house knows of the lot in hand."""
    known = Lot.objects.filter(stockrecord=asked.record, code=asked.lot).first()
    return replace(asked, known=known, best_before=known.best_before if known else None)


def check_pieces(pieces: int) -> int:
    """StockError in words when more was scanned than one booking takes."""
    if pieces > QUANTITY_MAX:
        raise StockError(_("More than %(most)s pieces are not booked at once.") % {"most": QUANTITY_MAX})
    return pieces


def known_bin(code: str) -> Bin | None:
    """The bin of this code; StockError in words when it is closed."""
    bin = find_bin(code)
    if bin is not None and not bin.is_active:
        raise StockError(_("Bin %(bin)s is closed; nothing can be put there.") % {"bin": bin.code})
    return bin


def scan_article(asked: Asked | None, code: str, times: int) -> Asked | None:
    """The article after a scan of ``code``: new in hand, or more of the same. None when no article has this code.

    times: how often the scan counts, as typed. StockError while another article is still in hand.
    """
    found = find_article(code)
    if found is None:
        return None
    if asked is None:
        handling = handling_of(found.stockrecord.pk)
        one = handling.tracking == BY_SERIAL
        return Asked(found.stockrecord, handling, 1 if one else check_pieces(found.pieces * times))
    if found.stockrecord.pk != asked.record.pk:
        raise StockError(
            _("%(sku)s is still in your hand: finish it first, or begin anew.")
            % {"sku": asked.record.partner_sku}
        )
    return replace(asked, pieces=1 if asked.is_serial else check_pieces(asked.pieces + found.pieces * times))


def scan_lot(asked: Asked, code: str) -> Asked:
    """The article with the lot or serial number that was scanned; its date, where the lot is known already."""
    return _with_known(replace(asked, lot=clean_code(code)))


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recalled lot in hand, and where it is to go (None: the site is not known yet, or has no such bin)."""

    lot: Lot
    place: Bin | None


def recalled(asked: Asked | None, near: Bin | None) -> Recalled | None:
    """What is in hand when a recall keeps its lot off sale, with the place for it at the site of ``near``; else None.
    One query when it is recalled."""
    if asked is None or asked.known is None or not asked.known.is_recalled:
        return None
    return Recalled(asked.known, find_place_of_kind(QUARANTINE, near.site_id) if near else None)


def unknown(code: str) -> StockError:
    """Nothing in the house has this code."""
    return StockError(_("No article and no bin has the code “%(code)s”.") % {"code": code[:60]})
