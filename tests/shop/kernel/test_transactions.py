"""Transactions: repeated when the database was busy, never when something is wrong."""

from __future__ import annotations

import sqlite3

import pytest
from django.db import OperationalError, transaction

from shop.kernel.models import NumberSeries
from shop.kernel.transactions import (
    RETRY_ATTEMPTS,
    InTransaction,
    forbid_network_in_transaction,
    in_transaction,
    is_retryable,
    retrying,
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are noted, not slept."""
    pauses: list[float] = []
    monkeypatch.setattr("shop.kernel.transactions.time.sleep", pauses.append)
    return pauses


def busy() -> OperationalError:
    """What Django raises when SQLite's lock is taken."""
    error = OperationalError("database is locked")
    error.__cause__ = sqlite3.OperationalError("database is locked")
    return error


def test_a_busy_database_is_asked_again_with_the_whole_work(db: None, no_waiting: list[float]) -> None:
    tries: list[int] = []

    def work() -> str:
        tries.append(len(tries))
        NumberSeries.objects.create(series=f"try{len(tries)}")
        if len(tries) < 3:
            raise busy()
        return "done"

    assert retrying(work) == "done"
    assert list(NumberSeries.objects.filter(series__startswith="try").values_list("series", flat=True)) == [
        "try3"
    ]
    assert len(no_waiting) == 2
    assert no_waiting[0] < no_waiting[1] * 3


def test_it_gives_up_after_a_limit_and_says_why(db: None) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise busy()

    with pytest.raises(OperationalError, match="locked"):
        retrying(work)
    assert len(tries) == RETRY_ATTEMPTS


@pytest.mark.parametrize(
    "error", [OperationalError("no such table: x"), ValueError("wrong"), InTransaction("no")]
)
def test_other_errors_are_not_tried_again(db: None, error: Exception) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise error

    with pytest.raises(type(error)):
        retrying(work)
    assert len(tries) == 1


def test_inside_a_transaction_it_joins_and_leaves_repeating_to_the_caller(db: None) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise busy()

    with pytest.raises(OperationalError), transaction.atomic():
        retrying(work)
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("sqlstate", "wanted"), [("40001", True), ("40P01", True), ("55P03", True), ("23505", False)]
)
def test_postgresql_says_by_code_what_may_be_repeated(sqlstate: str, wanted: bool) -> None:
    cause = Exception()
    cause.sqlstate = sqlstate  # type: ignore[attr-defined]
    error = OperationalError("something")
    error.__cause__ = cause
    assert is_retryable(error) is wanted


def test_no_network_inside_a_transaction(db: None) -> None:
    forbid_network_in_transaction("Stripe")
    with transaction.atomic(), pytest.raises(InTransaction, match="Stripe"):
        forbid_network_in_transaction("Stripe")
    assert not in_transaction()
