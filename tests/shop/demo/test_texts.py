"""The merchant and the pages: complete in both languages, with what the law asks for and nothing it forbids."""

from __future__ import annotations

import re

import html5lib
import pytest
from stdnum import iban
from stdnum.de import vat

from shop.demo.logins import PASSWORD, STAFF, demo_logins
from shop.demo.merchant import MERCHANT
from shop.demo.pages import KEYS, LANGUAGES, page_text

EVERY = [(key, language) for key in KEYS for language in LANGUAGES]


@pytest.mark.parametrize(("key", "language"), EVERY)
def test_a_page_is_there_is_html_and_has_every_blank_filled(key: str, language: str) -> None:
    text = page_text(key, language)
    assert text.title
    assert not re.search(r"[{}]", text.body)
    html5lib.HTMLParser(strict=True).parseFragment(text.body)
    assert "<script" not in text.body
    assert "style=" not in text.body


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_have_the_same_parts(key: str) -> None:
    german, english = (page_text(key, language).body for language in LANGUAGES)
    for tag in ("<h2>", "<li>", "<tr>"):
        assert german.count(tag) == english.count(tag), tag


def test_no_page_links_to_the_closed_platform_for_online_disputes() -> None:
    for key, language in EVERY:
        assert "ec.europa.eu" not in page_text(key, language).body
        assert "odr" not in page_text(key, language).body.lower().split()


def test_the_imprint_says_who_and_that_it_is_a_demo() -> None:
    for language in LANGUAGES:
        body = page_text("imprint", language).body
        for fact in (
            MERCHANT.street,
            MERCHANT.vat_id,
            MERCHANT.register_number,
            MERCHANT.email,
            *MERCHANT.directors,
        ):
            assert fact in body
    assert "Vorführladen" in page_text("imprint", "de").body
    assert "demonstration shop" in page_text("imprint", "en").body


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "de",
            ("vierzehn Tage", "Vertrag widerrufen", "dauerhaften Datenträger", "Wertverlust", "Rücksendung"),
        ),
        ("en", ("fourteen days", "Withdraw from contract", "durable medium", "diminished value", "returns")),
    ],
)
def test_the_withdrawal_notice_says_period_function_receipt_and_costs(
    language: str, words: tuple[str, ...]
) -> None:
    body = page_text("withdrawal", language).body
    assert [word for word in words if word not in body] == []


def test_the_terms_name_the_order_button_and_the_default_language_of_the_contract() -> None:
    assert "„zahlungspflichtig bestellen“" in page_text("terms", "de").body
    assert "order with obligation to pay" in page_text("terms", "en").body


def test_an_unknown_page_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        page_text("jobs", "de")
    with pytest.raises(KeyError):
        page_text("terms", "fr")


def test_the_merchants_numbers_are_well_formed_and_nobodys() -> None:
    assert vat.is_valid(MERCHANT.vat_id)
    assert MERCHANT.vat_id.startswith("DE99999999")
    assert iban.is_valid(MERCHANT.iban, check_country=False)
    assert MERCHANT.iban[4:12] == "99999999"
    assert MERCHANT.email.endswith(".example")
    assert MERCHANT.phone.startswith("+49 40 66969")  # kept by the Bundesnetzagentur for films and books


def test_there_is_a_login_for_every_role() -> None:
    roles = {role for role, _email, _password in demo_logins()}
    assert roles == {"shopper", "service", "warehouse", "finance", "marketing", "manager", "administrator"}
    assert [role for role, _, _ in demo_logins()].count("shopper") == 3
    assert all(email.endswith(".example") and password == PASSWORD for _, email, password in demo_logins())
    assert len({person.email for person in STAFF}) == len(STAFF)
