"""Two clerks help the same customer in the same moment: one money, one new pair."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.customer_service.remedies import actions
from fulfilment.customer_service.remedies.acts import ACTS, Refused, Wish
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.fulfilment.customer_service.returns.test_settlements import sent
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]


@pytest.fixture(autouse=True)
def _ground(fresh_database: None) -> None:
    make_country()
    ensure_vat()


def together(order: Order, code: str, data: dict[str, Any]) -> list[str]:
    """Two clerks saw the same effects and confirm them at once; what each of them got."""
    people = [make_staff(f"clerk{n}@example.org") for n in range(2)]
    data = {"reason": "faulty", "words": "Naht", **data}
    seen = actions.seal(order, actions.effects_of(ACTS[code], Wish(order, data, people[0])))

    def confirm(person: Any) -> str:
        wish = Wish(Order.objects.get(pk=order.pk), data, person)
        try:
            outcome = actions.carry_out(act=ACTS[code], wish=wish, key=str(uuid.uuid4()), seen=seen)
        except Refused as error:
            return type(error).__name__
        return "done" if outcome.remedy else "asked"

    return [str(answer) for answer in all_at_once([lambda p=person: confirm(p) for person in people])]


def test_two_clerks_who_give_goodwill_at_once_give_it_once(outbox: Any) -> None:
    order = sent(outbox, 1)
    assert sorted(together(order, "goodwill", {"amount": 1_000})) == ["Changed", "done"]
    assert Refund.objects.get().amount_minor == 1_000
    assert Invoice.objects.filter(kind=CREDIT_NOTE).count() == Remedy.objects.count() == 1


def test_two_clerks_who_send_new_goods_at_once_send_them_once(outbox: Any) -> None:
    order = sent(outbox, 1)
    answers = together(order, "replacement", {"pieces": {str(order.lines.get().pk): 1}})
    assert sorted(answers) in (["Changed", "done"], ["Refused", "done"])
    assert Order.objects.filter(kind="replacement").count() == 1
