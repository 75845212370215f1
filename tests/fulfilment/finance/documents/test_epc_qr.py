"""The payment code against EPC069-12."""

from __future__ import annotations

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from fulfilment.finance.invoicing.epc_qr import LARGEST_MINOR, payload, svg

IBAN = "DE89370400440532013000"


def test_the_payload_has_the_twelve_fields_of_the_guideline():
    text = payload(
        name="Petersen & Söhne",
        iban="DE89 3704 0044 0532 0130 00",
        amount_minor=43_471,
        reference="R2026-000123",
    )
    assert text.split("\n") == [
        "BCD", "002", "1", "SCT", "", "Petersen & Söhne", IBAN, "EUR434.71", "", "", "R2026-000123",
    ]  # fmt: skip


@given(name=st.text(min_size=1), reference=st.text(), amount=st.integers(1, LARGEST_MINOR))
def test_any_texts_keep_their_field_and_the_size_limit(name, reference, amount):
    if not any(char.isprintable() and not char.isspace() for char in name):
        name = "x"
    text = payload(name=name, iban=IBAN, amount_minor=amount, reference=reference)
    fields = text.split("\n")
    assert len(fields) == 11 and fields[6] == IBAN and fields[5]
    assert len(text.encode()) <= 331
    assert segno.make(text, error="m", boost_error=False, micro=False, encoding="utf-8").version <= 13


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"iban": "DE00370400440532013000"}, "IBAN"),
        ({"iban": "\x00"}, "IBAN"),
        ({"amount_minor": 0}, "from 0.01"),
        ({"amount_minor": LARGEST_MINOR + 1}, "from 0.01"),
        ({"name": "\n\t"}, "name"),
    ],
)
def test_what_no_bank_would_take_is_refused(facts, words):
    with pytest.raises(ValueError, match=words):
        payload(**{"name": "Petersen", "iban": IBAN, "amount_minor": 1, **facts})


def test_the_picture_is_a_plain_square_svg():
    picture = svg(payload(name="Petersen", iban=IBAN, amount_minor=1))
    assert picture.startswith("<svg") and "<path" in picture and "script" not in picture
