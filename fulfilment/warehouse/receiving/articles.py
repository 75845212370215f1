"""Which line of the order a scanned article is. Pack codes count their pieces; a serial number names its article."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from fulfilment.warehouse.picking.models import PickedLot
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.codes import find_article
from fulfilment.warehouse.stock.models import Handling, Lot

from .queries import DockLine

UNTRACKED = "none"


class WrongArticle(StockError):
    """The scan is no article of this return; the text says what it is. It can be recorded as a wrong article."""


@dataclass(frozen=True, slots=True)
class Article:
    """What the person has in hand: the line, the pieces one scan stands for, and the lot when the scan named it."""

    row: DockLine
    pieces: int = 1
    lot: Lot | None = None


def resolve(rows: list[DockLine], code: str) -> Article:
    """The line of ``rows`` that a scan means, the one that still awaits pieces first. WrongArticle in words."""
    code = code.strip()
    scanned = find_article(code)
    if scanned is None:
        return _by_serial(rows, code)
    found = scanned.stockrecord
    fitting = [row for row in rows if row.line.stockrecord_id == found.pk]
    if not fitting:
        raise WrongArticle(
            _("%(sku)s (%(title)s) was not sent with this order.")
            % {"sku": found.partner_sku, "title": found.product.title_local}
        )
    return Article(_best(fitting, found.partner_sku), scanned.pieces)


def _best(rows: list[DockLine], sku: str) -> DockLine:
    for row in rows:  # those that are awaited stand first
        if row.may_come:
            return row
    raise WrongArticle(_("Every piece of %(sku)s that was sent has come back already.") % {"sku": sku})


def _by_serial(rows: list[DockLine], code: str) -> Article:
    """A serial number that was sent with one of the lines."""
    records = [row.line.stockrecord_id for row in rows if row.line.stockrecord_id]
    lot = Lot.objects.filter(stockrecord__in=records, code__iexact=code, is_serial=True).first()
    if lot is None:
        raise WrongArticle(_("No article has the code %(code)s.") % {"code": code[:60]})
    fitting = [row for row in rows if row.line.stockrecord_id == lot.stockrecord_id]
    return Article(_best(fitting, code), lot=lot)


def tracking_of(row: DockLine) -> str:
    """none, lot or serial. One query."""
    found = Handling.objects.filter(stockrecord=row.line.stockrecord_id).values_list("tracking", flat=True)
    return found.first() or UNTRACKED


def lot_of(row: DockLine, code: str) -> Lot:
    """The lot or serial number on the piece. WrongArticle when it was never ours, or another one was sent.

    What was picked for the line is known since lots are scanned; older lines take every lot of the article.
    """
    code = code.strip()
    lot = Lot.objects.filter(stockrecord=row.line.stockrecord_id, code__iexact=code).first() if code else None
    if lot is None:
        raise WrongArticle(
            _("%(sku)s has no lot or serial number %(code)s.")
            % {"sku": row.line.partner_sku, "code": code[:60] or "–"}
        )
    sent = set(PickedLot.objects.filter(pick_line__order_line=row.line).values_list("lot_id", flat=True))
    if sent and lot.pk not in sent:
        raise WrongArticle(
            _("%(code)s was not sent with this order; please compare the number.") % {"code": lot.code}
        )
    return lot
