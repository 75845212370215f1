"""Verbs of places: make many bins by a pattern, close and open bins and sites, take back what was never used.

A bin that nothing was ever booked into can be taken away; all others are closed and keep their history.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from shop.kernel.transactions import retrying

from . import actions
from .actions import StockError
from .codes import find_article, of_articles
from .models import TRANSIT, TRANSIT_WORD, Bin, BinStock, Site, Zone

BINS_MAX = 2_000  #: made at once; more is a slip in the pattern
BIN_CODE_MAX_CHARS = 30
SEQUENCE_MAX = 1_000_000
LISTED, SERPENTINE = "listed", "serpentine"
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._/-]*")
_PARTS = re.compile(r"\d+|[A-Z]+|[^A-Z\d]+")


class BadPattern(StockError):
    """First and last code span no row of bins."""


@dataclass(frozen=True, slots=True)
class PlannedBin:
    """A bin that a pattern would make: its code, its turn on the walk, and whether there is one already."""

    code: str
    sequence: int
    exists: bool = False


def clean_code(code: str) -> str:
    """A bin's code as it is kept: capitals, digits and . _ / -, so that every scanner gives it back. StockError."""
    text = code.strip().upper()
    if not text or len(text) > BIN_CODE_MAX_CHARS or not _CODE.fullmatch(text):
        raise StockError(
            _(
                "A code has 1 to %(most)s letters A to Z, digits and . _ / -, and begins with a letter or digit."
            )
            % {"most": BIN_CODE_MAX_CHARS}
        )
    return text


def codes_between(first: str, last: str, *, walk: str = LISTED) -> list[str]:
    """Every code from ``A-01-1`` to ``A-20-4``: each number (or single letter) runs by itself, the last one fastest.

    walk: LISTED, or SERPENTINE: up one aisle and down the next, every second run of the inner numbers is turned round.
    BadPattern when the two are not of one shape, run backwards, or make more than BINS_MAX.
    """
    parts = list(zip(_PARTS.findall(clean_code(first)), _PARTS.findall(clean_code(last)), strict=False))
    if [len(_PARTS.findall(clean_code(code))) for code in (first, last)] != [len(parts)] * 2:
        raise BadPattern(_("First and last code must have the same shape, as A-01-1 and A-20-4."))
    runs = [_run(one, other) for one, other in parts]
    count = 1
    for run in runs:
        count *= len(run)
    if count > BINS_MAX:
        raise BadPattern(
            _("That would be %(count)s bins; at most %(most)s are made at once.")
            % {"count": count, "most": BINS_MAX}
        )
    codes = ["".join(code) for code in product(*runs)]
    return codes if walk != SERPENTINE else _serpentine(codes, runs)


def _run(first: str, last: str) -> list[str]:
    """The values of one part, in order."""
    if first == last:
        return [first]
    if first.isdigit() and last.isdigit():
        low, high = int(first), int(last)
        if low <= high and high - low < BINS_MAX and len(first) <= len(last):
            return [f"{number:0{len(first)}d}" for number in range(low, high + 1)]
    elif len(first) == len(last) == 1 and first.isalpha() and last.isalpha() and first < last:
        return [chr(letter) for letter in range(ord(first), ord(last) + 1)]
    raise BadPattern(
        _("From “%(first)s” to “%(last)s” there is no row: numbers and single letters run upwards.")
        % {"first": first, "last": last}
    )


def _serpentine(codes: list[str], runs: list[list[str]]) -> list[str]:
    """The codes with every second block of the outermost running part turned round."""
    outer = next((len(run) for run in runs if len(run) > 1), 1)
    size = len(codes) // outer
    blocks = [codes[at : at + size] for at in range(0, len(codes), size)]
    return [code for turn, block in enumerate(blocks) for code in (block[::-1] if turn % 2 else block)]


def plan_bins(
    *, first: str, last: str, sequence: int, step: int = 10, walk: str = LISTED
) -> list[PlannedBin]:
    """What ``make_bins`` would make, in walking order. One query. BadPattern, StockError for a turn out of range."""
    codes = codes_between(first, last, walk=walk)
    if not 0 <= sequence <= sequence + step * (len(codes) - 1) <= SEQUENCE_MAX:
        raise StockError(_("The turn on the walk must stay between 0 and %(most)s.") % {"most": SEQUENCE_MAX})
    there = set(Bin.objects.filter(code__in=codes).values_list("code", flat=True))
    return [PlannedBin(code, sequence + turn * step, code in there) for turn, code in enumerate(codes)]


def make_bins(*, site: Site, zone: Zone | None, kind: str, planned: Sequence[PlannedBin]) -> int:
    """Put up the planned bins that are not there yet; returns how many. What somebody else made meanwhile stays.

    StockError when the zone is one of another site, for what is on its way, and when an article has one of the codes:
    nothing was made then.
    """
    _check_zone(site, zone)
    fresh = [one for one in planned if not one.exists]
    refuse_transit(kind, *(one.code for one in fresh))
    for code in sorted(of_articles(one.code for one in fresh))[:1]:
        _refuse_article(code)

    def book() -> int:
        # Counted inside the transaction: ignore_conflicts does not tell which rows it wrote.
        before = Bin.objects.filter(code__in=[one.code for one in fresh]).count()
        Bin.objects.bulk_create(
            [Bin(site=site, zone=zone, kind=kind, code=one.code, sequence=one.sequence) for one in fresh],
            ignore_conflicts=True,
        )
        return len(fresh) - before

    return retrying(book)


