"""The rules of addresses are data with a source, and say what is wrong in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from checkout.basedata import COUNTRIES
from fulfilment.warehouse.dispatch.addresses import problems, rules
from fulfilment.warehouse.dispatch.documents import Address
from shop.ui.countries import country_name

GOOD = Address("Erika Mustermann", "Bahrenfelder Straße 7", "22765", "Hamburg")


def test_the_table_names_its_source_and_knows_every_country_we_deliver_to() -> None:
    known = rules()
    assert "Universal Postal Union" in known["source"] and known["as_of"]
    assert {code for code, _alpha3, _name in COUNTRIES} <= set(known["countries"])
    for code, country in known["countries"].items():
        assert re.fullmatch(country["postcode"], country["example"], re.ASCII), code


def test_a_good_address_has_no_problems() -> None:
    assert problems(GOOD, "own") == problems(GOOD, "dhl") == problems(GOOD, "never heard of") == []


@pytest.mark.parametrize(
    ("country", "good", "bad"),
    [
        ("DE", "20457", "00123"),
        ("AT", "1010", "10100"),
        ("NL", "1012 ab", "0012 AB"),
        ("PL", "00-950", "00950"),
        ("GB", "SW1A 1AA", "12345"),
        ("ES", "28013", "99013"),
        ("IE", "D02 AF30", "DUBLIN"),
    ],
)
def test_postal_codes_are_judged_by_their_country(country: str, good: str, bad: str) -> None:
    assert problems(replace(GOOD, country=country, postcode=good), "own") == []
    (said,) = problems(replace(GOOD, country=country, postcode=bad), "own")
    assert bad in said and country_name(country) in said


def test_a_country_that_is_not_in_the_table_is_not_judged_but_a_carrier_may_not_go_there() -> None:
    far = replace(GOOD, country="JP", postcode="100-0001")
    assert problems(far, "own") == []
    assert problems(far, "dhl") == ["This carrier does not deliver to Japan."]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = problems(Address(" ", "", "", "x" * 41, country=""), "dhl")
    assert said == [
        "Name is missing.",
        "Street and number is missing.",
        "Postcode is missing.",
        "The country is missing.",
    ]


@pytest.mark.parametrize("odd", ["١٢٣٤٥", "12345\n", "1234５"])
def test_digits_of_other_scripts_are_no_postal_code(odd: str) -> None:
    found = problems(replace(GOOD, postcode=odd), "own")
    assert bool(found) is (odd != "12345\n"), "blanks around it do not matter"
