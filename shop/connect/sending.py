"""Pushing what waits, outside of any transaction, each push by one worker at a time (see shop/kernel/claims.py).

Delivered at least once: when the answer is lost, or a worker dies before it can write it down, the same body goes out
again under the same ``Kontor-Delivery`` id, by which the receiver knows that it has it.
"""

from __future__ import annotations

import time
from typing import TypeVar

from shop.kernel import claims
from shop.kernel.attempts import GiveUp
from shop.kernel.clock import now

from . import net, signing
from .models import Push, PushAttempt

BATCH = 50  #: pushes of one sweep
GONE = 410  #: the receiver's word for "never again"


Result = TypeVar("Result")


class NotAcknowledged(Exception):
    """The other side answered, but not with 2xx."""


def send_due(limit: int = BATCH) -> int:
    """Push what is due. Returns how many were acknowledged. An endpoint that cannot be reached is left alone for the
    rest of the sweep, so that its silence costs the others nothing."""
    sent = 0
    silent: set[int] = set()
    while True:
        known, waiting = len(silent), _waiting(limit, silent)
        for pk, endpoint_id in waiting:
            if endpoint_id in silent:
                continue
            outcome = send(pk)
            sent += outcome is True
            if outcome is None:
                silent.add(endpoint_id)
        # The places that a silent endpoint's pushes took in this batch belong to the others.
        if len(silent) == known or len(waiting) < limit:
            return sent


def _waiting(limit: int, silent: set[int]) -> list[tuple[int, int]]:
    rows = Push.objects.filter(claims.free(), endpoint__active=True).exclude(endpoint__in=silent)
    return list(rows.order_by("next_attempt_at", "pk").values_list("pk", "endpoint_id")[:limit])


def send(push_id: int) -> bool | None:
    """Push once, if it is due, its endpoint is active and nobody else is at it.

    True: acknowledged now. False: not sent, or answered with something else than 2xx. None: not reached.
    """
    if not Push.objects.filter(pk=push_id, endpoint__active=True).exists():
        return False
    push = claims.take(Push, push_id)
    if push is None:
        return False
    began = time.monotonic()
    try:
        answer = _post(push)
    except net.AddressRefused as error:
        claims.fail(push, GiveUp(str(error)))
        return _note(push, began, str(error), None, False)
    except net.NotReached as error:
        claims.fail(push, error)
        return _note(push, began, str(error), None, None)
    except Exception as error:
        claims.fail(push, error)
        return _note(push, began, f"{type(error).__name__}: {error}", None, False)
    known = {"response_status": answer.status, "response_body": answer.body}
    if 200 <= answer.status < 300:
        claims.finish(push, **known)
        return _note(push, began, "acknowledged", answer.status, True)
    error = _refusal(answer.status)
    claims.fail(push, error, **known)
    return _note(push, began, str(error), answer.status, False)


def _post(push: Push) -> net.Answer:
    body = push.body.encode()
    at = int(now().timestamp())
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Kontor-Event": push.event,
        "Kontor-Delivery": str(push.delivery_id),
        signing.HEADER: signing.sign(body, push.endpoint.secrets(), at),
    }
    return net.post(push.endpoint.url, body, headers)


def _refusal(status: int) -> Exception:
    if status == GONE:
        return GiveUp("the receiver answered 410: it does not want this any more")
    if 300 <= status < 400:
        return NotAcknowledged(f"answered {status}: redirects are not followed, enter the final address")
    return NotAcknowledged(f"answered {status}")


def _note(push: Push, began: float, outcome: str, status: int | None, result: Result) -> Result:
    took = int((time.monotonic() - began) * 1000)
    PushAttempt.objects.create(push=push, took_ms=took, status=status, outcome=outcome[:500], at=now())
    return result
