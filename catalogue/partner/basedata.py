"""Facts that every shop needs from the first minute: VAT rates with their source, and the merchant as stock holder."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from .models import Partner, VatRate

VAT_RATES = Path(__file__).parent / "data" / "vat_rates.csv"
OWN_STOCK = "own"  #: code of the partner row that stands for the merchant's own stock


def ensure() -> None:
    """Enter what is missing; rows that staff have edited stay as they are. Idempotent, runs after every migrate."""
    known = set(VatRate.objects.values_list("country", "vat_class", "valid_from"))
    with VAT_RATES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    VatRate.objects.bulk_create(
        [
            VatRate(
                country=row["country"],
                vat_class=row["vat_class"],
                rate_bp=int(row["rate_bp"]),
                valid_from=dt.date.fromisoformat(row["valid_from"]),
                valid_to=dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                source=row["source"],
            )
            for row in rows
            if (row["country"], row["vat_class"], dt.date.fromisoformat(row["valid_from"])) not in known
        ]
    )
    Partner.objects.get_or_create(code=OWN_STOCK, defaults={"name": "Kontor"})
