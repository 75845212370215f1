"""Verbs of an article's barcodes: add one (also of a pack), take one away. A code means one thing only."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from stdnum import ean

from catalogue.partner.models import StockRecord
from fulfilment.warehouse import barcodes

from .actions import StockError
from .codes import find_article, find_bin
from .models import GTIN, OWN_CODE, Barcode

GTIN_LENGTHS = (8, 12, 13, 14)  #: digits of a GTIN, GS1 General Specifications
PIECES_MAX = 10_000  #: in one pack; more is a pallet list, not a barcode
CODES_MAX = 50  #: of one article
NAME_MAX_CHARS = 40


def check_code(code: str, *, kind: str = "") -> tuple[str, str]:
    """A code as it is kept, and its kind.

    kind: GTIN or OWN_CODE; empty: a number of a GTIN's length is a GTIN. StockError in words for a wrong check digit
    and for what no scanner gives back. An American code of 12 digits is kept with its leading zero.
    """
    text = code.strip().upper()
    try:
        barcodes.check_code128(text)
    except ValueError:
        raise StockError(
            _("A barcode has 1 to %(most)s letters A to Z, digits and plain signs.")
            % {"most": barcodes.CODE_MAX_CHARS}
        ) from None
    is_number = text.isdigit() and len(text) in GTIN_LENGTHS
    if kind == GTIN and not is_number:
        raise StockError(_("A GTIN has 8, 12, 13 or 14 digits."))
    if kind == OWN_CODE or not is_number:
        return text, OWN_CODE
    if not ean.is_valid(text):
        raise StockError(
            _(
                "The check digit of %(code)s is wrong: the last digit should be %(digit)s. Please scan it again."
            )
            % {"code": text, "digit": ean.calc_check_digit(text[:-1])}
        )
    return _as_kept(text), GTIN


def _as_kept(gtin: str) -> str:
    """12 digits with a leading zero, 14 without one where it is only padding."""
    if len(gtin) == 12:
        return f"0{gtin}"
    return gtin[1:] if len(gtin) == 14 and gtin.startswith("0") else gtin


def add_barcode(
    *, stockrecord: StockRecord, code: str, kind: str = "", pieces: int = 1, name: str = ""
) -> Barcode:
    """A further code of an article; ``pieces`` > 1: of a pack, each scan counts so many.

    StockError in words: a code as in check_code(), pieces out of range, a code that an article or a bin has already
    (also when somebody else gives it away in the same moment), too many codes.
    """
    kept, kind = check_code(code, kind=kind)
    if isinstance(pieces, bool) or not isinstance(pieces, int) or not 1 <= pieces <= PIECES_MAX:
        raise StockError(_("A pack has 1 to %(most)s pieces.") % {"most": PIECES_MAX})
    _refuse_taken(kept, stockrecord)
    if Barcode.objects.filter(stockrecord=stockrecord).count() >= CODES_MAX:
        raise StockError(_("An article has at most %(most)s barcodes.") % {"most": CODES_MAX})
    row = Barcode(
        stockrecord=stockrecord, code=kept, kind=kind, pieces=pieces, name=name.strip()[:NAME_MAX_CHARS]
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        _refuse_taken(kept, stockrecord)
        raise
    return row


def _refuse_taken(code: str, stockrecord: StockRecord) -> None:
    found = find_article(code)
    if found is not None and found.stockrecord.pk == stockrecord.pk:
        raise StockError(_("This article has the code %(code)s already.") % {"code": code})
    if found is not None:
        raise StockError(
            _("The code %(code)s belongs to %(sku)s already; one code cannot mean two articles.")
            % {"code": code, "sku": found.stockrecord.partner_sku}
        )
    if find_bin(code) is not None:
        raise StockError(_("A bin has the code %(code)s; one scan cannot mean both.") % {"code": code})


def remove_barcode(*, barcode: Barcode) -> None:
    """The code means nothing any more; scans of it are answered as unknown."""
    barcode.delete()
