"""MT940: bookings, German sub-fields, and what makes a file be refused."""

from __future__ import annotations

import datetime as dt

import pytest

from fulfilment.finance.bank.parsers import ParsedLine, Refused, parse
from fulfilment.finance.bank.parsers.iban import from_german_number
from tests.fulfilment.finance.bank.papers import OURS, mt940

SEPA = (
    ":86:166?00GUTSCHR. UEBERWEISUNG?109248?20EREF+K10001?21KREF+2026112012345678900?22SVWZ+Rechnung Nr R2026-0001"
    "?2323 danke?30BYLADEM1001?31DE02120300000000202051?32ADA MUELLER?34000"
)


def line_of(*bookings: str) -> ParsedLine:
    return parse(mt940(*bookings)).statements[0].lines[0]


def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        parse(data)
    return caught.value


def test_a_sepa_booking_is_taken_apart() -> None:
    parsed = parse(mt940(":61:2611201120CR119,00N166NONREF//B123", SEPA, closing="C261120EUR1119,00"))
    statement = parsed.statements[0]
    line = statement.lines[0]
    assert (parsed.kind, statement.iban, statement.number) == ("mt940", OURS, "1/1")
    assert (statement.opening_minor, statement.closing_minor, statement.is_off) == (100_000, 111_900, False)
    assert (line.booked_on, line.amount_minor, line.code) == (dt.date(2026, 11, 20), 11_900, "166")
    assert (line.end_to_end_id, line.text) == ("K10001", "Rechnung Nr R2026-000123 danke")
    assert (line.counterparty, line.counterparty_iban) == ("ADA MUELLER", "DE02120300000000202051")
    assert (line.counterparty_bic, line.bank_reference) == ("BYLADEM1001", "B123")


@pytest.mark.parametrize(
    ("mark", "amount"), [("C", 500), ("D", -500), ("RC", -500), ("RD", 500), ("CR", 500), ("RCR", -500)]
)
def test_the_mark_says_whether_money_came_or_left(mark: str, amount: int) -> None:
    line = line_of(f":61:2611201120{mark}5,00NTRFNONREF")
    assert (line.amount_minor, line.is_reversal) == (amount, mark.startswith("R"))


def test_the_day_of_the_booking_takes_the_year_nearest_to_the_value_date() -> None:
    line = line_of(":61:2601021231C5,00NTRFNONREF")
    assert (line.booked_on, line.valued_on) == (dt.date(2025, 12, 31), dt.date(2026, 1, 2))


def test_a_value_date_of_30_february_is_the_last_of_the_month_and_said() -> None:
    statement = parse(mt940(":61:2602300301D6,00N024NONREF")).statements[0]
    assert statement.lines[0].valued_on == dt.date(2026, 2, 28)
    assert statement.notes == ["february:5"]


def test_a_booking_on_30_february_is_refused() -> None:
    assert (refusal(mt940(":61:2602280230D6,00N024NONREF")).code) == "day"


def test_a_return_carries_its_reason() -> None:
    line = line_of(
        ":61:2611201120D50,00N109NONREF", ":86:109?00RUECKLASTSCHRIFT?20EREF+K1?21SVWZ+zurueck?34914"
    )
    assert (line.return_reason, line.is_reversal) == ("914", True)


def test_sub_fields_folded_in_the_middle_of_words_and_lines_are_joined() -> None:
    line = line_of(
        ":61:2611201120C5,00NTRFNONREF",
        ":86:166?00GUT?20SVWZ+Strukturierter Verwend?21ungszweck ei",
        "ns?22zwei",
    )
    assert line.text == "Strukturierter Verwendungszweck eins zwei"


def test_original_amount_and_fees_are_told() -> None:
    line = line_of(":61:2611201120C92,10NTRFNONREF//1\r\n/OCMT/USD100,00//CHGS/EUR1,50/")
    assert (line.original_amount_minor, line.original_currency, line.charges_minor) == (10_000, "USD", 150)


def test_equal_lines_stay_as_many_as_they_are() -> None:
    assert len(parse(mt940(*[":61:261120C5,00NTRF"] * 4)).statements[0].lines) == 4


def test_the_iban_behind_bank_code_and_number() -> None:
    assert from_german_number("37040044/0532013000") == OURS
    assert from_german_number("37040044/532013000") == OURS
    for nonsense in ("37040044", "/1", "37040044/", "3704/1", "37040044/12345678901", "37040044/¹²", "a/b"):
        assert from_german_number(nonsense) == ""


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (mt940(":61:nonsense"), "mt940_booking", 5),
        (mt940(":61:261320C5,00NTRF"), "day", 5),
        (mt940(":61:261120C5,001NTRF"), "fraction", 5),
        (mt940(":61:261120C" + "9" * 15 + ",00NTRF"), "amount_too_large", 5),
        (mt940(opening="X"), "mt940_balance", 4),
        (mt940(opening="C261119DEM1,00"), "currency", 4),
        (mt940(closing="C261120USD1,00"), "balance_currency", 5),
        (mt940(account=""), "no_account", 2),
        (mt940(":61:261120C5,00NTRF", ":86:" + "x" * 20_000), "text_too_long", 6),
        (b":20:A\n:61:261120C5,00NTRF\n", "no_balance", 2),
        (b":20:A\n:60F:C261119EUR1,00\n:61:261120C5,00NTRF\n", "no_account", 1),
    ],
)
def test_nonsense_refuses_the_file_with_its_line(data: bytes, code: str, line: int) -> None:
    refused = refusal(data)
    assert (refused.code, refused.line) == (code, line)


def test_characters_that_print_nothing_are_dropped_from_every_text() -> None:
    line = line_of(
        ":61:2611201120D50,00N109REF\x01A//B\x02", ":86:109?00R?20EREF+K\x001?21SVWZ+a\x00b?32N\x07?349\x0014"
    )
    texts = (line.text, line.end_to_end_id, line.counterparty, line.bank_reference, line.return_reason)
    assert texts == ("ab", "K1", "N", "B", "914")
