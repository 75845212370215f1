"""Answer, deadline, second tab and goods that come, all in the same second: one wins, money moves once."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.models import Amendment
from checkout.payment.models import Refund
from fulfilment.warehouse.shortages import actions
from fulfilment.warehouse.shortages.models import REFUND, WAIT, ShortageQuestion
from fulfilment.warehouse.stock import actions as stock
from shop.kernel.clock import now
from shop.kernel.invariants import verify
from shop.kernel.models import StateChange
from tests.factories.shortages import order_with_missing_pieces
from tests.factories.stock import make_bin

from .crowd import all_at_once

pytestmark = pytest.mark.usefixtures("fresh_database")


def decisions(question: ShortageQuestion) -> list[str]:
    rows = StateChange.objects.filter(machine="shortage", thing_id=question.pk)
    return list(rows.values_list("new", flat=True))


def breaches() -> list[str]:
    return [f"{f.name}: {b}" for f in verify() for b in f.breaches if f.room != "outbox"]


def unexpected(answers: list[Any]) -> list[Any]:
    return [a for a in answers if isinstance(a, Exception) and not isinstance(a, actions.AlreadyDecided)]


def test_answers_of_many_tabs_and_the_deadline_decide_once(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    ShortageQuestion.objects.update(deadline=now())

    def answer(choice: str) -> Any:
        return lambda: actions.answer(question=case.question, choice=choice)

    answers = all_at_once(
        [answer(REFUND), answer(WAIT), answer(REFUND), actions.apply_defaults, actions.apply_defaults]
    )
    assert unexpected(answers) == []
    case.refresh()
    assert len(decisions(case.question)) == 1
    refunded = case.question.answer == REFUND
    assert Refund.objects.count() == Amendment.objects.count() == int(refunded)
    outbox.drain()
    assert breaches() == []


def test_goods_that_come_while_the_customer_cancels_go_to_one_of_both(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    stock.receive(stockrecord=case.shoe, bin=make_bin("C-01"), quantity=2)
    answers = all_at_once(
        [
            lambda: actions.answer(question=case.question, choice=REFUND),
            actions.plan_waiting,
            actions.plan_waiting,
        ]
    )
    assert unexpected(answers) == []
    outbox.drain()
    case.refresh()
    assert len(decisions(case.question)) == 1
    planned = sum(line.quantity_open for line in case.pick_list.lines.all())
    assert (planned, case.line.quantity_cancelled) in ((2, 0), (0, 2))
    assert breaches() == []
