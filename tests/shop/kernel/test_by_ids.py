"""Rows by their ids with SQL that is made once: the same values as Django's own question."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from shop.kernel.by_ids import RowsByIds
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db
FIELDS = ("pk", "price", "price_currency", "reference_price_minor", "backorderable", "date_created")


def _question() -> RowsByIds:
    return RowsByIds(
        lambda ids: StockRecord.objects.filter(pk__in=ids, price__isnull=False).values_list(*FIELDS)
    )


def test_the_rows_are_those_of_the_queryset_in_value_and_type(django_assert_num_queries: Any) -> None:
    records = [make_variant(price_minor=minor) for minor in (999, 12_345, 50)]
    StockRecord.objects.filter(pk=records[2].pk).update(price=None)
    ids = [record.pk for record in records] + [10**6]
    wanted = sorted(StockRecord.objects.filter(pk__in=ids, price__isnull=False).values_list(*FIELDS))
    question = _question()
    for _ in range(2):
        with django_assert_num_queries(1):
            found = sorted(question.rows(ids))
        assert found == wanted and [row[1] for row in found] == [Decimal("9.99"), Decimal("123.45")]
        assert [[type(value) for value in row] for row in found] == [[type(v) for v in row] for row in wanted]
    assert len(question.rows(ids[:1])) == 1, "another number of ids"
    with django_assert_num_queries(0):
        assert question.rows([]) == []


def test_its_sql_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_variant()
    made: list[int] = []

    def make(ids: Any) -> Any:
        made.append(1)
        return StockRecord.objects.filter(pk__in=ids).values_list("pk")

    question = RowsByIds(make)
    assert question.rows([record.pk]) == question.rows([record.pk]) == [(record.pk,)]
    assert made == [1]


@pytest.mark.parametrize(
    "make",
    [
        lambda ids: StockRecord.objects.filter(pk__in=ids, num_in_stock__gt=3).values_list("pk"),
        lambda ids: StockRecord.objects.filter(pk__in=ids, product_id__in=ids).values_list("pk"),
    ],
)
def test_a_question_with_other_values_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="by their ids alone"):
        RowsByIds(make).rows([1])
