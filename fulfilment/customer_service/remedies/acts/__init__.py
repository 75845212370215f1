"""What can be done for a customer of an order: one class each, in the order of the screen. Rooms above add theirs."""

from .address import CorrectAddress, CorrectInvoice
from .base import Act, Done, Refused, Way, Wish
from .before import CancelOrder, CancelPieces
from .credit import Goodwill, MoneyBack, PriceReduction
from .goods import Hold, LetReturn, Release, StopParcel
from .replacement import Replacement
from .voucher import GiveVoucher

ACTS: dict[str, Act] = {
    act.code: act
    for act in (
        CancelOrder(), CancelPieces(), CorrectAddress(), CorrectInvoice(), Replacement(), PriceReduction(), Goodwill(),
        MoneyBack(), GiveVoucher(), LetReturn(), StopParcel(), Hold(), Release(),
    )
}  # fmt: skip
WAYS: list[Way] = []  #: what has a page of its own


def register(act: Act) -> None:
    """Add an act of a room above, from its ``apps.ready()``. ValueError when another one has its code."""
    if type(ACTS.get(act.code, act)) is not type(act):
        raise ValueError(f"two acts are called {act.code!r}")
    ACTS[act.code] = act


def register_way(way: Way) -> None:
    """Lead from the screen to a page that says itself what it does."""
    if way not in WAYS:
        WAYS.append(way)


__all__ = ["ACTS", "WAYS", "Act", "Done", "Refused", "Way", "Wish", "register", "register_way"]
