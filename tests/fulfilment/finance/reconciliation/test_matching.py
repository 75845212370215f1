"""Matching as pure code: what a line may be, why, and how sure that is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfilment.finance.reconciliation.matching.engine import is_clear, proposals
from fulfilment.finance.reconciliation.matching.index import Index
from fulfilment.finance.reconciliation.matching.items import Money, OpenItem, Part, Rule
from fulfilment.finance.reconciliation.matching.reading import (
    canonical,
    misspellings,
    same_name,
    structured,
    tokens,
)
from fulfilment.finance.reconciliation.matching.sums import ITEMS_MOST, sums_to

CERTAIN_FROM = 95
HANNA, IBAN = "Hanna Petersen", "DE02120300000000202051"


def invoice(pk: int = 1, open_minor: int = 11_900, **facts: object) -> OpenItem:
    values = {"customer": "user:1", "name": HANNA, "order_number": f"K1000{pk}", "due": pk} | facts
    return OpenItem(f"invoice:{pk}", (f"R2026-00012{pk}", f"K1000{pk}"), open_minor, **values)  # type: ignore[arg-type]


def money(amount_minor: int = 11_900, text: str = "", party: str = HANNA, **facts: object) -> Money:
    return Money("receipt:1", amount_minor, text=text, party=party, **facts)  # type: ignore[arg-type]


def best(line: Money, *items: OpenItem, **index: object) -> tuple[str, int, tuple[str, ...]]:
    found = proposals(line, Index(items, **index))  # type: ignore[arg-type]
    return (found[0].parts[0].target, found[0].confidence, found[0].reasons) if found else ("", 0, ())


@pytest.mark.parametrize(
    "text",
    [
        "Rechnung R2026-000121 vom 3.11.",
        "R2026000121",
        "RE R 2026 - 000 121 danke",
        "re:r2026-000121,bestellung",
        "RechnungR2026-000121",
        "R2O26-OOO121",
        "R2026-0001 21",
        "2026-000121",
        "K10001",
        "Kl0O01",
    ],
)
def test_a_number_is_read_however_it_was_written(text: str) -> None:
    target, confidence, reasons = best(money(text=text), invoice(1), invoice(2))
    assert (target, confidence) == ("invoice:1", 100)
    assert "number" in reasons


@pytest.mark.parametrize(
    "text", ["R2026-000721", "R2026-00121", "R2026-0000121", "R2026-000211", "2026-00012"]
)
def test_a_number_with_one_typing_fault_is_found_when_amount_and_payer_say_so_too(text: str) -> None:
    target, confidence, reasons = best(money(text=text), invoice(1))
    assert target == "invoice:1"
    assert confidence < CERTAIN_FROM, "a typing fault is asked about"
    assert "nearly" in reasons


@pytest.mark.parametrize("series", ["RK", "RS", "D", "RK ", "D "])
def test_a_number_of_another_series_is_no_invoice_with_a_typing_fault(series: str) -> None:
    assert best(money(11_900, f"{series}2026-000121"), invoice(1))[2] in ((), ("payer", "exact"))
    assert "2026000121" not in tokens(f"{series}2026-000121")


def test_a_typing_fault_alone_says_nothing() -> None:
    assert best(money(77, "R2026-000721", "Somebody Else"), invoice(1)) == ("", 0, ())


def test_two_numbers_as_near_are_both_shown_and_neither_is_sure() -> None:
    found = proposals(money(text="R2026-00012"), Index([invoice(1), invoice(2)]))
    assert {one.parts[0].target for one in found} >= {"invoice:1", "invoice:2"}
    assert not is_clear(found, 80)


def test_the_end_to_end_id_counts_as_a_number() -> None:
    assert best(money(end_to_end_id="R2026-000121"), invoice(1))[:2] == ("invoice:1", 100)


def test_a_structured_reference_is_read_when_its_check_digits_are_right() -> None:
    assert structured("RF18 5390 0754 7034") == "539007547034"  # the example of ISO 11649
    assert structured("RF19 5390 0754 7034") == ""
    assert structured("RF") == structured("") == ""


def test_somebody_else_pays_is_asked_once_and_then_known() -> None:
    line = money(text="R2026-000121", party="Otto Fremd", iban=IBAN)
    target, confidence, reasons = best(line, invoice(1))
    assert (target, confidence) == ("invoice:1", 90)
    assert "other_payer" in reasons
    assert best(line, invoice(1), payers={IBAN: ["user:1"]})[1] == 100


def test_an_account_seen_before_with_the_exact_amount() -> None:
    line = money(party="", iban=IBAN)
    assert best(line, invoice(1), invoice(2, 5_000), payers={IBAN: ["user:1"]}) == (
        "invoice:1",
        92,
        ("iban", "exact"),
    )


def test_an_exact_amount_alone_is_a_guess_and_of_two_no_guess() -> None:
    assert best(money(party="Unknown"), invoice(1, customer="user:9", name="Erna"))[1] == 60
    two = [invoice(1, customer="user:8", name="A"), invoice(2, customer="user:9", name="B")]
    assert best(money(party="Unknown"), *two)[1] == 30


def test_a_payer_pays_several_items_with_one_sum() -> None:
    items = [invoice(1, 11_900), invoice(2, 5_000), invoice(3, 700)]
    found = proposals(money(12_600), Index(items))
    assert [part.target for part in found[0].parts] == ["invoice:1", "invoice:3"]
    assert "sum" in found[0].reasons
    assert sum(part.amount_minor for part in found[0].parts) == 12_600


def test_two_numbers_in_one_text_and_their_sum_are_certain() -> None:
    found = proposals(money(16_900, "R2026-000121 und R2026-000122"), Index([invoice(1), invoice(2, 5_000)]))
    assert (found[0].confidence, len(found[0].parts)) == (100, 2)


def test_a_part_is_proposed_and_not_booked_by_itself() -> None:
    found = proposals(money(5_000, "R2026-000121"), Index([invoice(1)]))
    assert (found[0].parts[0].amount_minor, "part" in found[0].reasons) == (5_000, True)
    assert not is_clear(found, 96)


def test_a_few_cents_short_are_offered_as_rounding() -> None:
    found = proposals(money(11_897, "R2026-000121"), Index([invoice(1)]))
    assert any(part.rounding_minor == 3 for one in found for part in one.parts)


def test_more_than_is_open_may_stay_or_go_back() -> None:
    found = proposals(money(12_000, "R2026-000121"), Index([invoice(1)]))
    assert [one.kind for one in found[:2]] == ["pay", "back"]
    assert [part.amount_minor for part in found[1].parts] == [11_900, 100]
    assert all(sum(part.amount_minor for part in one.parts) == 12_000 for one in found[:2])


def test_fees_withheld_are_seen_when_the_bank_says_so() -> None:
    line = money(10_400, "R2026-000121", charges_minor=1_500)
    found = proposals(line, Index([invoice(1)]))
    assert found[0].parts[0].charges_minor == 1_500
    assert "withheld" in found[0].reasons


def test_another_currency_leaves_a_difference_of_exchange() -> None:
    line = money(11_500, "R2026-000121", original_minor=12_500, original_currency="USD", charges_minor=100)
    parts = [one.parts[0] for one in proposals(line, Index([invoice(1)]))]
    assert any((part.charges_minor, part.exchange_minor) == (100, 300) for part in parts)


@pytest.mark.parametrize(
    ("closed", "kind"), [("paid", "back"), ("cancelled", "back"), ("written_off", "pay")]
)
def test_money_for_what_asks_for_nothing_any_more(closed: str, kind: str) -> None:
    found = proposals(money(text="R2026-000121"), Index([invoice(1, 0, closed=closed)]))
    assert found[0].kind == kind
    assert not is_clear(found, CERTAIN_FROM)


def test_a_payout_is_known_by_its_id_or_by_name_and_amount() -> None:
    payout = OpenItem("payout:po_123", ("po_123",), 50_000)
    assert best(money(50_000, "STRIPE PAYOUT", "STRIPE"), payout)[:2] == ("payout:po_123", 96)
    assert best(money(50_000, "po_123 something", "X"), payout)[:2] == ("payout:po_123", 100)
    assert best(money(50_000, "Miete", "X"), payout) == ("", 0, ())


def test_a_learned_text_belongs_to_its_account() -> None:
    rule = Rule(7, frozenset({"stadtwerke", "strom"}), "out", 3, "4240 Strom", 1900, by_itself=True)
    found = proposals(money(-8_000, "Strom Abschlag", "Stadtwerke Hamburg"), Index(rules=[rule]))
    assert (found[0].account_id, found[0].confidence, found[0].vat_rate_bp) == (3, 97, 1900)
    assert proposals(money(8_000, "Strom Abschlag", "Stadtwerke Hamburg"), Index(rules=[rule])) == []


def test_a_refund_is_found_by_the_id_we_gave_it() -> None:
    refund = OpenItem("refund:12", ("REFUND-000012", "K10001"), 1_990, name=HANNA)
    assert best(money(-1_990, end_to_end_id="REFUND-000012", party="X"), refund)[:2] == ("refund:12", 100)
    assert best(money(-1_990, party=HANNA), refund)[:2] == ("refund:12", 90)


def test_a_payment_that_came_back_is_found_with_the_banks_charge() -> None:
    came = OpenItem("money:4", ("R2026-000121",), 11_900, name=HANNA, iban=IBAN, day=10)
    line = money(
        -12_200, "Rücklastschrift R2026-000121", iban=IBAN, day=20, charges_minor=300, is_return=True
    )
    found = proposals(line, Index([came]))
    assert found[0].kind == "returned"
    assert [part.amount_minor for part in found[0].parts] == [11_900, 300]


def test_what_was_booked_is_not_found_again() -> None:
    index = Index([invoice(1)])
    index.take(Part("invoice:1", 11_900))
    found = proposals(money(text="R2026-000121"), index)
    assert found[0].kind == "back", "the second transfer for one invoice is a double payment"


@given(st.text(max_size=300), st.text(max_size=60), st.integers(-(10**12), 10**12).filter(bool))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_it_and_no_proposal_gives_more_than_came(text: str, party: str, amount: int) -> None:
    index = Index([invoice(1), invoice(2, 5_000), invoice(3, 0, closed="paid")], {IBAN: ["user:1"]})
    line = Money("receipt:1", amount, text=text, party=party, iban=IBAN, end_to_end_id=text[:35])
    for one in proposals(line, index):
        assert sum(part.amount_minor for part in one.parts) + one.rest_minor <= abs(amount)
        assert all(part.amount_minor > 0 for part in one.parts)
        assert 0 < one.confidence <= 100


@given(st.lists(st.integers(1, 50_000), min_size=2, max_size=60), st.data())
@settings(max_examples=80, deadline=None)
def test_a_sum_that_is_found_is_that_sum(amounts: list[int], data: st.DataObject) -> None:
    items = [invoice(at, amount) for at, amount in enumerate(amounts)]
    chosen = data.draw(st.sets(st.sampled_from(range(min(len(items), ITEMS_MOST))), min_size=2))
    wanted = sum(items[at].open_minor for at in chosen)
    for found in sums_to(items, wanted):
        assert sum(item.open_minor for item in found) == wanted
        assert len({item.target for item in found}) == len(found)


def test_the_search_for_a_sum_ends() -> None:
    items = [invoice(at, 2 * (10_000 + at)) for at in range(60)]
    assert sums_to(items, 300_001) == []  # odd: no sum of even amounts, however long one looks


def test_names_are_compared_as_people_write_them() -> None:
    assert same_name("PETERSEN, HANNA", HANNA)
    assert same_name("Dr. Hanna Petersen", HANNA)
    assert same_name("Müller Jörg", "Joerg Mueller")
    assert not same_name("Petersen", HANNA)
    assert not same_name("", "")


def test_reading_is_bounded() -> None:
    assert len(tokens("1234567 " * 10_000)) < 500
    assert canonical("R2026-000l2O") == "R2026000120"
    assert "12345" in set(misspellings("12346"))
