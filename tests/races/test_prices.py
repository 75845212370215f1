"""Prices of several variants are changed while they are ordered: nobody waits for ever, nobody is refused."""

from __future__ import annotations

import pytest

from catalogue.partner.actions import Wish, release, reserve
from shop.dashboard.prices import _change, _save
from shop.kernel.transactions import retrying
from tests.factories.people import make_user
from tests.factories.range import make_product, variants
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]
ROUNDS, FIRST = 12, 70_000_000


def test_prices_of_all_variants_change_while_all_of_them_are_ordered(fresh_database: None) -> None:
    shoe = make_product("Elbschuh", stock=90, sizes=("41", "42"))
    records, staff = variants(shoe), make_user("staff@example.org")
    assert len(records) > 1

    def change() -> None:
        for n in range(ROUNDS):
            _save(shoe, [_change(one, 5_000 + n, False) for one in reversed(records)], False, staff)

    def order(number: int) -> None:
        for n in range(ROUNDS):
            wishes = [Wish(one.pk, 1_000 * k + number + n, number + n, 1) for k, one in enumerate(records)]
            retrying(lambda wishes=wishes: reserve(wishes, expires_at=None))  # type: ignore[misc]
            retrying(lambda n=n: release(order_id=number + n, why="test"))  # type: ignore[misc]

    answers = all_at_once([change, change, lambda: order(FIRST), lambda: order(FIRST + ROUNDS)])
    assert answers == [None, None, None, None]
    assert {str(one.price) for one in variants(shoe)} == {f"{50 + (ROUNDS - 1) / 100:.2f}"}
