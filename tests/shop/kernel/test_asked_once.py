"""Questions whose SQL is made once: the same rows as the queryset gives, whatever the ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import Q, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.test import Client

from catalogue.models import Product
from catalogue.partner.models import StockRecord
from shop.kernel.asked_once import AskedOnce
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db


def _asked(ids: list[int], *words: str) -> QuerySet[StockRecord]:
    of = Product.objects.filter(Q(pk__in=ids) | Q(parent_id__in=ids)).values("pk")
    rows = StockRecord.objects.filter(product_id__in=of, price__isnull=False)
    return rows.annotate(word=Value("".join(words))).select_related("product__colour").order_by("-pk")


@contextmanager
def _sql_made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The tables of which SQL is made within the block."""
    made: list[str] = []
    own = SQLCompiler.as_sql

    def noted(self: SQLCompiler, *args: Any, **more: Any) -> Any:
        made.append(self.query.model._meta.db_table)
        return own(self, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(SQLCompiler, "as_sql", noted)
        yield made


def test_objects_are_those_of_the_queryset_with_what_hangs_on_them(django_assert_num_queries: Any) -> None:
    records = [make_variant(price_minor=minor) for minor in (999, 12_345, 50, 70, 80)]
    question = AskedOnce(_asked)
    for count in (5, 3, 1, 2, 5):
        ids = [record.product_id for record in records[:count]]
        with django_assert_num_queries(1):
            found = question.rows(ids, fixed=("shoe",))
            of_found = [(one.pk, one.price, one.word, one.product, one.product.colour) for one in found]  # type: ignore[attr-defined]
        wanted = list(_asked(ids, "shoe"))
        assert of_found == [(one.pk, one.price, "shoe", one.product, one.product.colour) for one in wanted]
        assert [vars(one).keys() for one in found] == [vars(one).keys() for one in wanted]
    with django_assert_num_queries(0):
        assert question.rows([]) == []


def test_its_sql_is_made_once_for_few_numbers_of_ids_and_for_what_is_fixed() -> None:
    made: list[tuple[int, tuple[str, ...]]] = []

    def make(ids: list[int], *words: str) -> Any:
        made.append((len(ids), words))
        return _asked(ids, *words)

    question = AskedOnce(make)
    records = [make_variant() for _ in range(4)]
    ids = [record.product_id for record in records]
    assert [len(question.rows(ids[:count])) for count in (3, 4, 3, 1)] == [3, 4, 3, 1]
    assert question.rows(ids[:1], fixed=("a",))[0].word == "a"  # type: ignore[attr-defined]
    assert question.rows(ids[:1], fixed=("b",))[0].word == "b"  # type: ignore[attr-defined]
    assert made == [(4, ()), (1, ()), (1, ("a",)), (1, ("b",))]


def test_two_lists_are_not_mistaken_for_each_other() -> None:
    one, two = make_variant(), make_variant()
    question = AskedOnce(
        lambda pks, products: StockRecord.objects.filter(pk__in=pks, product_id__in=products).values_list(
            "pk"
        )
    )
    assert question.rows([one.pk], [one.product_id, two.product_id]) == [(one.pk,)]
    assert question.rows([one.pk], [two.product_id]) == []
    assert question.rows([two.pk, one.pk], [two.product_id]) == [(two.pk,)]
    assert question.rows([one.pk], []) == []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda ids: StockRecord.objects.filter(num_in_stock__gt=3), "does not ask for its ids"),
        (lambda ids: StockRecord.objects.filter(pk__in=ids[:1]), "does not ask for its ids"),
        (lambda ids: StockRecord.objects.filter(pk__in=ids).prefetch_related("product"), "prefetched"),
    ],
)
def test_what_would_answer_something_else_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AskedOnce(make).rows([1, 2])


def test_no_sql_of_the_range_is_made_anew_for_the_page_of_an_article(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing kept (PARTS_KEPT_S=0, as tests run) it was a third of the page."""
    records = [make_variant() for _ in range(3)]
    pages = [Product.objects.get(pk=record.product.parent_id or record.product_id) for record in records]
    client.get(pages[0].get_absolute_url())
    with _sql_made(monkeypatch) as made:
        cache.clear()
        for page in pages[1:]:
            assert client.get(page.get_absolute_url()).status_code == 200
    tables = {"product", "productcategory", "productimage"}
    of_range = {f"catalogue_{name}" for name in tables} | {"partner_stockrecord", "stock_binstock"}
    assert not set(made) & of_range
