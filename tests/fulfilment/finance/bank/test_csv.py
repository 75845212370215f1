"""CSV by a saved mapping."""

from __future__ import annotations

from typing import Any

import pytest

from fulfilment.finance.bank.parsers import Refused, parse
from fulfilment.finance.bank.parsers.csv_file import Mapping, fits
from tests.fulfilment.finance.bank.papers import OURS

COLUMNS = {"booked_on": "Buchungstag", "amount": "Betrag", "text": "Zweck", "counterparty": "Name"}
HEAD = "Buchungstag;Betrag;Zweck;Name\n"


def read(text: str, encoding: str = "utf-8", **also: Any) -> list[Any]:
    mapping = Mapping(**{"columns": COLUMNS} | also)
    return parse(text.encode(encoding), mapping=mapping, iban=OURS).statements[0].lines


def refusal(text: str | bytes, **also: Any) -> Refused:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Refused) as caught:
        parse(data, mapping=Mapping(**{"columns": COLUMNS} | also), iban=OURS)
    return caught.value


def test_german_figures_and_days_are_read() -> None:
    line = read(HEAD + '20.11.2026;"1.234,50";R2026-000123;Ada\n')[0]
    assert (line.booked_on.isoformat(), line.amount_minor, line.text, line.counterparty) == (
        "2026-11-20", 123_450, "R2026-000123", "Ada"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "decimal", "minor"),
    [
        ("-5,00", ",", -500),
        ("5,00-", ",", -500),
        ("+5", ",", 500),
        ("1 234,5 €", ",", 123_450),
        ("1,234.50", ".", 123_450),
    ],
)
def test_signs_and_separators(figure: str, decimal: str, minor: int) -> None:
    assert read(f'{HEAD}20.11.2026;"{figure}";x;y\n', decimal=decimal)[0].amount_minor == minor


def test_a_column_with_a_mark_turns_the_amount() -> None:
    text = "Buchungstag;Betrag;Zweck;Name;SH\n20.11.2026;5,00;a;b;S\n20.11.2026;7,00;a;b;H\n"
    assert [line.amount_minor for line in read(text, columns=COLUMNS | {"mark": "SH"})] == [-500, 700]


def test_two_columns_for_what_came_and_left() -> None:
    columns = {"booked_on": "Tag", "debit": "Soll", "credit": "Haben"}
    lines = read("Tag;Soll;Haben\n20.11.2026;5,00;\n20.11.2026;;7,00\n", columns=columns)
    assert [line.amount_minor for line in lines] == [-500, 700]


def test_rows_above_the_header_and_sums_below_are_left_out() -> None:
    text = "Umsätze\n;;;\n" + HEAD + "20.11.2026;5,00;a;b\n;;Summe;\n"
    assert len(read(text, header_row=3)) == 1


def test_columns_by_number_where_there_is_no_header() -> None:
    assert (
        read("20.11.2026;5,00\n", header_row=0, columns={"booked_on": "1", "amount": "2"})[0].amount_minor
        == 500
    )


def test_latin_letters_of_older_programs_are_read() -> None:
    assert read(HEAD + "20.11.2026;5,00;für;Müller\n", encoding="cp1252")[0].counterparty == "Müller"


def test_a_mapping_fits_the_file_that_has_all_its_columns() -> None:
    mapping = Mapping(columns=COLUMNS)
    assert fits((HEAD + "x;y;z;w\n").encode(), mapping)
    assert not fits(b"Tag;Betrag\n", mapping)
    assert not fits(HEAD.encode(), Mapping(header_row=0, columns=COLUMNS))


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (HEAD + "20.11.2026;5,00;a;b\n30.02.2026;5,00;a;b\n", "day", 3),
        (HEAD + "2026-11-20;5,00;a;b\n", "day", 2),
        (HEAD + "20.11.2026;viel;a;b\n", "amount", 2),
        (HEAD + "20.11.2026;1.23,00;a;b\n", "amount", 2),
        (HEAD + "20.11.2026;;a;b\n", "amount", 2),
        (HEAD + "20.11.2026;5,001;a;b\n", "fraction", 2),
        ("Buchungstag;Name\n20.11.2026;x\n", "csv_column", 1),
        (HEAD, "no_statement", 1),
        (HEAD + "20.11.2026;5,00;" + "x" * 30_000 + ";b\n", "text_too_long", 2),
        (HEAD + '20.11.2026;5,00;"' + "x" * 200_000, "text_too_long", 2),
        (HEAD + '20.11.2026;5,00;"' + "x\n" * 100_000, "broken_csv", 65_538),
    ],
)
def test_nonsense_refuses_the_file_with_its_line(text: str, code: str, line: int) -> None:
    refused = refusal(text)
    assert (refused.code, refused.line) == (code, line)


def test_a_line_of_a_quoted_text_over_several_lines_is_counted_rightly() -> None:
    refused = refusal(HEAD + '20.11.2026;5,00;"a\nb\nc";b\n20.11.2026;x;a;b\n')
    assert (refused.code, refused.line) == ("amount", 5)


def test_a_mapping_without_day_or_amount_reads_nothing() -> None:
    assert refusal(HEAD, columns={"text": "Zweck"}).code == "csv_mapping"


def test_utf8_that_is_none_is_refused_when_utf8_was_said() -> None:
    refused = refusal(HEAD.encode() + b"20.11.2026;5,00;\xff;b\n", encoding="utf-8")
    assert (refused.code, refused.line) == ("encoding", 2)


def test_without_a_mapping_nothing_is_guessed() -> None:
    with pytest.raises(Refused) as caught:
        parse(HEAD.encode())
    assert caught.value.code == "no_mapping"
