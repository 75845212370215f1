"""Files of the bank in any order, as often as one likes: afterwards the same lines, none lost and none doubled."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfilment.finance.bank import actions, verify
from fulfilment.finance.bank.models import BankAccount, Statement, StatementFile, StatementLine
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account, transaction

pytestmark = pytest.mark.django_db

#: An entry of a day: alone or a batch of several, in cents, with few texts so that equal ones are common.
SINGLES = st.lists(st.tuples(st.sampled_from([100, 250, 999]), st.sampled_from("ab")), min_size=1, max_size=3)
DAYS = st.lists(st.lists(SINGLES, max_size=4), min_size=1, max_size=3)


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def entry(day: str, number: int, singles: list[tuple[int, str]], *, told: bool) -> Entry:
    """A booking of the day with (``told``) or without its transactions."""
    details = [transaction(euros(cents), text=text) for cents, text in singles] if told else []
    return Entry(
        euros(sum(cents for cents, _text in singles)), day=day, ref=f"{day}-{number}", transactions=details
    )


def papers(days: list[list[list[tuple[int, str]]]]) -> list[bytes]:
    """What a bank sends of some days: reports while they run, details of batches, statements, and all in one."""
    found, balance, everything = [], 0, []
    for position, bookings in enumerate(days):
        day = f"2026-11-{10 + position}"
        bare = [entry(day, number, one, told=len(one) == 1) for number, one in enumerate(bookings)]
        full = [entry(day, number, one, told=True) for number, one in enumerate(bookings)]
        closing = balance + sum(cents for one in bookings for cents, _text in one)
        found.append(camt(*bare[: len(bare) // 2], kind="052", day=day))
        found.append(
            camt(*bare, opening=euros(balance), closing=euros(closing), day=day, number=str(position))
        )
        found.append(camt(*full, kind="054", day=day))
        everything += full
        balance = closing
    found.append(camt(*everything, day=f"2026-11-{9 + len(days)}", opening="0.00", closing=euros(balance)))
    return found


def forget() -> None:
    """An empty bank again; rows refuse to be deleted one by one, and should."""
    for model in (StatementLine, Statement, StatementFile, BankAccount):
        model.objects.all()._raw_delete("default")
    make_account()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=DAYS, data=st.data())
def test_files_in_any_order_and_repetition_give_the_same_lines(
    days: list[list[list[tuple[int, str]]]], data: st.DataObject
) -> None:
    forget()
    files = papers(days)
    order = data.draw(st.permutations(range(len(files))))
    again = data.draw(st.lists(st.sampled_from(range(len(files))), max_size=4))
    for number, place in enumerate([*order, *again]):
        told = files[place] + f"<!-- sent {number} -->".encode()  # other bytes, so that each is really read
        file = actions.read(actions.take_file(name="x", content=told)[0].pk)
        assert file.state == "imported", file.reason
    expected = Counter(cents for bookings in days for one in bookings for cents, _text in one)
    lines = StatementLine.objects.filter(is_replaced=False).values_list("amount_minor", flat=True)
    assert Counter(lines) == expected
    assert [sentence for _name, check in verify.CHECKS for sentence in check()] == []
    assert not Statement.objects.filter(has_gap=True).exists()


def test_transactions_that_equal_others_of_the_day_replace_their_batch_all_the_same() -> None:
    """The batch of two is told first as a whole; its two transactions equal two single bookings that are known."""
    forget()
    for content in papers([[[(100, "a"), (100, "a")], [(100, "a")], [(100, "a")]]]):
        file = actions.read(actions.take_file(name="x", content=content)[0].pk)
        assert file.state == "imported"
    lines = StatementLine.objects.filter(is_replaced=False).values_list("amount_minor", flat=True)
    assert Counter(lines) == {100: 4}
    assert [sentence for _name, check in verify.CHECKS for sentence in check()] == []
