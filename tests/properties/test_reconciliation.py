"""Whatever clerks do with the bank's lines, in whatever order: no line is given out twice, and what nobody explained
is to
the cent what the books hold as unexplained."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import explain, give_back, undo
from fulfilment.finance.reconciliation.deciding import Changed, decide
from fulfilment.finance.reconciliation.matching.run import match_these
from fulfilment.finance.reconciliation.models import UNEXPLAINED, Assignment, Disbursement, Receipt
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, make_order, order_lines
from tests.fulfilment.finance.reconciliation.bank_lines import DAY, told
from tests.support.chance import seed as seed_of

pytestmark = pytest.mark.django_db
STEPS = int(os.environ.get("RECONCILE_STEPS", "60"))


def an_invoice(chance: random.Random) -> None:
    order = make_order(Wish(1, chance.randrange(500, 20_000)))
    issue_for_parcel(
        parcel_id=order.pk, order_id=order.pk, quantities={order_lines(order)[0].pk: 1}, dispatched_on=DAY
    )


def a_line(chance: random.Random) -> None:
    """Money for an invoice (exactly, too little, too much, again), or from nobody; or money that left."""
    invoice = Invoice.objects.order_by("?").first() if chance.random() < 0.7 else None
    amount = chance.randrange(1, 20_000)
    if invoice is not None:
        amount = max(
            1, invoice.gross_minor + chance.choice((0, 0, 0, -100, 3, 500, -invoice.gross_minor // 2))
        )
    sign = -1 if chance.random() < 0.3 else 1
    facts = {"is_reversal": sign < 0 and chance.random() < 0.5}
    told(sign * amount, invoice.number if invoice else "Entgelt", **facts)


def an_open_one(chance: random.Random) -> Receipt | Disbursement | None:
    rows = [
        *Receipt.objects.filter(state__in=UNEXPLAINED),
        *Disbursement.objects.filter(state__in=UNEXPLAINED),
    ]
    return chance.choice(rows) if rows else None


def a_choice(chance: random.Random) -> None:
    """Any of the proposals, not only the first."""
    money = an_open_one(chance)
    if money is None:
        return
    found = match_these([money]).get(f"{'disbursement' if money.is_out else 'receipt'}:{money.pk}", [])
    if found:
        with suppress(Changed):
            decide(
                money=money,
                proposal=chance.choice(found),
                seen_left_minor=money.left_minor,
                charge_to_customer=chance.random() < 0.5,
            )


def an_explanation(chance: random.Random) -> None:
    money = an_open_one(chance)
    if money is None:
        return
    part = chance.randrange(1, money.left_minor + 1)
    if isinstance(money, Receipt) and chance.random() < 0.4:
        give_back(receipt=money, amount_minor=part, reason="not ours")
    else:
        fees = Account.objects.get(role="bank_charges")
        explain(money=money, account=fees, amount_minor=part, vat_rate_bp=chance.choice((0, 700, 1900)))


def a_step_back(chance: random.Random) -> None:
    rows = list(Assignment.objects.filter(undone_at=None).order_by("pk"))
    if rows:
        with suppress(ValueError):  # a transfer back that has left stays
            undo(assignment=chance.choice(rows), why="taken back")


DEEDS: tuple[tuple[Callable[[random.Random], None], int], ...] = (
    (an_invoice, 3), (a_line, 5), (a_choice, 6), (an_explanation, 3), (a_step_back, 3),
)  # fmt: skip


@pytest.mark.parametrize("turn", [1, 2])  # the seed is made inside: every process must collect the same tests
def test_unexplained_is_what_is_left_of_all_lines(turn: int) -> None:
    seed = seed_of() + turn
    print(f"seed {seed}, turn {turn}")
    chance = random.Random(seed)
    for _step in range(STEPS):
        [deed] = chance.choices([deed for deed, _ in DEEDS], [weight for _, weight in DEEDS])
        deed(chance)
        left = sum(row.left_minor for row in Receipt.objects.all())
        left -= sum(row.left_minor for row in Disbursement.objects.all())
        assert -balance_minor("unexplained") == left, f"seed {seed}, after {deed.__name__}"
    assert problems() == [], f"seed {seed}"
