"""A random history: each step picks something that may happen now and does it by the verbs that people and programs
use. A refusal is fine and changes nothing; what really happened is counted, verb by verb."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from fulfilment.finance.psp import tasks as psp
from fulfilment.finance.reports.actions import roll_up
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.clock import now, today
from shop.kernel.invariants import verify
from shop.kernel.states import StateError
from tests.properties.auditing.auditor import Auditor
from tests.properties.auditing.bank import Bank
from tests.properties.auditing.books import Books
from tests.properties.auditing.cards import Cards
from tests.properties.auditing.credit import Credit
from tests.properties.auditing.goods import SMALLEST_CHARGE, Goods
from tests.properties.auditing.service import Service

FIRST_DAY = dt.date(2026, 3, 2)
TRIES = 200  #: of a verb that the random steps left out
#: What such a verb needs to have happened.
OWING = ("order", "dispatch", "day_passes", "day_passes", "dun", "dun", "stranger_pays", "statement")
CARDS = ("order", "pay_by_card", "refund", "refund_comes_back", "dispute")
BEFORE = {
    "hand_over": ("a_season_passes",),
    "come_back": ("hand_over", "a_season_passes"),
    **dict.fromkeys(("promise", "waive", "pay_claims", "dun", "close_month"), OWING),
    **dict.fromkeys(("dispute", "dispute_ends", "refund", "refund_comes_back"), CARDS),
    "refund_again": ("order", "pay_by_card", "refund", "refund", "refund_comes_back", "refund_comes_back"),
    **dict.fromkeys(("payout", "transfers_leave", "goods_come_back"), (*CARDS, "dispatch", "refund_again")),
    **dict.fromkeys(
        ("pay_by_card", "pay_too_late", "cancel_order", "cancel_pieces", "change_order"), ("order",)
    ),
    "undo_write_off": ("write_off", "dispatch"),
    "exchange_size": ("order", "dispatch", "pay_by_card", "receive_goods"),
    "announced_goods_come": ("order", "dispatch", "exchange_size", "pay_by_card"),
    "let_exchange_go": ("order", "dispatch", "exchange_size", "pay_by_card"),
    "waits_end": ("order", "dispatch", "exchange_size", "pay_by_card", "day_passes"),
    "decide_return": ("order", "dispatch", "goods_come_back"),
    "explain_money_of_nobody": ("money_of_nobody",),
    "reverse_by_hand": ("manual_entry",),
    "refund_as_credit": ("order", "pay_by_card"),
    "order_with_credit": ("order", "pay_by_card", "refund_as_credit"),
}
#: How often a verb is tried, beside the others.
WEIGHTS = {
    "order": 14, "dispatch": 16, "receive_goods": 1, "cancel_order": 1, "credit": 4, "cancel_invoice": 1,
    "replace_invoice": 1, "goods_come_back": 2, "cancel_pieces": 2, "change_order": 2,
    "pay_by_card": 8, "pay_too_late": 1, "refund": 4, "refund_comes_back": 2, "refund_again": 2, "dispute": 2,
    "dispute_ends": 2, "fee_alone": 1, "money_of_nobody": 1, "explain_money_of_nobody": 1, "payout": 3,
    "customer_pays": 16, "one_transfer_for_several": 2, "bank_takes_fees": 1, "debit_returned": 2, "typed_by_hand": 2,
    "statement": 10, "decide": 8, "assign": 5, "explain": 2, "give_back": 1, "undo": 4, "withdraw": 1,
    "transfers_leave": 3, "stranger_pays": 1,
    "day_passes": 14, "dun": 7, "pay_claims": 4, "promise": 1, "hand_over": 1, "come_back": 1, "waive": 1,
    "write_off": 3, "undo_write_off": 1, "manual_entry": 1, "openings": 1, "reverse_by_hand": 1, "close_month": 1,
    "seal": 1, "roll_up": 2,
    "exchange_size": 4, "announced_goods_come": 5, "let_exchange_go": 1, "waits_end": 1, "decide_return": 3,
    "goodwill": 1, "reduce_price": 1, "send_anew": 1, "give_voucher": 1,
    "refund_as_credit": 4, "order_with_credit": 5,
}  # fmt: skip


class History(Goods, Service, Cards, Credit, Bank, Books):
    """The shop, what happens to it, and the auditor beside it."""

    smallest_charge = SMALLEST_CHARGE

    def __init__(self, seed: int, *, standin: Any, outbox: Any, clock: Any) -> None:
        self.dice = random.Random(seed)
        self.seed, self.standin, self.outbox, self.clock = seed, standin, outbox, clock
        self.auditor = Auditor()
        self.done: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.told: list[str] = []  #: the last verbs, for who looks for the cause
        self.at = 0
        clock.on(FIRST_DAY)
        self.begin_goods()
        self.begin_bank()
        outbox.drain()

    def pick(self, things: Any) -> Any:
        """One of them, None when there are none."""
        rows = list(things)
        return self.dice.choice(rows) if rows else None

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.dice.randrange(100) < percent

    def next(self) -> int:
        """A number that was not used before."""
        self.at += 1
        return self.at

    def steps(self, count: int, *, audit_every: int) -> None:
        """So many random steps, audited every now and then."""
        names, weights = list(WEIGHTS), list(WEIGHTS.values())
        for step in range(1, count + 1):
            self.do(self.dice.choices(names, weights)[0])
            if step % audit_every == 0:
                self.audit()

    def rest(self) -> None:
        """What never came to something yet is tried on, while the days go by: every verb is seen at work. In the end no
        refund that failed is left lying."""
        for name in self.never():
            self.bring_about(name)
        self.send_failed_refunds()

    def bring_about(self, name: str) -> bool:
        """Try a verb until it comes to something, with what it needs in between; whether it did."""
        for _ in range(TRIES):
            if self.do(name):
                return True
            self.do(self.pick(BEFORE.get(name, ("order", "dispatch", "customer_pays", "statement"))))
        return False

    def do(self, name: str) -> bool:
        """Try a verb; whether it came to something."""
        self.tried[name] += 1
        verb: Callable[[], bool] = getattr(self, name)
        try:
            happened = verb()
        except (ValueError, StateError, StockError) as error:
            words = str(error)[:60] if type(error) is ValueError else type(error).__name__
            self.refusals[f"{name}: {words}"] += 1
            happened = False
        self.outbox.drain()
        self.done[name] += happened
        self.told = [*self.told[-30:], name if happened else f"({name})"]
        return happened

    def settle(self) -> None:
        """Whatever the provider did is read and booked, also what waits a while for our own books."""
        self.send_refunds()
        psp.read()
        self.clock.advance(minutes=20)
        psp.read()
        self.outbox.drain()
        self.auditor.provider = self.provider_rows()

    def audit(self, *, everything: bool = False) -> None:
        """The auditor and, with ``everything``, all invariants of the house."""
        self.settle()
        self.auditor.compare()
        failures = self.outbox.failures()
        assert not failures, failures
        if everything:
            found = [one for one in verify() if one.room != "notifications"]  # nobody sends mails here
            breaches = [f"{one.room}: {words}" for one in found for words in one.breaches]
            assert not breaches, "\n".join(breaches)

    def day_passes(self) -> bool:
        """One day or a few."""
        self.clock.advance(days=self.dice.choice((1, 1, 2, 4, 8)))
        return True

    def roll_up(self) -> bool:
        """Balances of the reports take up what is noted."""
        return bool(roll_up())

    def never(self) -> list[str]:
        """Verbs that never came to something."""
        return sorted(name for name in WEIGHTS if not self.done[name])

    def story(self) -> str:
        """What to print when it fails."""
        return f"seed {self.seed}, {sum(self.tried.values())} steps, {today()} {now():%H:%M}; the last: {self.told}"
