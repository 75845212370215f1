"""VAT ids and references by their form and check digits."""

from __future__ import annotations

import pytest

from checkout.vat_ids.rules import (
    NotAReference,
    NotAVatId,
    clean_reference,
    clean_vat_id,
    country_of,
    is_leitweg,
)


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("DE123456788", "DE123456788"),
        (" de 123 456 788 ", "DE123456788"),
        ("FR 40 303 265 045", "FR40303265045"),
        ("ATU12345675", "ATU12345675"),
        ("EL094259216", "EL094259216"),
        ("NL004495445B01", "NL004495445B01"),
    ],
)
def test_a_vat_id_is_brought_into_its_own_form(typed: str, clean: str) -> None:
    assert clean_vat_id(typed) == clean


@pytest.mark.parametrize(
    "typed",
    [
        "DE123456789",  # check digit
        "FR41303265045",  # check digit
        "123456788",
        "XX123456788",
        "GB980780684",  # no member state any more
        "EU372000041",  # a number of the one-stop shop is no VAT id of a buyer
        "DE",
        "DE12345678",
        "DE１２３４５６７８８",
        "💥",
        "DE" + "1" * 5000,
        "'; DROP TABLE x; --",
    ],
)
def test_what_is_no_vat_id_is_refused_in_words(typed: str) -> None:
    with pytest.raises(NotAVatId) as refused:
        clean_vat_id(typed)
    assert len(str(refused.value)) > 20


def test_greece_writes_el() -> None:
    assert (country_of("EL094259216"), country_of("DE123456788")) == ("GR", "DE")


@pytest.mark.parametrize("leitweg", ["991-03730-19", "04011000-1234512345-06"])
def test_a_leitweg_id_with_right_check_digits_is_taken(leitweg: str) -> None:
    assert clean_reference(f" {leitweg} ") == leitweg
    assert is_leitweg(leitweg)


@pytest.mark.parametrize("wrong", ["991-03730-18", "991-03370-19", "04011000-1234512345-07", "88-1-11"])
def test_a_leitweg_id_with_wrong_check_digits_is_refused(wrong: str) -> None:
    with pytest.raises(NotAReference, match=r"Leitweg|Prüfziffer"):
        clean_reference(wrong)
    assert not is_leitweg(wrong)


def test_any_other_reference_is_the_buyers_own() -> None:
    assert clean_reference("  Bestellung\u202e 4711/b ") == "Bestellung 4711/b"
    assert not is_leitweg("Bestellung 4711")
    assert clean_reference("") == ""
    with pytest.raises(NotAReference):
        clean_reference("x" * 51)
