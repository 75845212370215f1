"""Two clicks at once put both wishes in the basket, and never more than is there."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from catalogue.partner.strategy import GrossStrategy
from checkout.basket import actions
from checkout.basket.models import Basket
from tests.factories.range import make_product, variants


@pytest.mark.both_databases
def test_clicks_at_once_are_all_counted_and_stop_at_what_is_there(fresh_database: None) -> None:
    record = variants(make_product(stock=5))[0]
    basket_id = Basket.objects.create().pk
    barrier, refused, errors = threading.Barrier(8), [], []

    def click() -> None:
        basket = Basket.objects.get(pk=basket_id)
        basket.strategy = GrossStrategy()
        barrier.wait()
        try:
            actions.add(basket=basket, variant_id=record.product_id, quantity=1)
        except actions.Refused as words:
            refused.append(words)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = list(Basket.objects.get(pk=basket_id).lines.all())
    assert errors == []
    assert [line.quantity for line in lines] == [5]
    assert len(refused) == 3
