"""Verbs: prepare a recall, start it (lots off sale, picks stopped, notices prepared), send the notices, close, lift.

A lot that was recalled once stays off sale, also when the recall is closed: a piece may come back years later. Only
lifting the recall frees it (docs/decisions/0032-recalled-lots-stay-off-sale.md).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.actions import StockError, block_lots, free_lots
from fulfilment.warehouse.stock.models import Lot
from shop.kernel.clock import now
from shop.kernel.numbers import next_with_gaps
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from . import setting_aside, trace
from .events import RecallNoticeSent
from .models import Notice, Recall, RecalledLot

PREFIX, FIRST = "RC", 1_000


class RecallError(StockError):
    """What the person who recalls must be told; nothing was changed. The text is for them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What starting a recall (or moving the rest) did."""

    quarantined: int  #: pieces that lie in quarantine now
    promised: (
        int  #: pieces out of reach of pickers, but promised to customers: orders must be shortened first
    )
    stopped: int  #: pick lines that were stopped
    notices: int  #: customers to be told


def prepare(*, lots: Collection[int], texts: dict[str, str], by: Any) -> Recall:
    """Write a recall down; nothing moves yet. ``texts``: reason_de, reason_en, advice_de, advice_en, none empty.

    RecallError when the lots are of several articles, unknown, or recalled already.
    """
    rows = list(Lot.objects.filter(pk__in=lots))
    if not rows or len(rows) != len(set(lots)):
        raise RecallError(_("One of the lots was not found. Please search again."))
    if len({row.stockrecord_id for row in rows}) != 1:
        raise RecallError(_("The lots are of several articles. Please make a recall for each."))
    running = RecalledLot.objects.filter(lot__in=rows, recall__state__in=("prepared", "started"))
    other = running.select_related("recall", "lot").first()
    if other is not None:
        raise RecallError(
            _("Lot %(lot)s is recalled already by %(number)s.")
            % {"lot": other.lot.code, "number": other.recall.number}
        )
    if not all(text.strip() for text in texts.values()):
        raise RecallError(_("Please write why, and what to do, in both languages."))
    number = f"{PREFIX}{FIRST + next_with_gaps('recall')}"

    def write() -> Recall:
        made = Recall.objects.create(
            number=number,
            stockrecord_id=rows[0].stockrecord_id,
            created_by=by if getattr(by, "pk", None) else None,
            **texts,
        )
        RecalledLot.objects.bulk_create([RecalledLot(recall=made, lot=row) for row in rows])
        return made

    return retrying(write)


def lot_ids(recall: Recall) -> list[int]:
    """The lots of a recall. One query."""
    return list(recall.lots.values_list("lot", flat=True))


def start(*, recall: Recall, by: Any) -> Outcome:
    """Stop everything at once: the lots go on no shelf any more, open picks, picked goods that have not left, stock in
    every bin; then prepare a notice for each order of which pieces left. One transaction. RecallError when it was
    started or closed before, or another recall of one of the lots runs."""

    def work() -> Outcome:
        fresh = Recall.objects.select_related("stockrecord").get(pk=recall.pk)
        _move(fresh, "started", by, started_at=now())
        block_lots(lots=lot_ids(fresh), number=fresh.number)
        _refuse_second(fresh)
        return _set_aside(fresh, by)

    done = retrying(work)
    recall.refresh_from_db()
    return done


def _refuse_second(recall: Recall) -> None:
    """RecallError when one of the lots is of another recall that runs. Looked at while the lots are held."""
    others = RecalledLot.objects.filter(lot__in=lot_ids(recall), recall__state="started")
    other = others.exclude(recall=recall).select_related("recall", "lot").first()
    if other is not None:
        raise RecallError(
            _("Lot %(lot)s is recalled already by %(number)s.")
            % {"lot": other.lot.code, "number": other.recall.number}
        )


def _set_aside(recall: Recall, by: Any) -> Outcome:
    lots = list(Lot.objects.filter(recalls__recall=recall).order_by("pk"))
    stopped, lists = setting_aside.stop_picks(recall, lots, by=by)
    quarantined, promised = setting_aside.clear_bins(recall, lots, by=by)
    late, more = setting_aside.stop_late_plans(recall, lots, by=by)
    setting_aside.plan_again({one.pk: one for one in [*lists, *more]}.values(), by=by)
    return Outcome(quarantined, promised, stopped + late, prepare_notices(recall))


def move_rest(*, recall: Recall, by: Any) -> Outcome:
    """Try again to take off sale what was promised when the recall began. RecallError when it is not running."""

    def work() -> Outcome:
        fresh = Recall.objects.select_related("stockrecord").get(pk=recall.pk)
        _must_run(fresh)
        return _set_aside(fresh, by)

    return retrying(work)


def prepare_notices(recall: Recall) -> int:
    """A notice for each order of which pieces of the lots have left, once. Those that were not sent yet follow what is
    known now. Returns how many are there."""
    known = {notice.order_id: notice for notice in recall.notices.all()}
    for one in trace.affected(lot_ids(recall)):
        if not one.sent:
            continue
        lines = [line.as_fact() for line in one.lines if line.sent]
        notice = known.pop(one.order.pk, None)
        if notice is None:
            Notice.objects.get_or_create(recall=recall, order=one.order, defaults={"lines": lines})
        elif notice.state == "prepared" and notice.lines != lines:
            Notice.objects.filter(pk=notice.pk, state="prepared").update(lines=lines)
    return recall.notices.count()


def send_notices(*, recall: Recall, by: Any) -> int:
    """Tell every customer who was not told yet, each in a transaction of its own: a crash in the middle, or a second
    click, tells nobody twice. Returns how many were told by this call. RecallError when the recall is not running."""
    _must_run(Recall.objects.get(pk=recall.pk))
    told = 0
    for notice in recall.notices.filter(state="prepared").order_by("pk"):
        told += retrying(lambda notice=notice: _send(notice, by))  # type: ignore[misc]
    return told


def _send(notice: Notice, by: Any) -> int:
    try:
        move(notice, to="sent", by=by, sent_at=now())
    except (StaleState, MoveNotAllowed):
        return 0  # a colleague clicked in the same moment
    record(RecallNoticeSent(notice_id=notice.pk, recall_id=notice.recall_id, order_id=notice.order_id))
    return 1


def note_mail(*, notice_id: int, mail_id: int, by: Any = None) -> None:
    """Notifications say which mail tells it."""
    Notice.objects.filter(pk=notice_id).update(mail_id=mail_id)


def close(*, recall: Recall, by: Any, why: str) -> None:
    """The recall is over, ``why`` says what was done; its lots stay off sale. RecallError without, or when customers
    wait to be told."""
    if not why.strip():
        raise RecallError(_("Please say what was done."))

    def work() -> None:
        fresh = Recall.objects.get(pk=recall.pk)
        waiting = fresh.notices.filter(state="prepared").count()
        if fresh.state == "started" and waiting:
            raise RecallError(
                _("%(n)s customers are not told yet. Send the mails first, or the recall is not over.")
                % {"n": waiting}
            )
        _move(fresh, "closed", by, why=why.strip(), closed_at=now())

    retrying(work)
    recall.refresh_from_db()


def lift(*, recall: Recall, by: Any, why: str) -> int:
    """The goods are sound after all: the lots may be sold again, ``why`` says how that is known. Returns the pieces
    that lie where nobody picks, which somebody must carry to a shelf; nothing moves by itself.

    A lot that an earlier recall keeps off sale stays with that one. RecallError without a reason, and when the recall
    was never started or is lifted already.
    """
    if not why.strip():
        raise RecallError(_("Please say why the lots may be sold again."))

    def work() -> int:
        fresh = Recall.objects.get(pk=recall.pk)
        if fresh.started_at is None:
            raise RecallError(_("Recall %(number)s was never started.") % {"number": fresh.number})
        _move(fresh, "lifted", by, why=why.strip(), lifted_at=now())
        lots = lot_ids(fresh)
        free_lots(lots=lots, number=fresh.number)
        for lot_id, number in _still_recalled(lots).items():
            block_lots(lots=[lot_id], number=number)
        return sum(row.quantity for row in trace.lying(lots))

    pieces = retrying(work)
    recall.refresh_from_db()
    return pieces


def _still_recalled(lots: Collection[int]) -> dict[int, str]:
    """Lots that another recall keeps off sale, and its number: the latest one. One query."""
    rows = RecalledLot.objects.filter(lot__in=lots).exclude(recall__started_at=None)
    held = rows.filter(recall__state__in=("started", "closed")).order_by("recall__started_at", "pk")
    return dict(held.values_list("lot", "recall__number"))


def _must_run(recall: Recall) -> None:
    if recall.state != "started":
        raise RecallError(
            _("Recall %(number)s is %(state)s; it is not running.")
            % {"number": recall.number, "state": recall.get_state_display()}
        )


def _move(recall: Recall, to: str, by: Any, why: str = "", **also: Any) -> None:
    try:
        move(recall, to=to, by=by, why=why, **also)
    except (StaleState, MoveNotAllowed):
        fresh = Recall.objects.get(pk=recall.pk)
        raise RecallError(
            _("Recall %(number)s is %(state)s already; nothing was changed.")
            % {"number": fresh.number, "state": fresh.get_state_display()}
        ) from None
