"""Where what came back goes: which bins fit a grade, and which one to propose."""

from __future__ import annotations

from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.actions import StockError, default_site
from fulfilment.warehouse.stock.models import (
    B_STOCK,
    MISSING_WORD,
    PICK,
    PICKABLE,
    QUARANTINE,
    RETURNS,
    Bin,
    BinStock,
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
#: Bins that are made at their first use where nobody has made one of the kind.
FIRST_BINS = {RETURNS: "RET-01", QUARANTINE: "QUAR-01", B_STOCK: "B-STOCK-01"}
LAST_ON_THE_WALK = 950_000


def proposed(grade: str) -> str:
    """Where pieces of this grade usually go."""
    return CHOICES[grade][0]


def place_of_kind(kind: str, site: Site | None = None) -> Bin:
    """The first open bin of a kind (returns, quarantine, B stock) at a site; made at its first use.

    Never the one for what is missing: it is in the books alone, nobody can carry a piece there.
    """
    site = site or default_site()
    fitting = Bin.objects.filter(site=site, kind=kind, is_active=True).exclude(code__startswith=MISSING_WORD)
    found = fitting.order_by("sequence", "code").first()
    if found is not None:
        return found
    code = FIRST_BINS[kind] if site == default_site() else f"{FIRST_BINS[kind]}-{site.code}".upper()[:30]
    return Bin.objects.get_or_create(
        code=code, defaults={"kind": kind, "site": site, "sequence": LAST_ON_THE_WALK}
    )[0]


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
