"""Places that are made at their first use, and what may become of a place that holds goods."""

from __future__ import annotations

from django.db.models import Sum
from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.models import (
    B_STOCK,
    BLOCKED,
    MISSING_WORD,
    PACKING,
    QUARANTINE,
    RECALL_WORD,
    RETURNS,
    Bin,
    BinStock,
    LotStock,
    Site,
    Zone,
)
from shop.kernel.transactions import retrying

from .errors import StockError

PACKING_SEQUENCE = 900_000  #: turn on the walk of packing places: the walk ends there
HOLD_SEQUENCE = 990_000  #: behind every bin that people walk to, and behind the packing places
#: Bins that are made at their first use where nobody has made one of the kind.
FIRST_BINS = {RETURNS: "RET-01", QUARANTINE: "QUAR-01", B_STOCK: "B-STOCK-01"}
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


def find_place_of_kind(kind: str, site_id: int) -> Bin | None:
    """The first open bin of a kind (returns, quarantine, B stock) at a site. One query.

    Never the one for what is missing: it is in the books alone, nobody can carry a piece there.
    """
    fitting = Bin.objects.filter(site=site_id, kind=kind, is_active=True)
    return fitting.exclude(code__startswith=MISSING_WORD).order_by("sequence", "code").first()


def place_of_kind(kind: str, site: Site | None = None) -> Bin:
    """find_place_of_kind() at a site (None: the default one); made at its first use."""
    site = site or default_site()
    found = find_place_of_kind(kind, site.pk)
    if found is not None:
        return found
    code = FIRST_BINS[kind] if site == default_site() else f"{FIRST_BINS[kind]}-{site.code}".upper()[:30]
    defaults = {"kind": kind, "site": site, "sequence": MISSING_SEQUENCE}
    return Bin.objects.get_or_create(code=code, defaults=defaults)[0]


def hold_place(site: Site) -> Bin:
    """Where recalled pieces wait that are promised to customers: nobody picks here. Made at its first use.

    Of the packing kind: its pieces stay in stock (a promise must be covered), and no walk leads to it.
    """
    packing_place(site)  # the real one stands first
    code = f"{RECALL_WORD}{site.code}".upper()[:30]
    defaults = {"kind": PACKING, "site": site, "sequence": HOLD_SEQUENCE}
    return Bin.objects.get_or_create(code=code, defaults=defaults)[0]


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
        if fresh.holds_recalled and not Bin(kind=new_kind, code=fresh.code).holds_recalled:
            _refuse_recalled_goods(fresh)
        pieces = BinStock.objects.filter(bin=fresh).aggregate(n=Sum("quantity"))["n"] or 0
        if pieces and (crosses or closes):
            raise StockError(
                _("Bin %(bin)s still holds %(pieces)s pieces. Please move them first.")
                % {"bin": fresh, "pieces": pieces}
            )
        Bin.objects.filter(pk=fresh.pk).update(kind=new_kind, is_active=new_active)

    retrying(change)
    bin.refresh_from_db(fields=["kind", "is_active"])


def _refuse_recalled_goods(bin: Bin) -> None:
    """StockError in words while pieces of a recalled lot lie in a bin that is to become one that may not hold them."""
    held = LotStock.objects.filter(bin=bin, quantity__gt=0).exclude(lot__recall_number="")
    row = held.select_related("lot").first()
    if row is not None:
        raise StockError(
            _("Bin %(bin)s holds pieces of %(lot)s, which is recalled. Please move them first.")
            % {"bin": bin, "lot": row.lot}
        )


def _held(bin_id: int) -> Bin:
    """The bin and its sums, held: on PostgreSQL a booking that comes now waits, and reads the kind afterwards (on
    SQLite every writer already queues)."""
    fresh = Bin.objects.select_for_update().get(pk=bin_id)
    list(
        BinStock.objects.select_for_update().filter(bin_id=bin_id).order_by("pk").values_list("pk", flat=True)
    )
    return fresh
