"""Verbs: enter an endpoint, change its secret, write pushes, try again. Sending is in sending.py."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from shop.kernel import attempts
from shop.kernel.clock import now
from shop.kernel.outbox import current_correlation_id
from shop.kernel.transactions import InTransaction, in_transaction

from . import net, payloads, signing
from .models import EVENTS, TEST, Endpoint, Push

log = logging.getLogger(__name__)

#: How long the secret before still signs as well.
BOTH_SECRETS = dt.timedelta(days=1)
NAMES = dict(EVENTS)


class StillSending(Exception):
    """A worker is at this push; trying again now could send it twice at once."""


def add_endpoint(*, name: str, url: str, events: Sequence[str], by: Any, active: bool = True) -> Endpoint:
    """Enter an address. Its secret is made here; show it once. Raises AddressRefused, ValueError for unknown events."""
    _check(url, events)
    return Endpoint.objects.create(
        name=name,
        url=url,
        events=sorted(set(events)),
        active=active,
        secret=signing.new_secret(),
        created_by=by if getattr(by, "pk", None) else None,
    )


def change_endpoint(
    *, endpoint: Endpoint, name: str, url: str, events: Sequence[str], active: bool, by: Any
) -> None:
    """Change name, address, events or whether it is active. What waits goes to the new address."""
    _check(url, events)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        name=name, url=url, events=sorted(set(events)), active=active
    )
    log.info("endpoint %s was changed by user %s", endpoint.pk, getattr(by, "pk", None))
    endpoint.refresh_from_db()


def rotate_secret(*, endpoint: Endpoint, by: Any) -> str:
    """Make a new secret and return it, to be shown once. The old one signs as well for a day."""
    new = signing.new_secret()
    with transaction.atomic():
        row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        # One that no key opens any more signs nothing: it goes.
        row.previous_secret, row.previous_until = row.secret or "", now() + BOTH_SECRETS
        row.secret = new
        row.save(update_fields=["secret", "previous_secret", "previous_until"])
    log.info("secret of endpoint %s was changed by user %s", endpoint.pk, getattr(by, "pk", None))
    endpoint.refresh_from_db()
    return new


def write(*, event: str, fact: object, subject: str, data: dict[str, Any]) -> list[Push]:
    """Write one push per active endpoint that hears ``event``, in the caller's transaction, once per fact.

    ``subject``: number of the order or invoice, for people. Raises InTransaction outside of a transaction.
    """
    if not in_transaction():
        raise InTransaction(f"write({event}) must run inside the transaction in which it happened")
    listening = [one for one in Endpoint.objects.filter(active=True) if event in one.events]
    pushes = (
        _write(one, event=event, source=f"{event}:{fact}", subject=subject, data=data) for one in listening
    )
    return list(pushes)


def send_test(*, endpoint: Endpoint, by: Any) -> Push:
    """Push a test event to one endpoint, whatever it hears."""
    data = {"message": "This is a test of Kontor.", "endpoint": endpoint.name}
    with transaction.atomic():
        return _write(endpoint, event=TEST, source=f"{TEST}:{uuid.uuid4().hex}", subject="", data=data)


def _write(endpoint: Endpoint, *, event: str, source: str, subject: str, data: dict[str, Any]) -> Push:
    known = Push.objects.filter(endpoint=endpoint, source=source).first()
    if known is not None:
        return known
    delivery_id = uuid.uuid4()
    push = Push.objects.create(
        endpoint=endpoint,
        delivery_id=delivery_id,
        event=event,
        source=source,
        subject=subject[:80],
        body=payloads.body(delivery_id=delivery_id, event=event, data=data),
        correlation_id=current_correlation_id(),
    )
    transaction.on_commit(lambda: nudge(push.pk), robust=True)
    return push


def nudge(push_id: int) -> None:
    """Ask a worker to send a push now; the sweep does it when the queue is broken."""
    from .tasks import send_one

    try:
        send_one.delay(push_id)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, push %s waits for the sweep: %s", push_id, error)


def retry(*, push: Push, by: Any) -> bool:
    """Push again as soon as possible. False when it was acknowledged already. StillSending while a worker is at it."""
    push.refresh_from_db()
    if push.is_claimed and push.state == Push.PENDING:
        raise StillSending(push.source)
    done = attempts.retry(Push, push.pk)
    if done:
        log.info("push %s is sent again on the word of user %s", push.delivery_id, getattr(by, "pk", None))
        nudge(push.pk)
    return done


def _check(url: str, events: Sequence[str]) -> None:
    net.check(url)
    unknown = [event for event in events if event not in NAMES]
    if unknown:
        raise ValueError(f"unknown events: {', '.join(unknown)}")
