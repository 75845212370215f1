"""Where what came back goes: which bins fit a grade, and which one to propose."""

from __future__ import annotations

from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.actions import StockError, default_site, place_of_kind
from fulfilment.warehouse.stock.models import (
    B_STOCK,
    HOLDING,
    MISSING_WORD,
    PICK,
    PICKABLE,
    QUARANTINE,
    Bin,
    BinStock,
    Lot,
    Movement,
    Site,
)

from .models import ASIDE, DEFECT, DISPOSAL, GRADE_A, GRADE_B, SCRAP, SHELF, TO_B_STOCK

#: What is proposed for a grade, and what else the person may choose.
CHOICES: dict[str, tuple[str, ...]] = {
    GRADE_A: (SHELF, TO_B_STOCK, ASIDE),
    GRADE_B: (TO_B_STOCK, ASIDE),
    DEFECT: (ASIDE, DISPOSAL),
    SCRAP: (DISPOSAL, ASIDE),
}
#: Kinds of bins for each way to go. Thrown away is without a bin.
KINDS: dict[str, tuple[str, ...]] = {
    SHELF: PICKABLE,
    TO_B_STOCK: (B_STOCK,),
    ASIDE: (QUARANTINE,),
    DISPOSAL: (),
}


def choices(grade: str, lot: Lot | None) -> tuple[str, ...]:
    """Where pieces of this grade may go, the usual way first; of a recalled lot never back on sale, nor to B stock."""
    ways = CHOICES[grade]
    if lot is not None and lot.is_recalled:
        return tuple(way for way in ways if set(KINDS[way]) <= set(HOLDING))
    return ways


def propose_bin(disposition: str, stockrecord_id: int, site: Site | None = None) -> Bin | None:
    """The bin to carry a piece to: for the shelf the picking bin that holds most of its kind, else the one that held it
    last. None: disposal, or nobody knows a bin. At most three queries."""
    if disposition == DISPOSAL:
        return None
    if disposition != SHELF:
        return place_of_kind(KINDS[disposition][0], site)
    site = site or default_site()
    fitting = {"bin__site": site, "bin__kind": PICK, "bin__is_active": True}
    lying = BinStock.objects.filter(stockrecord_id=stockrecord_id, quantity__gt=0, **fitting)
    most = lying.select_related("bin").order_by("-quantity", "bin__sequence").first()
    if most is not None:
        return most.bin
    moved = Movement.objects.filter(stockrecord_id=stockrecord_id, **fitting).select_related("bin")
    last = moved.order_by("-pk").first()
    return last.bin if last else None


def check_place(*, grade: str, disposition: str, bin: Bin | None) -> None:
    """StockError in words when pieces of this grade may not go there, or the bin is not of the kind, or closed."""
    if disposition not in CHOICES[grade]:
        raise StockError(_("A piece of this grade cannot go there. Please choose again."))
    if disposition == DISPOSAL:
        if bin is not None:
            raise StockError(_("What is thrown away needs no bin."))
        return
    if bin is None:
        raise StockError(_("Please scan the bin."))
    if bin.kind not in KINDS[disposition] or bin.code.startswith(MISSING_WORD):
        raise StockError(
            _("Bin %(bin)s is a %(kind)s; that does not fit. Please scan another one.")
            % {"bin": bin.code, "kind": bin.get_kind_display()}
        )
    if not bin.is_active:
        raise StockError(_("Bin %(bin)s is closed. Please scan another one.") % {"bin": bin.code})