def make_bin(*, code: str, site: Site, zone: Zone | None, kind: str, sequence: int) -> Bin:
    """Put up one bin. StockError for a code that a bin or an article has, another site's zone, and what is on its
    way."""
    _check_zone(site, zone)
    kept = clean_code(code)
    refuse_transit(kind, kept)
    _refuse_article(kept)
    try:
        with transaction.atomic():
            return Bin.objects.create(code=kept, site=site, zone=zone, kind=kind, sequence=sequence)
    except IntegrityError:
        raise StockError(_("There is a bin of this code already.")) from None


def change_bin(*, bin: Bin, code: str, zone: Zone | None, kind: str, sequence: int) -> Bin:
    """Change what is said about a bin. StockError for a taken code, another site's zone, what is on its way, and while
    pieces lie in it that would leave or enter the sale by the new kind."""
    _check_zone(bin.site, zone)
    kept = clean_code(code)
    refuse_transit(bin.kind)
    refuse_transit(kind, kept)
    if kept != bin.code:
        _refuse_article(kept)

    def change() -> None:
        actions.change_bin(bin=bin, kind=kind)
        Bin.objects.filter(pk=bin.pk).update(code=kept, zone=zone, sequence=sequence)

    try:
        retrying(change)
    except IntegrityError:
        raise StockError(_("There is a bin of this code already.")) from None
    bin.refresh_from_db()
    return bin


def _refuse_article(code: str) -> None:
    found = find_article(code)
    if found is not None:
        raise StockError(
            _("The article %(sku)s has the code %(code)s; one scan cannot mean both.")
            % {"sku": found.stockrecord.partner_sku, "code": code}
        )


def refuse_transit(kind: str, *codes: str) -> None:
    """StockError for a place that goods pass between two sites: one of another kind under its code, or goods put there
    by hand, would belong to no transfer and could never be received."""
    if kind == TRANSIT or any(code.startswith(TRANSIT_WORD) for code in codes):
        raise StockError(
            _(
                "Bins for goods on their way between two sites are made by transfers; they are not changed by hand."
            )
        )


def _check_zone(site: Site, zone: Zone | None) -> None:
    if zone is not None and zone.site_id != site.pk:
        raise StockError(_("Zone %(zone)s belongs to another site.") % {"zone": zone.code})


def close_bin(*, bin: Bin) -> None:
    """Nothing is put into this bin any more; it is kept for its history. StockError while pieces lie in it, and for
    what is on its way."""
    refuse_transit(bin.kind)
    actions.change_bin(bin=bin, is_active=False)


def open_bin(*, bin: Bin) -> None:
    """The bin is used again. StockError when its site is closed."""
    if not Bin.objects.filter(pk=bin.pk, site__is_active=True).update(is_active=True):
        raise StockError(_("Open the site %(site)s first.") % {"site": bin.site})


def remove_bin(*, bin: Bin) -> None:
    """Take away a bin that nothing was ever booked into. StockError for one with a history (close it), and for what is
    on its way."""
    refuse_transit(bin.kind)
    try:
        with transaction.atomic():
            bin.delete()
    except (ProtectedError, IntegrityError):
        raise StockError(
            _("Bin %(bin)s has a history, so it is not removed. It can be closed.") % {"bin": bin.code}
        ) from None


def remove_zone(*, zone: Zone) -> None:
    """Take away a zone without bins. StockError while it has some."""
    try:
        with transaction.atomic():
            zone.delete()
    except (ProtectedError, IntegrityError):
        raise StockError(
            _("Zone %(zone)s still has bins; give them another zone first.") % {"zone": zone.code}
        ) from None


def close_site(*, site: Site) -> None:
    """Close a site with all of its bins. StockError while pieces lie there, or when it is the only open one."""

    def book() -> None:
        held = list(Site.objects.select_for_update().filter(is_active=True).order_by("pk"))
        if [one.pk for one in held] == [site.pk]:
            raise StockError(_("This is the only open site; open another one first."))
        if BinStock.objects.filter(bin__site=site, quantity__gt=0).exists():
            raise StockError(_("Pieces lie at %(site)s; move them to another site first.") % {"site": site})
        Bin.objects.filter(site=site).update(is_active=False)
        Site.objects.filter(pk=site.pk).update(is_active=False)

    retrying(book)


def open_site(*, site: Site) -> None:
    """The site is used again; its bins are opened one by one, as they are needed."""
    Site.objects.filter(pk=site.pk).update(is_active=True)


def save_site(*, site: Site, facts: dict[str, Any]) -> Site:
    """Make or change a site from checked facts (names of fields and values). StockError when its code is taken."""
    for name, value in facts.items():
        setattr(site, name, value)
    try:
        with transaction.atomic():
            site.save()
    except IntegrityError:
        raise StockError(_("There is a site of this code already.")) from None
    return site


def save_zone(*, zone: Zone, facts: dict[str, Any]) -> Zone:
    """Make or change a zone from checked facts. StockError when the site has one of this code."""
    for name, value in facts.items():
        setattr(zone, name, value)
    try:
        with transaction.atomic():
            zone.save()
    except IntegrityError:
        raise StockError(_("The site has a zone of this code already.")) from None
    return zone
