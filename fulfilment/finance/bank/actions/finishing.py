"""The end of an import: batches replaced by their transactions, gaps marked, the rest of the house told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from django.db.models import Exists, Max, Min, OuterRef, Q

from fulfilment.finance.bank.events import StatementImported
from fulfilment.finance.bank.gaps import mark_gaps
from fulfilment.finance.bank.models import BankAccount, StatementFile, StatementLine
from shop.kernel import clock, outbox
from shop.kernel.states import move
from shop.kernel.transactions import retrying

CHUNK_KEYS = 500
Told = Mapping[str, Set[str]]


def finish(*, file: StatementFile, accounts: list[BankAccount], told: Mapping[int, Told]) -> None:
    """Everything of the file is written: say so, once. Raises StaleState when another worker already did.

    told: by account, the batches whose transactions the file tells one by one and the fingerprints of these, also where
    each of them was known.
    """

    def work() -> None:
        keys = sorted({account.pk for account in accounts})
        # Two files of one account that end at once: the second sees what the first brought.
        locked = list(BankAccount.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
        replaced = {account.pk: _replace(file, account, told.get(account.pk, {})) for account in locked}
        brought = {account.pk: _brought(file, account) for account in locked}
        new = StatementLine.objects.filter(statement__file=file).count()
        fresh = StatementFile.objects.get(pk=file.pk)
        move(
            fresh,
            to="imported",
            why=f"{new} new lines",
            lines_known=fresh.lines_total - new,
            claimed_until=None,
            finished_at=clock.now(),
        )
        for account in locked:
            mark_gaps(account)
            outbox.record(
                StatementImported(
                    file_id=file.pk,
                    account_id=account.pk,
                    replaced_line_ids=replaced[account.pk],
                    **brought[account.pk],
                )
            )

    retrying(work)
    file.refresh_from_db()


def _brought(file: StatementFile, account: BankAccount) -> dict[str, int]:
    """How many lines the file brought to the account, and the first and last of them."""
    lines = StatementLine.objects.filter(statement__file=file, account=account, is_replaced=False)
    ends = lines.aggregate(first=Min("pk"), last=Max("pk"))
    return {
        "lines": lines.count(),
        "first_line_id": ends["first"] or 0,
        "last_line_id": ends["last"] or 0,
    }


def _replace(file: StatementFile, account: BankAccount, told: Told) -> list[int]:
    """Collective lines whose transactions are lines of their own are no money any more, whichever came first.

    A transaction that equals one of another booking may be a line of that one already (equal lines are counted): so
    what the file tells counts as well as the lines. Returns the collective lines that other files had brought: who made
    something of them is told.
    """
    others: list[int] = []
    for keys in _batches(file, account, told):
        singles = StatementLine.objects.filter(account=account, batch=OuterRef("batch"), is_collective=False)
        gone = StatementLine.objects.filter(
            Exists(singles) | _told_otherwise(told, keys),
            account=account,
            batch__in=keys,
            is_collective=True,
            is_replaced=False,
        )
        found = dict(gone.values_list("pk", "statement__file_id"))
        StatementLine.objects.filter(pk__in=found).update(is_replaced=True)
        others += [pk for pk, brought_by in found.items() if brought_by != file.pk]
    return sorted(others)


def _told_otherwise(told: Told, keys: list[str]) -> Q:
    """Lines of a batch that the file tells by other lines. One that equals the line told is that line: MT940 does
    not say whether a booking is a batch."""
    mine = [key for key in keys if key in told]
    marks = {mark for key in mine for mark in told[key]}
    return Q(batch__in=mine) & ~Q(fingerprint__in=marks)


def _batches(file: StatementFile, account: BankAccount, told: Told) -> Iterator[list[str]]:
    """The entries of the bank that the file tells of, some hundred at a time."""
    lines = StatementLine.objects.filter(statement__file=file, account=account).exclude(batch="")
    keys = sorted({*told, *lines.values_list("batch", flat=True)})
    for at in range(0, len(keys), CHUNK_KEYS):
        yield keys[at : at + CHUNK_KEYS]
