"""The seam to the room that knows the card provider's payouts: which are open, and that one has arrived."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps

from .models import Disbursement, Receipt

ROOM = "fulfilment.finance.psp"


def open_payouts(amounts: set[int] | None, currency: str = "EUR") -> Iterator[tuple[str, int, str]]:
    """Id, amount and currency of payouts whose line is still to come, negative ones too; amounts: only these, whichever
    way they go (minor units, positive). Nothing as long as the room is not installed."""
    if not apps.is_installed(ROOM):
        return
    rows = import_module(f"{ROOM}.queries").open_payouts(currency)
    if amounts is not None:
        rows = rows.filter(amount_minor__in={*amounts, *(-amount for amount in amounts)})
    yield from rows.exclude(amount_minor=0).values_list("psp_id", "amount_minor", "currency")


def arrived(*, payout: str, money: Receipt | Disbursement) -> None:
    """Within the transaction that books the money as this payout: the room learns of it. Raises ValueError when another
    line was faster or it goes the other way; a payout that the room does not know is booked all the same."""
    if not apps.is_installed(ROOM):
        return
    known: Any = apps.get_model("psp", "Payout")._default_manager.filter(psp_id=payout).first()
    if known is not None:
        import_module(f"{ROOM}.arrivals").arrived(payout=known, on=money.booked_on, **_line(money))


def undo_arrival(*, money: Receipt | Disbursement) -> None:
    """Within the transaction that reverses that: the payout is open again."""
    if apps.is_installed(ROOM):
        import_module(f"{ROOM}.arrivals").undo_arrival(**_line(money))


def _line(money: Receipt | Disbursement) -> dict[str, int]:
    return {"receipt_id": money.pk} if isinstance(money, Receipt) else {"disbursement_id": money.pk}
