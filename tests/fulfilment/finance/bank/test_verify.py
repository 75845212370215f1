"""Each invariant of the bank is shown to fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fulfilment.finance.bank import actions, verify
from fulfilment.finance.bank.models import Statement, StatementFile, StatementLine
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account, transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> None:
    """An account with a gap, equal lines, and a batch replaced by its transactions."""
    make_account()
    batch = [transaction("1.00", text="a"), transaction("2.00", text="b")]
    for data in (
        camt(Entry("3.00", ref="B"), opening="0.00", closing="3.00", day="2026-11-20"),
        camt(Entry("3.00", ref="B", transactions=batch), kind="054"),
        camt(*[Entry("5.00", day="2026-11-25")] * 2, opening="7.00", closing="17.00", day="2026-11-25"),
    ):
        assert actions.read(actions.take_file(name="x", content=data)[0].pk).state == "imported"
    assert [sentence for _name, check in verify.CHECKS for sentence in check()] == []
    assert Statement.objects.filter(has_gap=True).count() == 1
    assert StatementLine.objects.filter(is_replaced=True).count() == 1


FAULTS: list[tuple[Callable[[], list[str]], Callable[[], object]]] = [
    (verify.imported_files_are_whole, lambda: StatementFile.objects.update(lines_known=1)),
    (verify.imported_files_are_whole, lambda: StatementFile.objects.update(state="refused")),
    (
        verify.equal_lines_are_counted_without_a_gap,
        lambda: StatementLine.objects.filter(occurrence=2).update(occurrence=3),
    ),
    (verify.batches_count_once, lambda: StatementLine.objects.update(is_replaced=False)),
    (
        verify.batches_count_once,
        lambda: StatementLine.objects.filter(is_collective=True).update(is_replaced=True),
    ),
    (verify.statements_say_whether_they_add_up, lambda: Statement.objects.update(is_off=True)),
    (verify.statements_say_whether_they_add_up, lambda: Statement.objects.update(turnover_minor=1)),
    (verify.gaps_are_marked, lambda: Statement.objects.update(has_gap=False)),
    (verify.gaps_are_marked, lambda: Statement.objects.update(has_gap=True)),
]


@pytest.mark.parametrize(
    ("check", "fault"),
    FAULTS,
    ids=[f"{number} {check.__name__}" for number, (check, _f) in enumerate(FAULTS)],
)
def test_the_check_finds_the_fault(
    check: Callable[[], list[str]], fault: Callable[[], object], bank: None
) -> None:
    fault()
    assert check()
