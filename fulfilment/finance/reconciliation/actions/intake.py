"""Lines of the bank's files become receipts and disbursements, each once; money typed by hand before is linked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, Q

from fulfilment.finance.bank.models import StatementLine
from fulfilment.finance.ledger.actions import post_many, reverse
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.reconciliation.matching.reading import canonical, same_name
from fulfilment.finance.reconciliation.models import Disbursement, Intake, MatchPolicy, Receipt
from fulfilment.finance.reconciliation.taking import bank_of, recorded
from shop.kernel.clock import now
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .disburse import withdraw_disbursement
from .undo import withdraw

CHUNK = 500  #: lines per transaction
TYPED_ON = "bank"  #: role of the account that money recorded by hand is booked on


def policy() -> MatchPolicy:
    """What matching may do by itself; the row is made when it is missing."""
    return MatchPolicy.objects.get_or_create(pk=1)[0]


def take_in(*, intake: Intake, limit: int | None = None) -> int:
    """Make receipts and disbursements of the lines of one file and account, a chunk per transaction; returns how
    many lines
    were taken now. A worker that dies leaves off after a whole chunk; of two workers one goes on. limit: chunks at
    most.
    """
    taken, chunks = 0, 0
    while limit is None or chunks < limit:
        count = retrying(lambda: _chunk(intake))
        if count is None:
            break
        taken, chunks = taken + count, chunks + 1
    return taken


def take_back_replaced(*, line_ids: list[int]) -> int:
    """Collective lines whose transactions are known now are no money any more: what was made of them is withdrawn.

    Returns how many.
    """
    why = "the bank told its single transactions"
    done = 0
    for receipt in Receipt.objects.filter(line_id__in=line_ids).exclude(state="withdrawn").order_by("pk"):
        withdraw(receipt=receipt, why=why)
        done += 1
    left = Disbursement.objects.filter(line_id__in=line_ids).exclude(state="withdrawn")
    for disbursement in left.order_by("pk"):
        withdraw_disbursement(disbursement=disbursement, why=why)
        done += 1
    return done


def link(*, money: Receipt | Disbursement, known: Receipt | Disbursement, by: Any = None) -> None:
    """``money`` (made of a line) was recorded by hand before as ``known``: the line moves there and the double is
    withdrawn. ValueError when they are not the same money or something was assigned to the double."""
    if type(money) is not type(known) or money.pk == known.pk:
        raise ValueError("two records of one kind are linked")

    def work() -> None:
        money.refresh_from_db()
        known.refresh_from_db()
        if money.line_id is None or known.line_id is not None or known.state == "withdrawn":
            raise ValueError("one of the two has changed in the meantime")
        if (money.amount_minor, money.currency) != (known.amount_minor, known.currency):
            raise ValueError("the amounts are not the same")
        if money.assigned_minor:
            raise ValueError("something was assigned to it already")
        if bank_of(money) != bank_of(known):
            raise ValueError("it was recorded on another account of the bank")
        line_id = money.line_id
        type(money).objects.filter(pk=money.pk).update(
            line=None, reference=f"{money.reference[:60]} #{line_id}"
        )
        money.refresh_from_db()
        move(money, to="withdrawn", by=by, why=f"recorded by hand before as {known.pk}")
        reverse(entry=_entry(money), why="recorded by hand before", by=by)
        rows = type(known).objects.filter(pk=known.pk, line=None).update(line_id=line_id)
        if not rows:
            raise ValueError("one of the two has changed in the meantime")
        known.refresh_from_db()

    retrying(work)


def unlink(*, known: Receipt | Disbursement, by: Any = None) -> Receipt | Disbursement:
    """The line is not what was recorded by hand after all: it becomes money of its own. Returns that."""

    def work() -> Receipt | Disbursement:
        known.refresh_from_db()
        line = known.line
        if line is None:
            raise ValueError("no line of the bank is linked to it")
        type(known).objects.filter(pk=known.pk).update(line=None)
        known.refresh_from_db()
        return _make([line], by)[0]

    return retrying(work)


def _chunk(intake: Intake) -> int | None:
    """Take in the next lines; None when there are none or another worker is at it."""
    seen = Intake.objects.get(pk=intake.pk)
    lines = list(
        StatementLine.objects.filter(
            statement__file_id=seen.file_id,
            account_id=seen.bank_account_id,
            pk__gt=seen.last_line_id,
            is_replaced=False,
        )
        .select_related("statement", "account__ledger_account")
        .order_by("pk")[:CHUNK]
    )
    mine = Intake.objects.filter(pk=seen.pk, last_line_id=seen.last_line_id, done_at=None)
    if not lines:
        mine.update(done_at=now())
        return None
    if not mine.update(last_line_id=lines[-1].pk, taken=F("taken") + len(lines)):
        return None
    known = set(Receipt.objects.filter(line__in=lines).values_list("line_id", flat=True))
    known |= set(Disbursement.objects.filter(line__in=lines).values_list("line_id", flat=True))
    typed, days = _typed_before(lines), dt.timedelta(days=policy().same_money_days)
    fresh = []
    for line in lines:
        if line.pk in known:
            continue
        same = _surely(line, typed, days)
        if same is not None:
            typed.remove(same)
        if same is None or not _joined(same, line):
            fresh.append(line)
    _make(fresh, None)
    return len(lines)


def _joined(known: Receipt | Disbursement, line: StatementLine) -> bool:
    """The line is what was recorded by hand; False when that was withdrawn or joined with another one meanwhile."""
    free = type(known).objects.filter(pk=known.pk, line=None).exclude(state="withdrawn")
    return bool(free.update(line=line))


def _typed_before(lines: list[StatementLine]) -> list[Receipt | Disbursement]:
    """Money recorded by hand that no line has told yet, with the amounts of these lines."""
    facts = Q(amount_minor__in={abs(line.amount_minor) for line in lines}, line=None)
    return [
        *Receipt.objects.filter(facts).exclude(state="withdrawn").order_by("pk"),
        *Disbursement.objects.filter(facts).exclude(state="withdrawn").order_by("pk"),
    ]


def _surely(
    line: StatementLine, typed: list[Receipt | Disbursement], days: dt.timedelta
) -> Receipt | Disbursement | None:
    """What was typed by hand for this line, when it is only one and reference or payer say so too; of several that the
    payer fits, the one with the line's reference."""
    wanted = Receipt if line.amount_minor > 0 else Disbursement
    same = [
        row
        for row in typed
        if isinstance(row, wanted)
        and row.amount_minor == abs(line.amount_minor)
        and row.currency == line.currency
        and abs(row.booked_on - line.booked_on) <= days
        and line.account.ledger_account.role == TYPED_ON
        and _fits(line, row)
    ]
    told = _references(line)
    same = [row for row in same if canonical(row.reference) in told] or same
    return same[0] if len(same) == 1 else None


