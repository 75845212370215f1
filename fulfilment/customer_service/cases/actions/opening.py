"""Open a case: sorted, timed, with its first message."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.events import CaseOpened
from fulfilment.customer_service.cases.hours import due_after
from fulfilment.customer_service.cases.models import (
    BODY_MAX,
    EMAIL_MAX,
    HIGH,
    NAME_MAX,
    NORMAL,
    SUBJECT_MAX,
    Case,
    Message,
    Picture,
    ServicePolicy,
)
from fulfilment.customer_service.withdrawals.actions import ForeignLines, chosen_lines
from fulfilment.warehouse.dispatch.queries import delivered_on
from shop.kernel import clock
from shop.kernel.numbers import next_with_gaps
from shop.kernel.outbox import record
from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

PREFIX = "C"
FIRST = 10_000


class CaseRefused(ValueError):
    """What was sent is no case; the message says why, for people."""


def open_case(
    *,
    key: str,
    reason: str,
    name: str,
    email: str,
    language: str,
    body: str,
    subject: str = "",
    wish: str = "",
    order: Order | None = None,
    quantities: Mapping[int, int] | None = None,
    user: Any = None,
    pictures: Sequence[Picture] = (),
    by: Any = None,
) -> Case:
    """Take what somebody wants. ``key`` names the form that was sent: the same key gives the same case.

    ``reason`` is one of ``kinds.REASONS``; with the day of delivery it gives the kind. ``order``: only one that the
    visitor may see; ``quantities``: pieces by order line id of it, none means the whole. ``pictures``: unsaved rows
    from ``pictures.store``. ``by``: staff who take it for the customer (by phone). Tells CaseOpened.
    Returns the case. Raises CaseRefused (in words).
    """
    known = Case.objects.filter(key=key).first()
    if known is not None:
        return known
    if reason not in dict(kinds.REASONS):
        raise CaseRefused(_("Please choose what it is about."))
    if not body.strip():
        raise CaseRefused(_("Please write what has happened."))
    try:
        lines = chosen_lines(order, quantities or {})
    except ForeignLines:
        raise CaseRefused(_("The chosen articles or pieces are not part of the order.")) from None
    sorted_as = kinds.sort_case(
        reason, delivered_on=delivered_on(order.pk) if order else None, today=clock.today()
    )
    number = f"{PREFIX}{FIRST + next_with_gaps('case')}"
    case = Case(
        number=number,
        key=key,
        reason=reason,
        kind=sorted_as.kind.code,
        right_until=sorted_as.until,
        fault_presumed=sorted_as.fault_presumed,
        wish=wish if wish in sorted_as.kind.remedies else "",
        subject=clean_line(subject)[:SUBJECT_MAX] or str(sorted_as.kind.title),
        name=clean_line(name)[:NAME_MAX],
        email=clean_line(email)[:EMAIL_MAX],
        language=language,
        order=order,
        lines=lines,
        user=user if getattr(user, "pk", None) else None,
        priority=HIGH if sorted_as.kind.urgent else NORMAL,
    )
    try:
        return retrying(lambda: _write(case, body, pictures, by))
    except IntegrityError:  # the second click of a double one was as fast as the first
        return Case.objects.get(key=key)


def _write(case: Case, body: str, pictures: Sequence[Picture], by: Any) -> Case:
    at = clock.now()
    policy = ServicePolicy.current()
    case.pk = None  # a repeated transaction writes a new row
    case.opened_at = case.touched_at = at
    case.nonce = secrets.token_hex(16)
    case.answer_due_at = due_after(at, policy.minutes(policy.answer_hours, case.priority), policy.opening)
    case.solve_due_at = due_after(at, policy.minutes(policy.solve_hours, case.priority), policy.opening)
    case.save(force_insert=True)
    message = Message.objects.create(
        case=case,
        side=Message.CUSTOMER,
        body=body.strip()[:BODY_MAX],
        by=by,
        at=at,
        key=f"open:{case.key}"[:64],
    )
    hang(pictures, message)
    Case.objects.filter(pk=case.pk).update(last_message_id=message.pk)
    case.last_message_id = message.pk
    record(
        CaseOpened(
            case_id=case.pk,
            number=case.number,
            order_id=case.order_id,
            email=case.email,
            language=case.language,
        )
    )
    return case


def hang(pictures: Sequence[Picture], message: Message) -> None:
    """Hang stored pictures on their message, in the caller's transaction."""
    for picture in pictures:
        picture.pk, picture.message = None, message
    Picture.objects.bulk_create(pictures)
