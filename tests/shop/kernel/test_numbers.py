"""Number series: gapless where the law counts, quick where it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from shop.kernel.models import NumberSeries
from shop.kernel.numbers import next_gapless, next_with_gaps
from shop.kernel.transactions import InTransaction, retrying

pytestmark = pytest.mark.both_databases
THREADS, EACH = 16, 5


def in_threads(work: Callable[[], None], count: int = THREADS) -> list[BaseException]:
    """Run ``work`` in ``count`` threads that begin together; returns what they raised."""
    barrier, errors = threading.Barrier(count), []

    def one() -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_numbers_begin_at_one_and_count_per_series_and_year(db: None) -> None:
    with transaction.atomic():
        assert [next_gapless("R", 2026) for _ in range(3)] == [1, 2, 3]
        assert next_gapless("R", 2027) == 1
        assert next_gapless("G", 2026) == 1


def test_a_rolled_back_document_leaves_no_gap(db: None) -> None:
    with transaction.atomic():
        assert next_gapless("R", 2026) == 1
    with pytest.raises(RuntimeError), transaction.atomic():
        assert next_gapless("R", 2026) == 2
        raise RuntimeError("the document could not be issued")
    with transaction.atomic():
        assert next_gapless("R", 2026) == 2


def test_a_gapless_number_outside_a_transaction_is_refused(db: None) -> None:
    with pytest.raises(InTransaction):
        next_gapless("R", 2026)


def test_the_counter_row_exists_once(db: None) -> None:
    NumberSeries.objects.create(series="R", year=2026)
    with pytest.raises(IntegrityError), transaction.atomic():
        NumberSeries.objects.create(series="R", year=2026)


def test_sixteen_issuers_at_once_leave_neither_gap_nor_double(fresh_database: None) -> None:
    taken: list[int] = []

    def issue() -> None:
        for attempt in range(EACH):
            number = retrying(lambda: next_gapless("R", 2026))
            taken.append(number)
            if attempt == 0:  # every issuer also fails once, after taking a number
                with pytest.raises(RuntimeError):
                    retrying(_fail_after_taking)

    assert in_threads(issue) == []
    assert sorted(taken) == list(range(1, THREADS * EACH + 1))


def _fail_after_taking() -> None:
    next_gapless("R", 2026)
    raise RuntimeError("the document could not be issued")


def test_order_numbers_are_never_given_twice(fresh_database: None) -> None:
    taken: list[int] = []
    assert in_threads(lambda: taken.extend(next_with_gaps("order") for _ in range(EACH))) == []
    assert len(set(taken)) == THREADS * EACH


def test_an_order_number_stays_taken_when_the_caller_fails(fresh_database: None) -> None:
    first = next_with_gaps("order")
    with pytest.raises(RuntimeError), transaction.atomic():
        raise RuntimeError
    assert next_with_gaps("order") > first