def _fits(line: StatementLine, row: Receipt | Disbursement) -> bool:
    """Whether reference, account or payer are the same on both."""
    if canonical(row.reference) in _references(line):
        return True
    if row.party_iban and row.party_iban == line.counterparty_iban:
        return True
    return bool(row.party) and same_name(row.party, line.counterparty)


def _references(line: StatementLine) -> set[str]:
    """What the bank and the payer call it."""
    told = (line.bank_reference, line.end_to_end_id, line.structured_reference)
    return {canonical(text) for text in told if text}


def _make(lines: list[StatementLine], by: Any) -> list[Receipt | Disbursement]:
    """Receipts and disbursements of these lines with their entries, in a few statements however many there are."""
    moneys = [_money_of(line) for line in lines]
    made: list[Receipt | Disbursement] = [
        *Receipt.objects.bulk_create([money for money in moneys if isinstance(money, Receipt)]),
        *Disbursement.objects.bulk_create([money for money in moneys if isinstance(money, Disbursement)]),
    ]
    if made:
        post_many(entries=[recorded(money) for money in made], by=by)
    return made


def _money_of(line: StatementLine) -> Receipt | Disbursement:
    """The receipt or disbursement of a line, not saved yet."""
    facts: dict[str, Any] = {
        "line": line,
        "booked_on": line.booked_on,
        "amount_minor": abs(line.amount_minor),
        "currency": line.currency,
        "text": line.text,
        "reference": f"{line.statement.number or line.statement.first_day}/{line.position}"[:80],
    }
    if line.amount_minor > 0:
        return Receipt(payer=line.counterparty, payer_iban=line.counterparty_iban[:34], **facts)
    return Disbursement(payee=line.counterparty, payee_iban=line.counterparty_iban[:34], **facts)


def _entry(money: Receipt | Disbursement) -> Entry:
    kind = "receipt" if isinstance(money, Receipt) else "disbursement"
    return Entry.objects.get(source=f"{kind}:{money.pk}")
