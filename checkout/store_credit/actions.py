"""Verbs: put money on a customer's credit, take it off, move it with a merged account. Each once per cause."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F, Subquery

from shop.kernel.outbox import record

from .events import CreditMovedAlong
from .models import MERGED, CreditAccount, Movement

USUAL = "EUR"  #: held also where an account in it is not there yet


class NotEnough(ValueError):
    """Less is there than was to be taken; carries what is there (minor units). Nothing was changed."""

    def __init__(self, wanted_minor: int, there_minor: int) -> None:
        super().__init__(f"{wanted_minor} wanted, {there_minor} there")
        self.wanted_minor, self.there_minor = wanted_minor, there_minor


def put(
    *,
    user_id: int,
    amount_minor: int,
    currency: str,
    kind: str,
    cause: str,
    order: Any = None,
    why: str = "",
    by: Any = None,
) -> Movement:
    """Add ``amount_minor`` (minor units, more than zero). ``cause`` names the fact: a retry returns the same row."""
    if amount_minor < 1:
        raise ValueError("credit moves by one minor unit at least")
    return _move(user_id, amount_minor, currency, kind, cause, order, why, by)


def take(
    *,
    user_id: int,
    amount_minor: int,
    currency: str,
    kind: str,
    cause: str,
    order: Any = None,
    why: str = "",
    by: Any = None,
) -> Movement:
    """Take ``amount_minor`` (minor units, more than zero) off, all of it or nothing. Raises NotEnough."""
    if amount_minor < 1:
        raise ValueError("credit moves by one minor unit at least")
    return _move(user_id, -amount_minor, currency, kind, cause, order, why, by)


def _move(
    user_id: int, amount: int, currency: str, kind: str, cause: str, order: Any, why: str, by: Any
) -> Movement:
    with transaction.atomic():
        known = Movement.objects.filter(cause=cause).order_by().values("pk")
        account = _held(user_id, currency, into=F("user__merged_into"), known=Subquery(known))
        if account.known is not None:  # type: ignore[attr-defined]
            return Movement.objects.get(pk=account.known)  # type: ignore[attr-defined]
        # Merged in this moment: whoever holds the account first is seen by the other (``move_along`` holds it too).
        into: int | None = account.into  # type: ignore[attr-defined]
        if into is not None and amount > 0:
            account = _held(into, currency)
        # Of two who spend the same credit one finds too little: the balance is compared where it is changed.
        enough = CreditAccount.objects.filter(pk=account.pk, balance_minor__gte=-amount)
        if not enough.update(balance_minor=F("balance_minor") + amount):
            account.refresh_from_db()
            raise NotEnough(-amount, account.balance_minor)
        return Movement.objects.create(
            account=account,
            kind=kind,
            amount_minor=amount,
            cause=cause,
            order=order,
            why=why[:300],
            by=by if getattr(by, "pk", None) else None,
        )


def _held(user_id: int, currency: str, **columns: Any) -> CreditAccount:
    """The account, made when missing and held to the end of the transaction. ``columns``: what else is asked once it is
    held, as expressions by name."""
    mine = CreditAccount.objects.filter(user_id=user_id, currency=currency)
    if not mine.update(balance_minor=F("balance_minor")):
        CreditAccount.objects.bulk_create(
            [CreditAccount(user_id=user_id, currency=currency)], ignore_conflicts=True
        )
        mine.update(balance_minor=F("balance_minor"))
    return mine.annotate(**columns).get()


def is_empty_and_held(*, user_id: int) -> bool:
    """Whether nothing is on a person's credit, in any currency; it is held to the end of the caller's transaction, so
    what comes in this moment comes before or waits."""
    mine = CreditAccount.objects.filter(user_id=user_id)
    for currency in sorted({*mine.values_list("currency", flat=True), USUAL}):
        if _held(user_id, currency).balance_minor:
            return False
    return True


def move_along(*, from_user_id: int, to_user_id: int, by: Any = None) -> int:
    """Two accounts are one person's and become one: the credit goes with them. Within the caller's transaction.

    Returns what moved, over all currencies in minor units; again: what has come since. Finance is told.
    """
    moved = 0
    mine = CreditAccount.objects.filter(user_id=from_user_id)
    for currency in sorted({*mine.values_list("currency", flat=True), USUAL}):
        held = _held(from_user_id, currency)
        if not held.balance_minor:
            continue
        last = Movement.objects.filter(account=held).order_by("-pk").values_list("pk", flat=True).first()
        cause, amount = f"merge:{from_user_id}:{to_user_id}:{last}", held.balance_minor
        facts = {"amount_minor": amount, "currency": currency, "kind": MERGED, "by": by}
        out = take(user_id=from_user_id, cause=f"{cause}:out", **facts)
        put(user_id=to_user_id, cause=f"{cause}:in", **facts)
        record(CreditMovedAlong(out.pk, from_user_id, to_user_id, amount, currency))
        moved += amount
    return moved
