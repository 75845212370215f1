"""A wire with nobody at its end, something to buy, and everything that rests after a fault awake again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from tests.factories.orders import make_country
from tests.factories.shopping import make_variant
from tests.faults.tiny import Served, serving
from tests.faults.wire import Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire that leads nowhere: it refuses, is silent or says what it is told."""
    with Wire() as laid:
        yield laid


@pytest.fixture(autouse=True)
def _awake() -> Iterator[None]:
    from catalogue.search import finding
    from shop.kernel import nudges, patient_cache

    rooms: tuple[Any, ...] = (finding, nudges, patient_cache)
    for room in rooms:
        room.forget()
    yield
    for room in rooms:
        room.forget()


@pytest.fixture
def shoe(db: None) -> StockRecord:
    """Something that can be bought, often."""
    make_country()
    return make_variant(stock=50)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("web")) as (served, _process):
        pid = served.ask("/pid")[1]
        yield served
        assert served.ask("/pid")[1] == pid, "the worker died and another took its place"


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Fail when the block takes longer."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < seconds, f"{what} took {took:.1f} s, promised were {seconds}"
