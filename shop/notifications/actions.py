"""Verbs: write a mail, try again. Sending is in sending.py."""

from __future__ import annotations

import logging
import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from checkout.order.models import Order
from shop.kernel import attempts
from shop.kernel.clock import now
from shop.kernel.outbox import current_correlation_id, thread_on
from shop.kernel.text import clean_line
from shop.kernel.transactions import InTransaction, in_transaction

from .letter import Letter
from .models import OutgoingAttachment, OutgoingMail
from .rendering import render

log = logging.getLogger(__name__)

SUBJECT_MAX = 200
ADDRESS_MAX = 254


class StillSending(Exception):
    """A worker is at this mail; trying again now could send it twice."""


def write(
    letter: Letter,
    *,
    kind: str,
    source: str,
    recipient: str,
    language: str,
    order: Order | None = None,
    user_id: int | None = None,
    confidential: bool = False,
    unsubscribe_url: str = "",
    at_leisure: bool = False,
) -> OutgoingMail:
    """Write a mail into the outgoing table, in the caller's transaction; a task sends it afterwards.

    ``source`` names the fact it tells (``order_confirmed:4711``): when it was told already, that row is returned and
    nothing is written. The letter's language must be active. An address nobody can write to makes a failed mail that
    staff see, not an error. ``at_leisure``: one of many; it is left to the sweep. Raises InTransaction outside of a
    transaction.
    """
    if not in_transaction():
        raise InTransaction(f"write({source}) must run inside the transaction in which it happened")
    known = OutgoingMail.objects.filter(source=source).first()
    if known is not None:
        return known
    address, problem = _address(recipient)
    rendered = render(letter, language)
    mail = OutgoingMail.objects.create(
        kind=kind,
        source=source,
        order=order,
        user_id=user_id,
        recipient=address,
        subject=clean_line(letter.subject)[:SUBJECT_MAX],
        html=rendered.html,
        text=rendered.text,
        language=language,
        message_id=f"<{uuid.uuid4()}@{_domain()}>",
        confidential=confidential,
        unsubscribe_url=unsubscribe_url,
        correlation_id=(thread_on(order) if order is not None else "") or current_correlation_id(),
        state=OutgoingMail.DEAD if problem else OutgoingMail.PENDING,
        last_error=problem,
    )
    OutgoingAttachment.objects.bulk_create(
        [
            OutgoingAttachment(
                mail=mail,
                position=position,
                name=clean_line(file.name)[:120],
                mime=file.mime,
                source=file.source,
                content_id=file.content_id,
            )
            for position, file in enumerate(letter.attachments)
        ]
    )
    if not problem and not at_leisure:
        transaction.on_commit(lambda: nudge(mail.pk), robust=True)
    return mail


def send_copy(*, mail: OutgoingMail, recipient: str, fact: object, by: Any) -> OutgoingMail:
    """Send what a mail said once more, with its files, in the caller's transaction. Once per ``fact``."""
    source = f"{mail.source.partition(':copy:')[0]}:copy:{fact}"[:120]
    known = OutgoingMail.objects.filter(source=source).first()
    if known is not None:
        return known
    address, problem = _address(recipient)
    copy = OutgoingMail.objects.create(
        kind=mail.kind,
        source=source,
        order_id=mail.order_id,
        user_id=mail.user_id,
        recipient=address,
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        language=mail.language,
        message_id=f"<{uuid.uuid4()}@{_domain()}>",
        confidential=mail.confidential,
        correlation_id=mail.correlation_id,
        state=OutgoingMail.DEAD if problem else OutgoingMail.PENDING,
        last_error=problem,
    )
    files = list(mail.attachments.all())
    for file in files:
        file.pk, file.mail = None, copy
    OutgoingAttachment.objects.bulk_create(files)
    log.info("mail %s is sent once more on the word of user %s", mail.source, getattr(by, "pk", None))
    if not problem:
        transaction.on_commit(lambda: nudge(copy.pk), robust=True)
    return copy


def nudge(mail_id: int) -> None:
    """Ask a worker to send a mail now. A broken queue is not an error: the sweep comes by every few seconds."""
    from .tasks import send_one

    try:
        send_one.delay(mail_id)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, mail %s waits for the sweep: %s", mail_id, error)


def retry(*, mail: OutgoingMail, by: Any) -> bool:
    """Send a failed or waiting mail again as soon as possible. False when it was sent already.

    Raises StillSending while a worker is at it. An address nobody can write to stays failed.
    """
    mail.refresh_from_db()
    if mail.is_claimed and mail.state == OutgoingMail.PENDING:
        raise StillSending(mail.source)
    _address_now, problem = _address(mail.recipient)
    if problem:
        return False
    done = attempts.retry(OutgoingMail, mail.pk)
    if done:
        log.info("mail %s is sent again on the word of user %s", mail.source, getattr(by, "pk", None))
        nudge(mail.pk)
    return done


def retry_failed(*, by: Any) -> int:
    """Send every failed mail again (the mail server was down for a day). Returns how many."""
    # Never tried: the address itself is wrong.
    rows = OutgoingMail.objects.filter(state=OutgoingMail.DEAD, attempts__gt=0)
    return rows.update(state=OutgoingMail.PENDING, attempts=0, next_attempt_at=now())


def _address(text: str) -> tuple[str, str]:
    """The address as it may stand in a header, and what is wrong with it ("" when nothing is).

    A line break would begin a header of somebody else's making, so an address that holds one is refused, never mended.
    """
    address = text.strip(" ")
    if len(address) <= ADDRESS_MAX and clean_line(address) == address:
        try:
            validate_email(address)
        except ValidationError:
            pass
        else:
            return address, ""
    return clean_line(address)[:ADDRESS_MAX], f"{address[:80]!r} is no e-mail address"


def _domain() -> str:
    """The right side of our message ids."""
    return urlsplit(settings.SITE_URL).hostname or "kontor.example"
