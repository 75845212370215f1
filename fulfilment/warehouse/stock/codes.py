"""What a scanned or typed code means: an article and how many pieces of it, or a bin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, IntegerField, QuerySet, Value

from catalogue.partner.models import StockRecord

from .models import Barcode, Bin

CODE_MAX_CHARS = 60  #: of a barcode; longer scans are two codes read as one
_GTIN_LENGTHS = (12, 13, 14)
_OWN_NUMBER, _BARCODE, _GTIN = 0, 1, 2  # who wins when a code means two things


@dataclass(frozen=True, slots=True)
class Scanned:
    """An article as scanned: its stock record (with product), the code, and the pieces that one scan means."""

    stockrecord: StockRecord
    code: str
    pieces: int = 1


def find_article(code: str) -> Scanned | None:
    """The article that a code means: own number first, then its barcodes (a pack counts its pieces), then the
    product's GTIN. None when unknown. Two queries by indexes; letters are compared without case."""
    code = code.strip()
    if not code or len(code) > CODE_MAX_CHARS or "\x00" in code:
        return None
    found = _meanings(code).first()
    rows = StockRecord.objects.select_related("product__parent", "product__colour")
    if found is None:
        # An own number written in another case: rare, and the only one that no index answers.
        record = rows.filter(partner_sku__iexact=code).order_by("pk").first()
        return None if record is None else Scanned(record, code)
    return Scanned(rows.get(pk=found[1]), code, found[2])


def find_bin(code: str) -> Bin | None:
    """The bin with this code, as scanned or typed; None when unknown."""
    code = code.strip()
    if not code or len(code) > CODE_MAX_CHARS or "\x00" in code:
        return None
    return Bin.objects.select_related("site", "zone").filter(code__iexact=code).first()


def of_articles(codes: Iterable[str]) -> set[str]:
    """Those of many codes that some article bears as its number, barcode or GTIN, as written. Three queries."""
    asked = set(codes)
    numbers = StockRecord.objects.filter(partner_sku__in=asked).values_list("partner_sku", flat=True)
    gtins = StockRecord.objects.filter(product__upc__in=asked).values_list("product__upc", flat=True)
    packs = Barcode.objects.filter(code__in=asked).values_list("code", flat=True)
    return {*numbers, *gtins, *packs}


def same_codes(code: str) -> set[str]:
    """Every spelling in which a code may be kept: as scanned, in capitals; a GTIN with or without leading zeros."""
    spellings = {code, code.upper()}
    if code.isascii() and code.isdigit() and len(code) in _GTIN_LENGTHS:
        number = code.lstrip("0")
        spellings |= {number.zfill(length) for length in _GTIN_LENGTHS if len(number) <= length}
    return spellings


def _meanings(code: str) -> QuerySet[StockRecord, Any]:
    """Rows (precedence, stock record, pieces) of everything that bears the code, the strongest first."""
    spellings = same_codes(code)
    records = StockRecord.objects.order_by().annotate(record=F("pk"), n=_number(1))
    own = records.filter(partner_sku__in=spellings).annotate(rank=_number(_OWN_NUMBER))
    gtins = records.filter(product__upc__in=spellings).annotate(rank=_number(_GTIN))
    packs = Barcode.objects.order_by().filter(code__in=spellings)
    packs = packs.annotate(record=F("stockrecord_id"), n=F("pieces"), rank=_number(_BARCODE))
    columns = ("rank", "record", "n")
    parts = (packs.values_list(*columns), gtins.values_list(*columns))
    return own.values_list(*columns).union(*parts, all=True).order_by("rank", "record")


def _number(value: int) -> Value:
    return Value(value, output_field=IntegerField())
