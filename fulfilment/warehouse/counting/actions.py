"""Verbs of counting: ask for a count, start, scan, finish, let go, cancel. Approval is in ``approval.py``.

Every verb holds the task's row until its transaction ends, so that two people at one task queue.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import AlreadyBooked, check_counted, check_quantity
from fulfilment.warehouse.stock.models import TRANSIT, Bin, Lot
from shop.kernel.clock import now
from shop.kernel.numbers import next_with_gaps
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from .booking import counted_since, lines_to_book, settle
from .errors import CountError, NothingScanned, NotYourCount, SamePerson
from .judging import add_uncounted, close_line, last_movement, policy
from .models import ASKED, NOTE_MAX_CHARS, CountLine, CountScan, CountTask
from .states import IN_HAND, TO_DO

FIRST_NUMBER = 10_000  #: C10001 is the first one


def ask(
    *,
    bin: Bin,
    stockrecord: StockRecord | None = None,
    cause: str = ASKED,
    note: str = "",
    abc: str = "",
    by: Any = None,
) -> tuple[CountTask, bool]:
    """A task to count ``bin``, whole or for one SKU. Returns it, and whether it is new: while one is to be counted,
    a repeat returns that one. CountError for a bin whose content is on its way."""
    if bin.kind == TRANSIT:
        raise CountError(_("What is on its way is not counted; it is received."))
    number = f"C{FIRST_NUMBER + next_with_gaps('count')}"

    def make() -> tuple[CountTask, bool]:
        waiting = CountTask.objects.filter(bin=bin, stockrecord=stockrecord, state__in=TO_DO)
        there = waiting.first()
        if there is not None:
            return there, False
        try:
            with transaction.atomic():
                made = CountTask.objects.create(
                    number=number,
                    bin=bin,
                    stockrecord=stockrecord,
                    cause=cause,
                    note=note[:NOTE_MAX_CHARS],
                    abc=abc,
                    created_by=person(by),
                )
        except IntegrityError:  # a colleague asked in the same moment
            return waiting.get(), False
        if stockrecord is not None and not stock.handling_of(stockrecord.pk).is_tracked:
            CountLine.objects.create(task=made, stockrecord=stockrecord)
        return made, True

    return retrying(make)


def start(*, task: CountTask, by: Any, alone: bool = False) -> None:
    """Begin to count, or to count again. Repeating it as the same person is fine.

    The second count is for another person: SamePerson unless ``alone`` says that nobody else is there. NotYourCount
    when a colleague was faster, CountError when the task is closed.
    """

    def begin() -> None:
        fresh = held(task)
        if fresh.state in IN_HAND and worker_id(fresh) == by.pk:
            return
        if fresh.state == "recount":
            if fresh.counter_id == by.pk and not alone:
                raise SamePerson(_("You counted first. A colleague counts the second time, if one is there."))
            move_on(fresh, "recounting", by=by, recounter=by, seen=last_movement())
        else:
            move_on(fresh, "counting", by=by, counter=by, seen=last_movement())

    retrying(begin)
    task.refresh_from_db()


def let_go(*, task: CountTask, by: Any) -> None:
    """Stop counting: the task is free for others, who begin anew (half a count helps nobody). NotYourCount."""
    retrying(lambda: _drop(_mine(task, by), by, "put back"))
    task.refresh_from_db()


def take_over(*, task: CountTask, by: Any) -> None:
    """Count a bin that a colleague left; begins anew. CountError when nobody counts it."""

    def change() -> None:
        fresh = held(task)
        if fresh.state not in IN_HAND:
            raise why_not(fresh, by)
        _drop(fresh, by, f"taken over from {fresh.recounter or fresh.counter}")
        start(task=fresh, by=by, alone=True)

    retrying(change)
    task.refresh_from_db()


def _drop(task: CountTask, by: Any, why: str) -> None:
    if task.state == "recounting":
        task.lines.filter(recount=True).update(second=None)
        move_on(task, "recount", by=by, why=why, recounter=None)
    else:
        task.lines.update(first=None)
        move_on(task, "open", by=by, why=why, counter=None)


def tally(
    *,
    task: CountTask,
    stockrecord: StockRecord,
    quantity: int = 1,
    lot: Lot | None = None,
    by: Any,
    key: str = "",
) -> int:
    """Pieces were scanned: they are added to what was counted of this article. Returns its count so far.

    An article that nobody expected in the bin is found, and gets a line. ``key``: of the form; AlreadyBooked when it
    comes a second time. CountError for another article of a task about one, for a missing lot, for a bad quantity;
    LotIsRecalled for a lot that is to be carried to quarantine.
    """
    check_quantity(quantity)

    def add() -> int:
        fresh = _mine(task, by)
        _refuse_repeat(fresh, key)
        # In the books its pieces are in quarantine already: counted here, they would be there twice.
        stock.refuse_recalled(lot=lot, bin=fresh.bin)
        line = _line_for(fresh, stockrecord, lot)
        name = "second" if fresh.in_second_round else "first"
        so_far = (getattr(line, name) or 0) + quantity
        stock.check_lot(stockrecord_id=stockrecord.pk, lot=lot, quantity=check_quantity(so_far))
        CountLine.objects.filter(pk=line.pk).update(**{name: Coalesce(F(name), 0) + quantity})
        _write_scan(fresh, line, quantity, by=by, key=key)
        line.refresh_from_db()
        return int(getattr(line, name))

    return retrying(add)


def set_total(*, task: CountTask, line: CountLine, counted: int, by: Any, key: str = "") -> None:
    """The person says how many there are in all (0: none), instead of scanning each. Same errors as ``tally``."""
    check_counted(counted)

    def write() -> None:
        fresh = _mine(task, by)
        _refuse_repeat(fresh, key)
        mine = fresh.lines.filter(pk=line.pk).first()
        if mine is None or (fresh.in_second_round and not mine.recount):
            raise CountError(_("This article is not counted now. Please look at the page again."))
        name = "second" if fresh.in_second_round else "first"
        CountLine.objects.filter(pk=mine.pk).update(**{name: counted})
        _write_scan(fresh, mine, counted, by=by, key=key, is_total=True)

    retrying(write)


def finish(*, task: CountTask, by: Any, empty: bool = False) -> str:
    """The round is done. Returns the task's state: ``booked``, ``recount`` (beyond the tolerance, or goods moved
    meanwhile) or ``approval``.

    What should lie there and was not scanned counts 0; NothingScanned when that would be everything (second round:
    anything) and ``empty`` does not say so. NotYourCount, CountError.
    """

    def close() -> str:
        fresh = _mine(task, by)
        rules = policy()
        if not empty:
            _refuse_unscanned(fresh)
        if not fresh.in_second_round:
            add_uncounted(fresh)
        lines = fresh.lines.select_related("stockrecord", "lot").order_by("stockrecord_id", "pk")
        for line in lines.filter(recount=True) if fresh.in_second_round else lines:
            close_line(line, fresh, rules)
        if fresh.in_second_round:
            _void_booked_meanwhile(fresh)
        again = fresh.lines.filter(recount=True).count()
        if again:
            move_on(fresh, "recount", by=by, recounter=None)
            return fresh.state
        return settle(fresh, limit_minor=rules.approval_value_minor, by=by)

    state = retrying(close)
    task.refresh_from_db()
    return state


def _void_booked_meanwhile(task: CountTask) -> None:
    """Lines that were believed in the first round and counted otherwise since, by another task: counted again, because
    their difference is booked already."""
    believed = [line for line in lines_to_book(task) if not line.recount and line.difference]
    stale = [line.pk for line in counted_since(task, believed)]
    why = gettext_noop("the bin was counted otherwise in the meantime")
    task.lines.filter(pk__in=stale).update(recount=True, first=None, second=None, void_why=why)


def _refuse_unscanned(task: CountTask) -> None:
    if task.in_second_round:
        open_lines = task.lines.filter(recount=True, second=None).select_related("stockrecord")
        skus = ", ".join(line.stockrecord.partner_sku for line in open_lines)
        if skus:
            raise NothingScanned(
                _("Not counted yet: %(skus)s. If none of it is there, say so.") % {"skus": skus}
            )
    elif not task.lines.exclude(first=None).exists():
        raise NothingScanned(_("Nothing was scanned yet. If nothing is there, say so."))


def cancel(*, task: CountTask, by: Any, why: str) -> None:
    """The count is not wanted any more; nothing is booked. CountError without a reason, or when it is closed."""
    if not why.strip():
        raise CountError(_("Please say why this count is not wanted."))
    retrying(lambda: move_on(held(task), "cancelled", by=by, why=why, closed_at=now()))
    task.refresh_from_db()


def held(task: CountTask) -> CountTask:
    """The task as it is now, held until the end of the transaction."""
    CountTask.objects.select_for_update(no_key=True).get(pk=task.pk)
    return CountTask.objects.select_related("bin", "stockrecord", "counter", "recounter").get(pk=task.pk)


def worker_id(task: CountTask) -> int | None:
    """Who counts it now; None when nobody does."""
    if task.state == "recounting":
        return task.recounter_id
    return task.counter_id if task.state == "counting" else None


def move_on(task: CountTask, to: str, *, by: Any, why: str = "", **also: Any) -> None:
    """The task's next state; CountError in words when its table forbids it or somebody was faster."""
    try:
        move(task, to=to, by=by, why=why, **also)
    except (StaleState, MoveNotAllowed):
        raise why_not(task, by) from None


