"""VAT rates: in force by day, with a source, and agreeing with the published tables."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest

from catalogue.partner import vat
from catalogue.partner.basedata import VAT_RATES
from tests.support import needs

ROWS = list(csv.DictReader(VAT_RATES.open(encoding="utf-8", newline="")))


def test_every_rate_has_its_source() -> None:
    assert [row for row in ROWS if not row["source"]] == []


def test_our_rates_of_today_are_among_the_published_ones() -> None:
    published = json.loads(needs.shared_data("vat/vat-rates.json").read_text())["items"]
    for row in ROWS:
        if row["valid_to"] or row["vat_class"] == "zero":
            continue
        theirs = {round(rate * 100) for rate in published[row["country"]][0]["rates"].values()}
        assert int(row["rate_bp"]) in theirs, row


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "rate"), [("2020-06-30", 1900), ("2020-07-01", 1600), ("2020-12-31", 1600), ("2021-01-01", 1900)]
)
def test_the_rate_is_that_of_the_day(day: str, rate: int) -> None:
    vat.forget()
    assert vat.rate_bp("standard", "DE", dt.date.fromisoformat(day)) == rate


@pytest.mark.django_db
def test_where_no_rate_is_on_file_nothing_is_guessed() -> None:
    vat.forget()
    with pytest.raises(vat.UnknownVatRate):
        vat.rate_bp("standard", "BR")
