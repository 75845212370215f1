"""Movements, payouts and stray money at the card provider, as it tells of them."""

from __future__ import annotations

import datetime as dt

from checkout.payment.stripe_client import ProviderPayout, ProviderTransaction
from fulfilment.finance.psp import booking, fetch, unmatched
from fulfilment.finance.psp.models import BalanceTransaction, Payout, UnmatchedMoney

MOMENT = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


def told(
    name: str, amount: int, fee: int = 0, kind: str = "stripe_fee", *, intent: str = "", source: str = ""
) -> ProviderTransaction:
    """A movement of the balance. Amounts in minor units."""
    return ProviderTransaction(
        id=f"txn_{name}", kind=kind, category=kind, amount_minor=amount, fee_minor=fee, net_minor=amount - fee,
        currency="EUR", source_id=source, intent_id=intent, refund_id=0, description=f"fee {name}", available_on=MOMENT,
        created_at=MOMENT,
    )  # fmt: skip


def make_payout(name: str = "po_1", amounts: tuple[int, ...] = (-100, 500), status: str = "paid") -> Payout:
    """A payout of fees and fees given back, explained and booked."""
    fetch.keep_payout(ProviderPayout(name, sum(amounts), "EUR", status, True, MOMENT.date(), MOMENT, ""))
    return consists_of(
        Payout.objects.get(psp_id=name), [told(f"{name}_{at}", amount) for at, amount in enumerate(amounts)]
    )


def consists_of(payout: Payout, movements: list[ProviderTransaction]) -> Payout:
    """These movements are what the payout consists of; all is booked."""
    fetch.keep(movements)
    BalanceTransaction.objects.filter(psp_id__in=[row.id for row in movements]).update(payout=payout)
    Payout.objects.filter(pk=payout.pk).update(is_explained=True)
    booking.book_waiting()
    payout.refresh_from_db()
    return payout


def make_money(reference: str = "pi_1", amount: int = 5_000) -> UnmatchedMoney:
    """Money that belongs to nothing, on the list."""
    unmatched.make_visible(
        source=f"unmatched:test:{reference}", reference=reference, amount_minor=amount, currency="EUR",
        note="no payment of ours", moment=MOMENT,
    )  # fmt: skip
    return UnmatchedMoney.objects.get(reference=reference)
