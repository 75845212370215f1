"""Verbs of transfers: give an account, make a file, hand it to the bank, call it off, note one the bank refused.

A refund (or payback) is ``sent`` from the moment it is in a file, by compare-and-set: of two who want to send it, by
file or by hand, one does. It counts as gone when the file was handed to the bank.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from checkout.payment.models import Refund
from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.invoicing.merchant import profile
from fulfilment.finance.reconciliation.actions import WrongMoney, open_again
from fulfilment.finance.reconciliation.models import PayBack
from fulfilment.finance.reconciliation.transfers import note_refund_sent
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from shop.audit.actions import note_change
from shop.kernel import clock
from shop.kernel.states import StateError, move
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from . import pain
from .approving import KIND, second_person_needed
from .characters import NAME_CHARS, plain
from .models import SCHEMAS, ReceiverAccount, Transfer, TransferBatch
from .receivers import DAYS_AHEAD_MOST, bank_day_from, compact, is_bank_day, masked, problem_of
from .waiting import STAFF, Waiting, waiting

TRANSFERS_MOST = 1_000  #: in one file: what banks take and one person looks through
KEY = re.compile(r"[0-9a-f-]{32,36}", re.ASCII)


class Refused(ValueError):
    """It cannot be done as asked; the message says why, for people."""


@dataclass(frozen=True)
class Wish:
    """A file as somebody asks for it. key: names the form; seen: the digest of the rows as they were shown."""

    targets: tuple[str, ...]
    account_id: int
    execute_on: dt.date
    schema: str
    in_one_sum: bool
    key: str
    seen: str

    def facts(self) -> dict[str, Any]:
        """Plain values for the request for approval."""
        return asdict(self) | {"targets": list(self.targets), "execute_on": self.execute_on.isoformat()}


@dataclass(frozen=True)
class Asked:
    """What came of a wish: the file, or the request that waits for a second person."""

    batch: TransferBatch | None = None
    approval: Approval | None = None


def from_facts(facts: dict[str, Any]) -> Wish:
    """What ``facts()`` wrote down."""
    day = dt.date.fromisoformat(facts["execute_on"])
    return Wish(**facts | {"targets": tuple(facts["targets"]), "execute_on": day})


def digest(rows: Sequence[Waiting]) -> str:
    """What a page shows of rows, as one value: another amount, account, name or text gives another."""
    facts = sorted(
        f"{row.target}|{row.amount_minor}|{compact(row.iban)}|{row.name}|{row.text}" for row in rows
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def give_account(*, thing: Refund | PayBack, name: str, iban: str, source: str, by: Any) -> ReceiverAccount:
    """Staff say where a refund or payback goes. Raises Refused for a wrong account or when it is on its way."""
    if problem := problem_of(iban):
        raise Refused(problem)
    if not plain(name, NAME_CHARS) or not source.strip():
        raise Refused(_("Please give the holder of the account, and where the account is from."))
    which = {"refund": thing} if isinstance(thing, Refund) else {"payback": thing}

    def work() -> ReceiverAccount:
        current = type(thing).objects.select_for_update().get(pk=thing.pk)
        if current.state != "requested":
            raise Refused(_("It is on its way already."))
        account = ReceiverAccount.objects.filter(**which).first() or ReceiverAccount(**which)
        before = (account.name, masked(account.iban))
        account.name, account.iban, account.source = name.strip()[:140], compact(iban), source.strip()[:200]
        account.given_by, account.given_at = by, clock.now()
        account.save()
        after = (account.name, masked(account.iban))  # whole it stands in the account's own history
        changed = dict(zip(("name", "iban"), zip(before, after, strict=True), strict=True))
        key = f"{next(iter(which))} {thing.pk}"
        note_change(kind_name="account", key=key, changed=changed, by=by, why=account.source)
        return account

    return retrying(work)


def make(*, wish: Wish, by: Any) -> Asked:
    """Make a file of what was chosen, or ask a second person first. A double click is one file. Raises Refused."""
    known = TransferBatch.objects.filter(key=wish.key).first()
    if known is not None:
        return Asked(batch=known)
    try:
        rows = checked(wish)
    except Refused:
        known = TransferBatch.objects.filter(key=wish.key).first()
        if known is None:
            raise
        return Asked(batch=known)
    if not second_person_needed(rows=rows, by=by):
        return Asked(batch=write(wish=wish, by=by))
    amount = sum(row.amount_minor for row in rows)
    account = BankAccount.objects.get(pk=wish.account_id)
    facts = {"count": len(rows), "amount": money_text(amount), "account": account.name}
    approval, _new = approvals.ask(
        kind_name=KIND,
        key=wish.key,
        title=_("Send %(count)d transfers of %(amount)s in all from %(account)s") % facts,
        amount_minor=amount,
        facts=wish.facts(),
        consequences=[_sentence(row) for row in rows],
        reason=_("above what one person may send alone in a day"),
        by=by,
    )
    return Asked(approval=approval)


def checked(wish: Wish) -> list[Waiting]:
    """The rows of a wish, in the order of their ids, all of them ready. Raises Refused."""
    if not KEY.fullmatch(wish.key) or wish.schema not in dict(SCHEMAS):
        raise Refused(_("Please open the page anew."))
    if not wish.targets:
        raise Refused(_("Please choose what is to be sent."))
    if len(wish.targets) > TRANSFERS_MOST:
        raise Refused(_("A file has at most %(n)d transfers.") % {"n": TRANSFERS_MOST})
    rows = waiting(list(wish.targets))
    if len(rows) != len(set(wish.targets)):
        raise Refused(_("Meanwhile somebody else sent one of them. Please look again."))
    for row in rows:
        if row.problem:
            raise Refused(f"{row.number}: {row.problem}")
    if wish.seen != digest(rows):
        raise Refused(_("Meanwhile an amount or an account changed. Please look again."))
    return sorted(rows, key=lambda row: (row.kind, row.pk))


def write(*, wish: Wish, by: Any, approved_by: Any = None) -> TransferBatch:
    """Make the file, in one transaction with the rows that it takes. Limits were asked before. Raises Refused."""

    def work() -> TransferBatch:
        rows = checked(wish)
        account, payer = debtor(wish.account_id)
        _refuse_day(wish.execute_on)
        batch = TransferBatch.objects.create(
            account=account,
            key=wish.key,
            schema=wish.schema,
            execute_on=wish.execute_on,
            in_one_sum=wish.in_one_sum,
            debtor=asdict(payer),
            made_at=clock.now(),
            made_by=by if getattr(by, "pk", None) else None,
            approved_by=approved_by,
        )
        batch.message_id = f"SEPA-{timezone.localdate(batch.made_at):%Y%m%d}-{batch.pk:06d}"
        Transfer.objects.bulk_create([_take(row, batch, at, by) for at, row in enumerate(rows, start=1)])
        batch.count, batch.amount_minor = len(rows), sum(row.amount_minor for row in rows)
        batch.content = _bytes(batch, payer, rows)
        batch.sha256 = hashlib.sha256(batch.content).hexdigest()
        batch.save(update_fields=["message_id", "count", "amount_minor", "content", "sha256"])
        return batch

    try:
        return retrying(work)
    except pain.Invalid as error:
        raise Refused(_("The file would not be valid: %(why)s") % {"why": error}) from error
    except (Refused, StateError, IntegrityError) as error:
        known = TransferBatch.objects.filter(key=wish.key).first()
        if known is not None:  # the other half of a double click
            return known
        if isinstance(error, Refused):
            raise
        raise Refused(_("Meanwhile somebody else sent one of them. Please look again.")) from error


def debtor(account_id: int) -> tuple[BankAccount, pain.Payer]:
    """Our account and how the file names us. Raises Refused when it cannot pay by SEPA."""
    account = (
        BankAccount.objects.filter(pk=account_id, is_active=True, currency="EUR").exclude(iban="").first()
    )
    if account is None or problem_of(account.iban):
        raise Refused(_("Please choose an account of ours in euros, with an IBAN that is right."))
    name = plain(profile().name, NAME_CHARS)
    if not name:
        raise Refused(_("Our name is missing in the merchant's data."))
    return account, pain.Payer(name, compact(account.iban), account.bic)


def hand_over(*, batch: TransferBatch, by: Any, why: str = "handed to the bank") -> None:
    """The bank has the file: its refunds count as sent, books and customers learn of it. Raises Refused."""

    def work() -> None:
        _move(batch, "handed", by, why)
        for transfer in _live(batch):
            if transfer.refund is not None:
                note_refund_sent(refund=transfer.refund, reference=transfer.end_to_end_id, by=by)
            else:
                PayBack.objects.filter(pk=transfer.payback_id, sent_at=None).update(sent_at=clock.now())
        settle(batch, by)

    retrying(work)


def cancel(*, batch: TransferBatch, why: str, by: Any) -> None:
    """The file is not carried out: never handed over, or refused by the bank as a whole. Its rows are free again.

    Raises Refused without a reason, or when the bank has booked any of it.
    """
    if not why.strip():
        raise Refused(_("Please say why."))

    def work() -> None:
        was = TransferBatch.objects.select_for_update().get(pk=batch.pk).state  # the bank's lines queue here
        batch.refresh_from_db()
        if batch.transfers.filter(seen_at__isnull=False).exists():
            raise Refused(_("The bank has booked transfers of this file: it cannot be called off."))
        _move(batch, "cancelled", by, why.strip())
        for transfer in _live(batch):
            _free(transfer, was, Transfer.CANCELLED, why.strip(), by)

    retrying(work)


def refuse(*, transfer: Transfer, why: str, by: Any) -> None:
    """The bank took the file but not this transfer: it waits again. Raises Refused."""
    if not why.strip():
        raise Refused(_("Please say why."))

    def work() -> None:
        batch = TransferBatch.objects.select_for_update().get(pk=transfer.batch_id)
        current = _live(batch).filter(pk=transfer.pk).first()
        if batch.state != "handed" or current is None or current.seen_at is not None:
            raise Refused(_("Meanwhile something else became of it. Please look again."))
        _free(current, batch.state, Transfer.REFUSED, why.strip(), by)
        settle(batch, by)

    retrying(work)


def settle(batch: TransferBatch, by: Any = None) -> None:
    """Within the caller's transaction: a file is booked when the bank told of all that is left of it, and called off
    when nothing is."""
    batch.refresh_from_db()
    left = list(batch.transfers.exclude(end__in=(Transfer.CANCELLED, Transfer.REFUSED)))
    seen = [transfer for transfer in left if transfer.seen_at is not None]
    if batch.state == "handed" and not left:
        move(batch, to="cancelled", by=by, why="the bank refused every transfer")
    elif batch.state == "handed" and len(seen) == len(left):
        move(batch, to="booked", by=by, why="the bank has booked it")
    elif batch.state == "booked" and len(seen) < len(left):
        move(batch, to="handed", by=by, why="what the bank told was taken back")


def _take(row: Waiting, batch: TransferBatch, position: int, by: Any) -> Transfer:
    """A refund or payback goes into the file: nobody else sends it from now on. Raises StaleState."""
    also: dict[str, Any] = {"reference": row.end_to_end_id} if isinstance(row.thing, PayBack) else {}
    move(row.thing, to="sent", by=by, why=f"in file {batch.message_id}", **also)
    return Transfer(
        batch=batch,
        position=position,
        refund=row.thing if isinstance(row.thing, Refund) else None,
        payback=row.thing if isinstance(row.thing, PayBack) else None,
        amount_minor=row.amount_minor,
        name=row.name,
        iban=compact(row.iban),
        text=row.text,
        end_to_end_id=row.end_to_end_id,
        account_given_by_id=row.given_by_id if row.account_from == STAFF else None,
    )


def _free(transfer: Transfer, was: str, end: str, why: str, by: Any) -> None:
    """What is in the transfer waits to be sent again."""
    if was == "made" and transfer.refund is not None:
        move(transfer.refund, to="requested", by=by, why=why)
    else:
        try:
            open_again(refund=transfer.refund, payback=transfer.payback, why=why, by=by)
        except WrongMoney as error:
            text = _(
                "The bank has booked it, or the books do not know yet that it was sent. Please look again."
            )
            raise Refused(text) from error
    rows = Transfer.objects.filter(pk=transfer.pk, is_live=True)
    rows.update(is_live=False, end=end, end_why=why[:300], ended_at=clock.now())


def _live(batch: TransferBatch) -> Any:
    return batch.transfers.filter(is_live=True).select_related("refund__payment__order", "payback")


def _move(batch: TransferBatch, to: str, by: Any, why: str) -> None:
    try:
        move(batch, to=to, by=by, why=why)
    except StateError:
        batch.refresh_from_db()
        text = _("Meanwhile the file is %(state)s.") % {"state": batch.get_state_display()}
        raise Refused(text) from None


def _refuse_day(day: dt.date) -> None:
    today = clock.today()
    if not today <= day <= today + dt.timedelta(days=DAYS_AHEAD_MOST):
        raise Refused(_("The day of execution is today or within %(n)d days.") % {"n": DAYS_AHEAD_MOST})
    if not is_bank_day(day):
        raise Refused(
            _("Banks move no money on this day; the next one is %(day)s.")
            % {"day": f"{bank_day_from(day):%d.%m.%Y}"}
        )


def _bytes(batch: TransferBatch, payer: pain.Payer, rows: Sequence[Waiting]) -> bytes:
    return pain.write(
        schema=batch.schema,
        message_id=batch.message_id or "",
        made_at=timezone.localtime(batch.made_at),
        execute_on=batch.execute_on,
        in_one_sum=batch.in_one_sum,
        payer=payer,
        payments=[
            pain.Payment(row.name, compact(row.iban), row.amount_minor, row.text, row.end_to_end_id)
            for row in rows
        ],
    )


def _sentence(row: Waiting) -> str:
    facts = {"amount": money_text(row.amount_minor), "name": row.name, "iban": row.iban, "number": row.number}
    if row.account_from == STAFF:
        return _("%(amount)s to %(name)s, %(iban)s (account given by staff), for %(number)s") % facts
    return _("%(amount)s to %(name)s, %(iban)s, for %(number)s") % facts
