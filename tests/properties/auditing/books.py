"""Dunning, what is given up, and the books themselves: manual entries, months, seals."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fulfilment.finance.dunning import actions as dunning
from fulfilment.finance.dunning.actions import claims
from fulfilment.finance.dunning.actions.handover import hand_over, ready, take_back
from fulfilment.finance.dunning.actions.promise import promise
from fulfilment.finance.dunning.actions.waive import waive
from fulfilment.finance.dunning.actions.write_off import ask_or_write_off, undo_write_off
from fulfilment.finance.dunning.models import DunningClaim, DunningNotice, Handover, WriteOff
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger import actions as ledger
from fulfilment.finance.ledger.actions import Manual, ManualLine, Opening
from fulfilment.finance.ledger.actions.periods import first_month, month_after
from fulfilment.finance.ledger.models import Account, Entry, Period
from fulfilment.finance.reconciliation.models import UNEXPLAINED, Receipt
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from shop.kernel.clock import today

SEASON = 36  #: times three days: longer than all terms of dunning together


class Books:
    """What finance does beside the bank."""

    def dun(self: Any) -> bool:
        """The nightly run."""
        result = dunning.run(day=today(), by=self.clerk)
        assert result.failures == []
        return bool(result.written)

    def pay_claims(self: Any) -> bool:
        """Money for an invoice with its interest and costs, divided by law; the line came before."""
        owing = DunningClaim.objects.filter(waived_at=None).values("invoice")
        invoice = self.pick(Invoice.objects.filter(pk__in=owing).order_by("pk"))
        if invoice is None:
            return False
        left = claims.open_claims_minor(invoice.pk)
        wanted = max(1, self.pick((left, left + invoice.open_minor, left // 2)))
        receipt = self.pick(Receipt.objects.filter(state__in=UNEXPLAINED, amount_minor__gte=1).order_by("pk"))
        if receipt is None or self.chance(50):
            self.line(wanted, self.pick((invoice.number, "Mahnung")), name="Erika Beispiel")
            return False
        claims.pay_invoice_and_claims(
            receipt=receipt,
            invoice=invoice,
            amount_minor=min(receipt.left_minor, wanted),
            named_invoice=self.chance(30),
            by=self.clerk,
        )
        return True

    def promise(self: Any) -> bool:
        """The customer promises to pay."""
        notice = self.pick(DunningNotice.objects.order_by("pk"))
        if notice is None:
            return False
        pay_on = today() + dt.timedelta(days=self.dice.randint(0, 10))
        promise(notice=notice, amount_minor=self.dice.randint(1, 5_000), pay_on=pay_on, by=self.clerk)
        return True

    def hand_over(self: Any) -> bool:
        """After the last letter somebody else collects."""
        rows = list(ready(today()).order_by("pk"))
        return bool(rows) and bool(
            hand_over(invoices=[self.pick(rows)], collector="Inkasso Elbe", by=self.clerk)
        )

    def a_season_passes(self: Any) -> bool:
        """Some buy and do not pay, and are reminded until the last letter's term is over."""
        for verb in ("order", "dispatch", "order", "dispatch", "order", "dispatch"):
            self.do(verb)
        for _ in range(SEASON):
            self.clock.advance(days=3)
            for verb in ("stranger_pays", "statement", "dun"):
                self.do(verb)
        return True

    def come_back(self: Any) -> bool:
        """It is ours again."""
        one = self.pick(Handover.objects.filter(back_on=None).order_by("pk"))
        return one is not None and take_back(handover=one, why="paid to us", by=self.clerk)

    def waive(self: Any) -> bool:
        """A claim is let go."""
        claim = self.pick(DunningClaim.objects.filter(waived_at=None).order_by("pk"))
        return claim is not None and waive(claim=claim, why="goodwill", by=self.clerk)

    def write_off(self: Any) -> bool:
        """A claim is given up, whole or in part; above the limit two decide."""
        invoice = self.pick(Invoice.objects.open().order_by("pk"))
        if invoice is None:
            return False
        amount = self.pick((invoice.open_minor, invoice.open_minor, self.dice.randint(1, invoice.open_minor)))
        done = ask_or_write_off(
            invoice=invoice, amount_minor=amount, reason_code="uncollectable", reason="gone", by=self.clerk
        )
        if isinstance(done, Approval):
            approvals.approve(approval=done, by=self.boss)
        return True

    def undo_write_off(self: Any) -> bool:
        """It was wrong to."""
        one = self.pick(WriteOff.objects.filter(reversed_at=None).order_by("pk"))
        return one is not None and undo_write_off(write_off=one, why="they live", by=self.clerk)

    def manual_entry(self: Any) -> bool:
        """An accountant writes an entry; a large one waits for a second person."""
        fees, cash = (Account.objects.get(role=role).number for role in ("bank_charges", "cash"))
        amount = self.pick((self.dice.randint(1, 5_000), 150_000))
        lines = (ManualLine(fees, debit_minor=amount), ManualLine(cash, credit_minor=amount))
        key = f"{self.dice.getrandbits(128):032x}"
        day = today() - dt.timedelta(days=self.pick((0, 0, 20)))
        entry, asked = ledger.enter(manual=Manual(key, day, "Kasse", lines), by=self.clerk)
        if asked is not None:
            approvals.approve(approval=asked, by=self.boss)
        self.auditor.put("bank_charges", "cash", amount)
        return True

    def openings(self: Any) -> bool:
        """What the year begins with."""
        cash, equity = (Account.objects.get(role=role).number for role in ("cash", "equity"))
        amount = self.dice.randint(1, 150_000)
        rows = [Opening(cash, debit_minor=amount), Opening(equity, credit_minor=amount)]
        _entries, asked = ledger.open_balances(year=today().year, rows=rows, by=self.clerk)
        if asked is not None:
            approvals.approve(approval=asked, by=self.boss)
        self.auditor.put("cash", "equity", amount)
        return True

    def reverse_by_hand(self: Any) -> bool:
        """An accountant takes a manual entry back."""
        entry = self.pick(Entry.objects.filter(kind="manual", reversed_by=None, reverses=None).order_by("pk"))
        if entry is None:
            return False
        amount = sum(line.debit_minor for line in entry.lines.all())
        _reversal, asked = ledger.reverse_by_hand(entry=entry, why="a slip", booked_on=today(), by=self.clerk)
        if asked is not None:
            approvals.approve(approval=asked, by=self.boss)
        self.auditor.put("cash", "bank_charges", amount)
        return True

    def close_month(self: Any) -> bool:
        """The next month that is open is closed softly, or the next soft one for good."""
        hard = self.chance(30)
        states = ("hard",) if hard else ("soft", "hard")
        last = Period.objects.filter(state__in=states).order_by("-first_day").first()
        month = month_after(last.first_day) if last else first_month()
        if month is None:
            return False
        ledger.close_month(month=month, hard=hard, why="the month is done", by=self.boss)
        return True

    def seal(self: Any) -> bool:
        """The night's seal."""
        ledger.seal(day=today() - dt.timedelta(days=1))
        return True
