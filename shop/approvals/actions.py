"""Verbs of approvals: is a second person needed, ask, approve, decline, withdraw."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from shop.kernel import clock
from shop.kernel.states import StaleState, StateError, move
from shop.kernel.transactions import retrying

from .kinds import CannotRun, Outcome, kind
from .models import Approval, ApprovalLimit

#: Somebody should have decided by then; afterwards it is shown as late.
DUE_AFTER = dt.timedelta(hours=24)


class NotYours(ValueError):
    """This person may not decide (or withdraw) this; the message says why, for people."""


class Decided(ValueError):
    """Somebody decided meanwhile; the message says what, for people."""


def limit_minor(*, kind_name: str, by: Any) -> int:
    """Up to this amount (minor units) ``by`` needs nobody else: the highest limit of their roles, else that for
    everybody, else the kind's own; all of ``limit_of`` where the kind names one. Two queries."""
    kind_name = kind(kind_name).limit_of or kind_name
    rows = dict(ApprovalLimit.objects.filter(kind=kind_name).values_list("role", "limit_minor"))
    roles = set(by.groups.values_list("name", flat=True)) if getattr(by, "pk", None) else set()
    mine = [limit for role, limit in rows.items() if role and role in roles]
    return max(mine) if mine else rows.get("", kind(kind_name).limit_minor)


def needed(*, kind_name: str, amount_minor: int, by: Any) -> bool:
    """Whether ``by`` needs a second person for this amount. What the house does by itself (None) never does."""
    return bool(getattr(by, "pk", None)) and amount_minor > limit_minor(kind_name=kind_name, by=by)


def ask(
    *,
    kind_name: str,
    key: str,
    title: str,
    amount_minor: int,
    facts: dict[str, Any],
    consequences: list[str],
    reason: str,
    by: Any,
    reason_code: str = "",
    currency: str = "EUR",
    due_at: dt.datetime | None = None,
) -> tuple[Approval, bool]:
    """Put something on the list of those who may decide; once per kind and key while it waits.

    facts: plain values for the kind's ``run``; by: who asks, None for a rule of the shop; due_at: until when somebody
    should have decided, a day from now unless said. Returns the request and whether it is new. Raises ValueError
    without a reason or for a reason code the kind does not have.
    """
    if not reason.strip():
        raise ValueError(_("Please say why."))
    codes = {code for code, _label in kind(kind_name).reasons}
    if reason_code and reason_code not in codes:
        raise ValueError(f"{kind_name} has no reason {reason_code!r}")
    known = Approval.objects.filter(kind=kind_name, key=key, state="waiting")

    def work() -> tuple[Approval, bool]:
        found = known.first()
        if found is not None:
            return found, False
        with transaction.atomic():
            made = Approval.objects.create(
                kind=kind_name,
                key=key,
                title=title[:200],
                amount_minor=amount_minor,
                currency=currency,
                facts=facts,
                consequences=consequences,
                reason_code=reason_code,
                reason=reason.strip()[:300],
                requested_by=by if getattr(by, "pk", None) else None,
                due_at=due_at or clock.now() + DUE_AFTER,
            )
        return made, True

    try:
        return retrying(work)
    except IntegrityError:  # asked for twice in the same moment
        return known.get(), False


def approve(*, approval: Approval, by: Any, words: str = "") -> Outcome:
    """Decide for it and do it, both or neither. Raises NotYours, Decided, and CannotRun (then it goes on waiting)."""
    _refuse_own(approval, by)

    def work() -> Outcome:
        _move(approval, "approved", by, words)
        outcome = kind(approval.kind).run(approval, by)
        approval.result, approval.result_url = outcome.text[:300], outcome.url[:300]
        approval.save(update_fields=["result", "result_url"])
        return outcome

    try:
        return retrying(work)
    except Exception:
        approval.refresh_from_db()
        raise


def decline(*, approval: Approval, by: Any, words: str) -> None:
    """Decide against it, with words for who asked. Raises NotYours, Decided, ValueError without words."""
    if not words.strip():
        raise ValueError(_("Please say why."))
    _refuse_own(approval, by)
    _end(approval, "declined", by, words.strip())


def withdraw(*, approval: Approval, by: Any, words: str = "") -> None:
    """Take back what one asked for oneself. Raises NotYours, Decided."""
    if approval.requested_by_id is None or approval.requested_by_id != getattr(by, "pk", None):
        raise NotYours(_("Only the person who asked for it can withdraw it."))
    _end(approval, "withdrawn", by, words.strip())


def void(*, kind_name: str, key: str, why: str) -> bool:
    """What was asked about is decided otherwise, or is no longer what it was: nobody has to decide it any more.

    Part of a caller's transaction; the kind's ``ended`` is not asked. False when nothing waited.
    """
    waiting = Approval.objects.filter(kind=kind_name, key=key, state="waiting").first()
    if waiting is None:
        return False
    try:
        move(waiting, to="withdrawn", why=why, decided_at=clock.now(), words=why[:300])
    except StaleState:  # decided in this moment
        return False
    return True


def may_decide(approval: Approval, by: Any) -> bool:
    """Whether ``by`` may approve or decline it."""
    return approval.requested_by_id != getattr(by, "pk", None) and by.has_perm(kind(approval.kind).permission)


def _end(approval: Approval, to: str, by: Any, words: str) -> None:
    def work() -> None:
        _move(approval, to, by, words)
        kind(approval.kind).ended(approval, by)

    try:
        retrying(work)
    except Exception:
        approval.refresh_from_db()
        raise


def _refuse_own(approval: Approval, by: Any) -> None:
    if approval.requested_by_id == getattr(by, "pk", None):
        raise NotYours(_("You asked for it yourself: somebody else has to decide."))
    if not by.has_perm(kind(approval.kind).permission):
        raise NotYours(_("Your role may not decide this."))


def _move(approval: Approval, to: str, by: Any, words: str) -> None:
    approval.refresh_from_db()
    try:
        move(
            approval,
            to=to,
            by=by,
            why=words or approval.reason,
            decided_by=by,
            decided_at=clock.now(),
            words=words[:300],
        )
    except StateError:
        approval.refresh_from_db()
        state = approval.get_state_display()
        raise Decided(_("It was decided meanwhile: %(state)s.") % {"state": state}) from None


__all__ = [
    "CannotRun", "Decided", "NotYours", "Outcome", "approve", "ask", "decline", "limit_minor", "may_decide", "needed",
    "void", "withdraw",
]  # fmt: skip
