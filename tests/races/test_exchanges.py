"""Two clicks on one form for another size: one exchange, and both hear of it."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.models import Order
from fulfilment.customer_service.returns import exchange
from fulfilment.customer_service.returns.models import Exchange
from tests.factories.orders import make_country
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.fulfilment.customer_service.returns.test_exchange import other_size, swap
from tests.fulfilment.customer_service.returns.test_settlements import sent
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]


@pytest.fixture(autouse=True)
def _ground(fresh_database: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def click(order: Order, record: Any, key: str) -> str:
    """Somebody confirms what the page said; the number of the order that sends the new size."""
    try:
        return swap(Order.objects.get(pk=order.pk), record, key=key).made.number
    except exchange.NotExchanged:
        return "refused"


def test_two_clicks_on_one_form_make_one_exchange_and_both_succeed(outbox: Any) -> None:
    order = sent(outbox, 1)
    record = other_size(order)
    answers = all_at_once([lambda: click(order, record, "k" * 24) for _n in range(2)])
    assert answers == [Exchange.objects.get().made.number] * 2


def test_of_two_forms_for_one_pair_one_gets_the_new_size(outbox: Any) -> None:
    order = sent(outbox, 1)
    record = other_size(order)
    answers = all_at_once([lambda key=key: click(order, record, key * 24) for key in ("a", "b")])
    assert sorted(answers) == sorted([Exchange.objects.get().made.number, "refused"])
