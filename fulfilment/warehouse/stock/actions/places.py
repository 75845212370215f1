"""Places that are made at their first use, and what may become of a place that holds goods."""

from __future__ import annotations

from django.db.models import Sum
from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.models import (
    BLOCKED,
    MISSING_WORD,
    PACKING,
    QUARANTINE,
    Bin,
    BinStock,
    Site,
    Zone,
)
from shop.kernel.transactions import retrying

from .errors import StockError

PACKING_SEQUENCE = 900_000  #: turn on the walk of packing places: the walk ends there
MISSING_SEQUENCE = 950_000  #: nobody walks there: it holds pieces that nobody can find


def default_site() -> Site:
    """The first site that is open; made at its first use."""
    first = Site.objects.filter(is_active=True).first()
    return first or Site.objects.get_or_create(code="main", defaults={"name": "Hauptlager"})[0]


def place_zone(*, site: Site, code: str, sequence: int = 0) -> Zone:
    """The zone of this code at a site; made when it is not there."""
    return Zone.objects.get_or_create(site=site, code=code, defaults={"sequence": sequence})[0]


def packing_place(site: Site | None = None) -> Bin:
    """Where picked goods of a site (None: the default one) wait for their parcel: its first open bin of that kind;
    made at its first use."""
    site = site or default_site()
    place = Bin.objects.filter(site=site, kind=PACKING, is_active=True).first()
    return place or _make_place(
        site, PACKING, "PACK", place_zone(site=site, code="P", sequence=PACKING_SEQUENCE)
    )


def missing_place(site: Site) -> Bin:
    """Where pieces are kept in the books that nobody can find at a site: not for sale until a count clears them up.
    Made at its first use."""
    place = Bin.objects.filter(site=site, kind=QUARANTINE, code__startswith=MISSING_WORD).first()
    return place or _make_place(site, QUARANTINE, MISSING_WORD, None)


def _make_place(site: Site, kind: str, word: str, zone: Zone | None) -> Bin:
    taken = Bin.objects.filter(code=f"{word}-01").exclude(site=site).exists()
    code = f"{word}-{site.code.upper()}"[:30] if taken else f"{word}-01"
    sequence = PACKING_SEQUENCE if kind == PACKING else MISSING_SEQUENCE
    defaults = {"kind": kind, "zone": zone, "sequence": sequence, "site": site}
    return Bin.objects.get_or_create(code=code, defaults=defaults)[0]


def change_bin(*, bin: Bin, kind: str | None = None, is_active: bool | None = None) -> None:
    """Give a bin another kind, close or open it. StockError in words while goods lie in it that would thereby leave or
    enter the sale, or be forgotten in a closed bin."""

    def change() -> None:
        fresh = _held(bin.pk)
        new_kind = fresh.kind if kind is None else kind
        new_active = fresh.is_active if is_active is None else is_active
        crosses = (new_kind in BLOCKED) != (fresh.kind in BLOCKED)
        closes = fresh.is_active and not new_active
        pieces = BinStock.objects.filter(bin=fresh).aggregate(n=Sum("quantity"))["n"] or 0
        if pieces and (crosses or closes):
            raise StockError(
                _("Bin %(bin)s still holds %(pieces)s pieces. Please move them first.")
                % {"bin": fresh, "pieces": pieces}
            )
        Bin.objects.filter(pk=fresh.pk).update(kind=new_kind, is_active=new_active)

    retrying(change)
    bin.refresh_from_db(fields=["kind", "is_active"])


def _held(bin_id: int) -> Bin:
    """The bin and its sums, held: on PostgreSQL a booking that comes now waits, and reads the kind afterwards (on
    SQLite every writer already queues)."""
    fresh = Bin.objects.select_for_update().get(pk=bin_id)
    list(
        BinStock.objects.select_for_update().filter(bin_id=bin_id).order_by("pk").values_list("pk", flat=True)
    )
    return fresh
