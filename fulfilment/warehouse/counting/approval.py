"""The second pair of eyes: approve a difference, refuse it, and the correction on an article's page."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import check_counted
from fulfilment.warehouse.stock.models import TRANSIT, Bin
from shop.kernel.clock import now
from shop.kernel.numbers import next_with_gaps
from shop.kernel.transactions import retrying

from .actions import FIRST_NUMBER, held, move_on, person
from .booking import book, counted_since, lines_to_book, settle
from .errors import CountError, SamePerson
from .judging import last_movement, on_the_books, policy
from .models import CORRECTION, NOTE_MAX_CHARS, CountLine, CountTask
from .queries import people_who_counted


def approve(*, task: CountTask, by: Any) -> str:
    """Book what others counted. Returns the state: ``booked``, or ``recount`` when the bin was counted otherwise
    meanwhile.

    SamePerson for those who counted any round of it. CountError when it was decided already: of two approvers one wins.
    StockError when pieces that are promised to customers would vanish; then it goes on waiting.
    """

    def decide() -> str:
        fresh = held(task)
        _refuse_counter(fresh, by)
        lines = lines_to_book(fresh)
        stale = counted_since(fresh, lines)
        if stale:
            return _count_again(
                fresh, stale, by, gettext_noop("the bin was counted otherwise in the meantime")
            )
        move_on(fresh, "booked", by=by, approver=person(by), closed_at=now(), problem="")
        book(fresh, lines, by=by)
        return fresh.state

    state = retrying(decide)
    task.refresh_from_db()
    return state


def refuse(*, task: CountTask, by: Any, why: str) -> None:
    """The difference is not believed: its articles are counted again. CountError without a reason or when it was
    decided already, SamePerson for those who counted."""
    if not why.strip():
        raise CountError(_("Please say why it is to be counted again."))

    def decide() -> None:
        fresh = held(task)
        _refuse_counter(fresh, by)
        _count_again(fresh, [line for line in lines_to_book(fresh) if line.difference], by, why)

    retrying(decide)
    task.refresh_from_db()


def _refuse_counter(task: CountTask, by: Any) -> None:
    if by.pk in people_who_counted(task):
        raise SamePerson(_("You counted this yourself; another person approves it."))


def _count_again(task: CountTask, lines: list[CountLine], by: Any, why: str) -> str:
    move_on(task, "recount", by=by, why=why, recounter=None, problem="", value_minor=0)
    CountLine.objects.filter(pk__in=[line.pk for line in lines]).update(recount=True, first=None, second=None)
    return task.state


def correct(
    *, stockrecord: StockRecord, bin: Bin, counted: int, by: Any, why: str = "", seen: int | None = None
) -> CountTask | None:
    """Somebody wrote on the article's page how many there are. None: the books agree, nothing to book.

    Else a count task, ``booked`` or waiting for ``approval`` like any other. ``seen``: the SKU's last movement when the
    page was opened; CountError when goods of this bin moved since, or a bad number was given.
    """
    check_counted(counted)
    if bin.kind == TRANSIT:
        raise CountError(_("What is on its way is not counted; it is received."))
    if stock.handling_of(stockrecord.pk).is_tracked:
        raise CountError(
            _("%(sku)s is kept by lot: please count it by scan, as a count of this bin.")
            % {"sku": stockrecord.partner_sku}
        )
    number = f"C{FIRST_NUMBER + next_with_gaps('count')}"

    def write() -> CountTask | None:
        expected = on_the_books(stockrecord_id=stockrecord.pk, bin_id=bin.pk)
        last = last_movement(bin, stockrecord.pk)
        if seen is not None and last > seen:
            raise CountError(_("Somebody changed this bin while you counted. Please count again."))
        if counted == expected:
            return None
        task = _new_correction(number, stockrecord, bin, why, by)
        move_on(task, "counting", by=by, counter=person(by), seen=last)
        CountLine.objects.create(
            task=task, stockrecord=stockrecord, first=counted, expected=expected, frozen=last,
            unit_cost_minor=stockrecord.unit_cost_minor,
        )  # fmt: skip
        settle(task, limit_minor=policy().approval_value_minor, by=by)
        return task

    made = retrying(write)
    if made is not None:
        made.refresh_from_db()
    return made


def _new_correction(number: str, stockrecord: StockRecord, bin: Bin, why: str, by: Any) -> CountTask:
    try:
        with transaction.atomic():
            return CountTask.objects.create(
                number=number,
                bin=bin,
                stockrecord=stockrecord,
                cause=CORRECTION,
                note=why[:NOTE_MAX_CHARS],
                created_by=person(by),
            )
    except IntegrityError:
        raise CountError(
            _("A count of this article in bin %(bin)s is under way; please finish that one.") % {"bin": bin}
        ) from None
