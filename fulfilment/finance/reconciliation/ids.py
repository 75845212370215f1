"""The end-to-end ids of our transfers: the bank repeats them on its line, and matching reads them there."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count

from checkout.payment.states import REFUND
from shop.kernel.models import StateChange

from .states import PAYBACK

WORDS = {REFUND.name: "REFUND", PAYBACK.name: "PAYBACK"}


def end_to_end_ids(targets: Iterable[str]) -> dict[str, str]:
    """ "refund:3" -> "REFUND-000003", "payback:4" -> "PAYBACK-000004". One query.

    What came back (or was taken out of a file) and goes once more carries its turn behind ("REFUND-000003-1"): banks
    and our books tell two transfers apart by it.
    """
    wanted = [target.partition(":")[::2] for target in targets]
    rows = StateChange.objects.filter(
        machine__in=WORDS, new="requested", thing_id__in={int(pk) for _kind, pk in wanted}
    )
    again = {
        (kind, pk): turns
        for kind, pk, turns in rows.order_by()
        .values("machine", "thing_id")
        .annotate(turns=Count("pk"))
        .values_list("machine", "thing_id", "turns")
    }
    return {f"{kind}:{pk}": _id(kind, int(pk), again.get((kind, int(pk)), 0)) for kind, pk in wanted}


def _id(kind: str, pk: int, turn: int) -> str:
    plain = f"{WORDS[kind]}-{pk:06d}"
    return f"{plain}-{turn}" if turn else plain


def plain_id(kind: str, pk: int) -> str:
    """The id without its turn, which matching finds in every later one too."""
    return _id(kind, pk, 0)
