"""CAMT files: what they say, and what makes them be refused."""

from __future__ import annotations

import datetime as dt

import pytest

from fulfilment.finance.bank.parsers import Refused, parse
from tests.fulfilment.finance.bank.papers import OURS, THEIRS, Entry, camt, transaction


def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        parse(data)
    return caught.value


def test_an_entry_tells_who_paid_what_for_what() -> None:
    more = "<Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>"
    one = transaction("119.00", text="Rechnung R2026-000123", e2e="K10001", name="Ada Müller", iban=THEIRS)
    one = one.replace("</RmtInf>", f"{more}</RmtInf>")
    parsed = parse(camt(Entry("119.00", transactions=[one], ref="B1"), opening="1000.00", closing="1119.00"))
    statement = parsed.statements[0]
    line = statement.lines[0]
    assert (parsed.kind, statement.iban, statement.number, statement.currency) == (
        "camt053",
        OURS,
        "1",
        "EUR",
    )
    assert (statement.opening_minor, statement.closing_minor, statement.is_off) == (100_000, 111_900, False)
    assert (line.booked_on, line.amount_minor, line.currency) == (dt.date(2026, 11, 20), 11_900, "EUR")
    assert (line.counterparty, line.counterparty_iban, line.end_to_end_id) == ("Ada Müller", THEIRS, "K10001")
    assert (line.text, line.structured_reference) == ("Rechnung R2026-000123", "RF18539007547034")
    assert (line.bank_reference, line.is_collective) == ("B1", False)


def test_money_that_left_is_negative_and_names_the_payee() -> None:
    one = transaction("20.00", sign="DBIT", name="Bank AG", iban=THEIRS)
    line = parse(camt(Entry("20.00", sign="DBIT", transactions=[one]))).statements[0].lines[0]
    assert (line.amount_minor, line.counterparty) == (-2_000, "Bank AG")


def test_a_returned_debit_names_its_reason_and_the_other_side() -> None:
    parties = (
        f"<RltdPties><Dbtr><Nm>We</Nm></Dbtr><DbtrAcct><Id><IBAN>{OURS}</IBAN></Id></DbtrAcct>"
        f"<Cdtr><Nm>Ada</Nm></Cdtr><CdtrAcct><Id><IBAN>{THEIRS}</IBAN></Id></CdtrAcct></RltdPties>"
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    )
    one = transaction("50.00", more=parties)
    line = parse(camt(Entry("50.00", transactions=[one]))).statements[0].lines[0]
    assert (line.return_reason, line.is_reversal) == ("AC04", True)
    assert (line.counterparty, line.counterparty_iban) == ("Ada", THEIRS)


def test_a_batch_is_split_into_its_transactions() -> None:
    entry = Entry("60.00", transactions=[transaction("10.00", text="a"), transaction("50.00", text="b")])
    lines = parse(camt(entry)).statements[0].lines
    assert [(line.amount_minor, line.text) for line in lines] == [(1_000, "a"), (5_000, "b")]
    assert len({line.batch for line in lines}) == 1


def test_a_batch_whose_transactions_do_not_add_up_refuses_the_file_with_its_line() -> None:
    entry = Entry("60.00", transactions=[transaction("10.00"), transaction("40.00")])
    refused = refusal(camt(Entry("1.00"), entry))
    assert (refused.code, refused.line) == ("batch_sum", 5)
    assert (refused.facts["entry_minor"], refused.facts["sum_minor"]) == (6_000, 5_000)


def test_a_batch_of_which_only_some_transactions_are_told_stays_whole() -> None:
    some = "<Btch><NbOfTxs>3</NbOfTxs></Btch>" + transaction("10.00") + transaction("50.00")
    lines = parse(camt(Entry("90.00", transactions=[some]))).statements[0].lines
    assert [(line.amount_minor, line.is_collective) for line in lines] == [(9_000, True)]


def test_wrong_signs_of_transactions_do_not_turn_the_entry_around() -> None:
    entry = Entry("30.00", sign="DBIT", transactions=[transaction("10.00"), transaction("20.00")])
    assert [line.amount_minor for line in parse(camt(entry)).statements[0].lines] == [-1_000, -2_000]


def test_one_transaction_in_foreign_money_keeps_its_original_amount() -> None:
    line = (
        parse(camt(Entry("92.10", transactions=[transaction("100.00", currency="USD")])))
        .statements[0]
        .lines[0]
    )
    assert (line.amount_minor, line.original_amount_minor, line.original_currency) == (9_210, 10_000, "USD")


def test_fees_withheld_are_told() -> None:
    fees = '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">1.50</TtlChrgsAndTaxAmt></Chrgs>'
    line = parse(camt(Entry("98.50", transactions=[transaction("100.00", more=fees)]))).statements[0].lines[0]
    assert (line.amount_minor, line.original_amount_minor, line.charges_minor) == (9_850, 10_000, 150)


@pytest.mark.parametrize("status", ["PDNG", "INFO"])
def test_what_the_bank_only_announces_is_counted_and_not_booked(status: str) -> None:
    statement = parse(camt(Entry("5.00", status=status), Entry("6.00"), kind="052")).statements[0]
    assert ([line.amount_minor for line in statement.lines], statement.pending) == ([600], 1)


def test_a_report_of_a_quiet_day_is_a_statement_without_lines() -> None:
    statement = parse(camt(kind="052")).statements[0]
    assert (statement.lines, statement.first_day) == ([], dt.date(2026, 11, 20))


def test_opening_and_entries_that_miss_the_closing_balance_are_told() -> None:
    assert parse(camt(Entry("5.00"), opening="10.00", closing="16.00")).statements[0].is_off


def test_an_account_in_the_red_begins_below_zero() -> None:
    statement = parse(camt(Entry("5.00"), opening="-10.00", closing="-5.00")).statements[0]
    assert (statement.opening_minor, statement.closing_minor, statement.is_off) == (-1_000, -500, False)


def test_notes_between_the_parts_of_the_older_version_are_read_too() -> None:
    old = camt(Entry("5.00")).replace(b"<Sts><Cd>BOOK</Cd></Sts>", b"<Sts>BOOK</Sts>").replace(b".08", b".02")
    assert parse(old).statements[0].lines[0].amount_minor == 500


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry("1,00"), "amount"),
        (Entry("-1.00"), "amount"),
        (Entry("1e3"), "amount"),
        (Entry("NaN"), "amount"),
        (Entry("٣.00"), "amount"),
        (Entry("1.001"), "fraction"),
        (Entry("99999999999999.00"), "amount_too_large"),
        (Entry("9" * 30), "amount_too_large"),
        (Entry("1.00", day="2026-02-30"), "day"),
        (Entry("1.00", day="0001-01-01"), "day"),
        (Entry("1.00", day="tomorrow"), "day"),
        (Entry("1.00", sign="UP"), "entry"),
        (Entry("1.00", status="MAYBE"), "status"),
        (Entry("1.00", currency="XXX"), "currency"),
        (Entry("1.00", currency="USD"), "entry_currency"),
    ],
)
def test_nonsense_in_an_entry_refuses_the_file_with_its_line(entry: Entry, code: str) -> None:
    refused = refusal(camt(Entry("1.00"), entry))
    assert (refused.code, refused.line) == (code, 5)


def test_xml_that_is_no_statement_is_refused() -> None:
    assert refusal(b"<html/>").code == "not_camt"
    order = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>'
    assert "pain.001" in refusal(order).facts["found"]


def test_a_statement_without_account_is_refused() -> None:
    assert refusal(camt(Entry("1.00")).replace(b"Acct>", b"Akto>")).code == "no_account"