def why_not(task: CountTask, by: Any) -> CountError:
    """Read the task anew and say who or what was in the way."""
    fresh = CountTask.objects.select_related("counter", "recounter").get(pk=task.pk)
    who = fresh.recounter if fresh.state == "recounting" else fresh.counter
    if fresh.state in IN_HAND and worker_id(fresh) != getattr(by, "pk", None):
        return NotYourCount(
            _("%(name)s is counting this bin. You can take it over.") % {"name": who.name if who else "?"}
        )
    if fresh.state in ("open", "recount"):
        return CountError(_("Please start this count first."))
    return CountError(
        _("Count %(number)s is already closed (%(state)s).")
        % {"number": fresh.number, "state": fresh.get_state_display()}
    )


def person(by: Any) -> Any:
    """The person for a column; None: the system."""
    return by if getattr(by, "pk", None) else None


def _mine(task: CountTask, by: Any) -> CountTask:
    fresh = held(task)
    if fresh.state not in IN_HAND or worker_id(fresh) != by.pk:
        raise why_not(fresh, by)
    return fresh


def _refuse_repeat(task: CountTask, key: str) -> None:
    if key and task.scans.filter(key=key).exists():
        raise AlreadyBooked(_("This was counted already; nothing was counted twice."))


def _line_for(task: CountTask, stockrecord: StockRecord, lot: Lot | None) -> CountLine:
    if task.stockrecord_id is not None and stockrecord.pk != task.stockrecord_id:
        raise CountError(_("This count is only about %(sku)s.") % {"sku": task.stockrecord})
    line, made = CountLine.objects.get_or_create(task=task, stockrecord=stockrecord, lot=lot)
    if task.in_second_round and not line.recount:
        if not made:
            raise CountError(
                _("%(sku)s was counted well enough; only the articles shown are counted again.")
                % {"sku": stockrecord.partner_sku}
            )
        CountLine.objects.filter(pk=line.pk).update(recount=True)
        line.recount = True
    return line


def _write_scan(
    task: CountTask, line: CountLine, quantity: int, *, by: Any, key: str, is_total: bool = False
) -> None:
    CountScan(
        task=task,
        line=line,
        is_second=task.in_second_round,
        quantity=quantity,
        is_total=is_total,
        key=key,
        by=person(by),
    ).save(force_insert=True)
