"""What the tests of counts do again and again."""

from __future__ import annotations

from typing import Any

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.counting import actions, verify
from fulfilment.warehouse.counting.judging import policy
from fulfilment.warehouse.counting.models import CountPolicy, CountTask
from fulfilment.warehouse.stock.models import BinStock
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User


def problems() -> list[str]:
    return stock_differences() + [text for _name, check in verify.CHECKS for text in check()]


def lying(record: StockRecord, code: str = "A-01") -> int:
    return BinStock.objects.get(stockrecord=record, bin__code=code).quantity


def count(task: CountTask, by: User, pieces: dict[StockRecord, int], **more: Any) -> str:
    """Start, scan, finish."""
    actions.start(task=task, by=by)
    for record, quantity in pieces.items():
        actions.tally(task=task, stockrecord=record, quantity=quantity, by=by)
    return actions.finish(task=task, by=by, **more)


def rules(**values: int) -> CountPolicy:
    CountPolicy.objects.filter(pk=policy().pk).update(**values)
    return policy()
