"""The thread: the customer writes, staff answer or note something inside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from fulfilment.customer_service.cases.events import CaseAnswered
from fulfilment.customer_service.cases.hours import due_after
from fulfilment.customer_service.cases.models import BODY_MAX, Case, Message, Picture, ServicePolicy
from fulfilment.customer_service.cases.states import CLOSED, DECIDED, IN_WORK, OUR_TURN, WAITING
from shop.kernel import clock
from shop.kernel.outbox import record
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import in_transaction, retrying

from .opening import CaseRefused, hang

SETTLED = "settled by the customer"  #: shop/ui/reasons.py knows it in other languages


class SomebodyWrote(Exception):
    """A message was written since the page was opened: the writer must see it first. Nothing was kept."""


def write(*, case: Case, body: str, key: str, pictures: Sequence[Picture] = (), by: Any = None) -> Message:
    """The customer writes (``by``: the signed-in customer, if any). A closed or decided case is opened again.

    Once per ``key``. Service owes words from now on. Raises CaseRefused for an empty message.
    """
    text = _text(body)

    def do() -> Message:
        known = Message.objects.filter(key=key).first()
        if known is not None:
            return _same_case(known, case)
        fresh = Case.objects.get(pk=case.pk)
        message = _add(fresh, Message.CUSTOMER, text, key, by)
        hang(pictures, message)
        if fresh.state in (WAITING, DECIDED, CLOSED):
            move(fresh, to=IN_WORK, by=by, why=_("The customer wrote"))
        if fresh.answer_due_at is None:
            policy = ServicePolicy.current()
            minutes = policy.minutes(policy.answer_hours, fresh.priority)
            _rows(fresh).update(answer_due_at=due_after(clock.now(), minutes, policy.opening))
        return message

    return _once(do, key, case)


def settle(*, case: Case, by: Any = None) -> None:
    """The customer says that it is settled (``by``: the signed-in customer, if any): nothing is owed any more.

    Raises StateError when it was closed before.
    """

    def do() -> None:
        fresh = Case.objects.get(pk=case.pk)
        first: dict[str, Any] = {} if fresh.solved_at else {"solved_at": clock.now()}
        author = by if getattr(by, "pk", None) else None
        move(fresh, to=CLOSED, by=author, why=SETTLED, answer_due_at=None, **first)

    retrying(do)


def answer(
    *, case: Case, body: str, key: str, seen: int, by: Any, wait: bool = True, done: bool = False
) -> Message:
    """Staff answer; the customer gets a mail. ``seen``: id of the last message on the writer's page.

    ``wait``: the next move is the customer's, else ours; ``done``: the case is closed in the same transaction.
    A closed case stays closed, and a decided one that waits stays decided. Once per ``key``. Raises SomebodyWrote when
    a message came in between, CaseRefused for an empty answer and StateError when the case was moved meanwhile; then
    nothing is sent. Tells CaseAnswered.
    """
    text = _text(body)

    def do() -> Message:
        known = Message.objects.filter(key=key).first()
        if known is not None:
            return _same_case(known, case)
        fresh = Case.objects.get(pk=case.pk)
        message = _add(fresh, Message.STAFF, text, key, by, seen=seen)
        at = message.at
        first: dict[str, dt.datetime] = {} if fresh.answered_at else {"answered_at": at}
        _rows(fresh).update(answer_due_at=None, **first)
        _go_on(fresh, to=CLOSED if done else WAITING if wait else IN_WORK, by=by)
        record(
            CaseAnswered(case_id=fresh.pk, message_id=message.pk, email=fresh.email, language=fresh.language)
        )
        return message

    return _once(do, key, case)


def _go_on(case: Case, *, to: str, by: Any) -> None:
    """Move an answered case to where its writer wants it; what the machine does not allow from here is left alone."""
    if to == CLOSED and case.state != CLOSED:
        solved: dict[str, Any] = {} if case.solved_at else {"solved_at": clock.now()}
        move(case, to=CLOSED, by=by, why=_("Answered"), **solved)
    elif to != case.state and (
        case.state in OUR_TURN or (case.state in (WAITING, DECIDED) and to == IN_WORK)
    ):
        move(case, to=to, by=by)


def note(*, case: Case, body: str, key: str, by: Any) -> Message:
    """Staff note something inside; the customer never sees it. Once per ``key``. Raises CaseRefused when empty."""
    text = _text(body)

    def do() -> Message:
        known = Message.objects.filter(key=key).first()
        return _same_case(known, case) if known else _add(case, Message.NOTE, text, key, by)

    return _once(do, key, case)


def note_mail(*, message_id: int, mail_id: int) -> None:
    """Notifications say which mail carries the message."""
    Message.objects.filter(pk=message_id).update(mail_id=mail_id)


def _text(body: str) -> str:
    text = body.strip()
    if not text:
        raise CaseRefused(_("Please write something."))
    if len(text) > BODY_MAX:
        raise CaseRefused(_("Please write at most %(n)d characters.") % {"n": BODY_MAX})
    return text


def _once(do: Callable[[], Message], key: str, case: Case) -> Message:
    """Run ``do``, which writes the message of ``key``; the second click of a double one gets the first one's."""
    try:
        return retrying(do)
    except IntegrityError:  # it was as fast as the first: neither saw the other's message
        if in_transaction():  # the caller's is broken and must be rolled back as a whole
            raise
        known = Message.objects.filter(key=key).first()
        if known is None:
            raise
        return _same_case(known, case)


def _same_case(known: Message, case: Case) -> Message:
    """A key belongs to one form of one case; a foreign one is no double click."""
    if known.case_id != case.pk:
        raise CaseRefused(_("This form was sent before. Please load the page again."))
    return known


def _rows(case: Case) -> QuerySet[Case]:
    return Case.objects.filter(pk=case.pk)


def _add(case: Case, side: str, text: str, key: str, by: Any, *, seen: int | None = None) -> Message:
    """Write the message and mark it as the last one; ``seen``: only when nothing came after that one.

    Notes count too: who answers must have read what a colleague noted a moment ago.
    """
    author = by if getattr(by, "pk", None) else None
    message = Message.objects.create(case=case, side=side, body=text, by=author, at=clock.now(), key=key)
    rows = _rows(case).filter(last_message_id=seen) if seen is not None else _rows(case)
    if rows.update(last_message_id=message.pk, touched_at=message.at) != 1:
        if seen is not None:
            raise SomebodyWrote(
                _("Somebody wrote in this case while you did. Please read it first; your text is kept.")
            )
        raise StaleState(f"case {case.number} is gone")
    return message
