"""Reading the balance at the provider: pages, a cursor that is kept, each movement once. Network first, then one short
transaction per page."""

from __future__ import annotations

import datetime as dt
import logging

from django.db.models import Q, Sum

from checkout.payment import stripe_client
from checkout.payment.stripe_client import ProviderPayout, ProviderTransaction
from shop.kernel.clock import now
from shop.kernel.transactions import retrying

from .models import BalanceTransaction, Cursor, Payout

log = logging.getLogger(__name__)

MOST_PAGES = 50  #: per run; what is left is read by the next one, from where this one stopped
OVERLAP = dt.timedelta(hours=1)  #: read again each time: movements of the same second come in any order
LOOK_BACK = dt.timedelta(days=14)  #: a payout may still fail so long after it left
LEASE = dt.timedelta(minutes=4)  #: a reader that died is waited for no longer
MOST_PAYOUTS = 50  #: explained per run


def read_movements() -> int:
    """Read movements that are new since the last time; returns how many were. Raises ProviderDown, ProviderRefused."""
    cursor, _made = Cursor.objects.get_or_create(name="balance")
    fresh = 0
    for _page in range(MOST_PAGES):
        rows, more = stripe_client.list_transactions(since=cursor.since, after=cursor.page_after)
        fresh += retrying(lambda r=rows, m=more: _keep_page(cursor, r, m))  # type: ignore[misc]
        if not more:
            break
    return fresh


def read_payouts() -> int:
    """Read payouts of the last days and what they consist of; returns how many were told anew. Raises ProviderDown,
    ProviderRefused."""
    since = None if not Payout.objects.exists() else now() - LOOK_BACK
    after, changed = "", 0
    for _page in range(MOST_PAGES):
        rows, more = stripe_client.list_payouts(since=since, after=after)
        changed += sum(keep_payout(row) for row in rows)
        if not more or not rows:
            break
        after = rows[-1].id
    waiting = Payout.objects.filter(is_explained=False, automatic=True).exclude(provider_status="canceled")
    for payout in list(waiting.order_by("pk")[:MOST_PAYOUTS]):
        explain(payout)
    return changed


def keep_payout(told: ProviderPayout) -> bool:
    """Write down what the provider says of a payout; returns whether that is new."""
    facts = {
        "provider_status": told.status,
        "arrival_date": told.arrives_on,
        "failure_text": told.failure_text[:300],
    }
    payout, made = Payout.objects.get_or_create(
        psp_id=told.id,
        defaults={
            "amount_minor": told.amount_minor,
            "currency": told.currency,
            "automatic": told.automatic,
            "created_at": told.created_at,
            **facts,
        },
    )
    if made:
        return True
    same = {name: getattr(payout, name) for name in facts} == facts
    if not same:
        Payout.objects.filter(pk=payout.pk).update(**facts)
    return not same


def look_at_payout(psp_id: str) -> None:
    """A webhook named it: read this one anew, with what it consists of."""
    keep_payout(stripe_client.retrieve_payout(psp_id))
    payout = Payout.objects.get(psp_id=psp_id)
    if payout.automatic and not payout.is_explained:
        explain(payout)


def explain(payout: Payout) -> bool:
    """Read what a payout consists of; true when that adds up to it to the cent."""
    after = ""
    for _page in range(MOST_PAGES):
        rows, more = stripe_client.list_transactions(payout=payout.psp_id, after=after)
        retrying(lambda r=rows: _link(payout, r))  # type: ignore[misc]
        if not more or not rows:
            break
        after = rows[-1].id
    parts = payout.transactions.exclude(kind="payout")
    total = int(parts.aggregate(total=Sum("net_minor"))["total"] or 0)
    whole = total == payout.amount_minor and parts.exists()
    if whole:
        Payout.objects.filter(pk=payout.pk).update(is_explained=True)
        payout.is_explained = True
    return whole


def lease() -> bool:
    """Take the turn to read; false when somebody else is reading. A nudge then need not wait: they see it all."""
    Cursor.objects.get_or_create(name="balance")
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now())
    return bool(Cursor.objects.filter(free, name="balance").update(leased_until=now() + LEASE))


def give_up_lease(problem: str = "") -> None:
    """Done reading, or not able to: ``problem`` says why in words."""
    facts = {"leased_until": None, "problem": problem[:300]} | ({} if problem else {"read_at": now()})
    Cursor.objects.filter(name="balance").update(**facts)


def _keep_page(cursor: Cursor, rows: list[ProviderTransaction], more: bool) -> int:
    before = BalanceTransaction.objects.count()
    keep(rows)
    newest = max([row.created_at for row in rows] + ([cursor.newest] if cursor.newest else []), default=None)
    if more and rows:
        cursor.newest, cursor.page_after = newest, rows[-1].id
    else:  # the reading is whole: the next one begins shortly before the newest of this one
        cursor.since = newest - OVERLAP if newest else cursor.since
        cursor.newest, cursor.page_after = None, ""
    cursor.save(update_fields=["since", "newest", "page_after"])
    return BalanceTransaction.objects.count() - before


def keep(rows: list[ProviderTransaction]) -> None:
    """Write movements down, each once by its id, however often it is told; the oldest first, as they are booked."""
    BalanceTransaction.objects.bulk_create([_row(told) for told in reversed(rows)], ignore_conflicts=True)


def _row(told: ProviderTransaction) -> BalanceTransaction:
    return BalanceTransaction(
        psp_id=told.id,
        kind=told.kind[:40],
        category=told.category[:40],
        amount_minor=told.amount_minor,
        fee_minor=told.fee_minor,
        net_minor=told.net_minor,
        currency=told.currency,
        source_id=told.source_id[:80],
        intent_id=told.intent_id[:80],
        refund_number=told.refund_id,
        description=told.description[:300],
        available_on=told.available_on,
        created_at=told.created_at,
    )


def _link(payout: Payout, rows: list[ProviderTransaction]) -> None:
    keep(rows)
    ids = [row.id for row in rows]
    BalanceTransaction.objects.filter(psp_id__in=ids, payout__isnull=True).update(payout=payout)
