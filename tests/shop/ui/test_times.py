"""Days on papers, and countries, as the reader writes them."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import override

from shop.ui.countries import country_name
from shop.ui.times import long_date


def test_a_day_on_a_paper_begins_with_the_day_in_both_languages() -> None:
    day = dt.date(2026, 11, 26)
    assert long_date(day, "de") == "26. November 2026"
    assert long_date(day, "en") == "26 November 2026"


def test_a_country_has_a_name_and_what_is_none_stays_as_it_is() -> None:
    for language, name in (("de", "Deutschland"), ("en", "Germany"), ("en-gb", "Germany")):
        with override(language):
            assert country_name("DE") == name
            assert country_name("QQ") == "QQ"
            assert country_name("") == ""
