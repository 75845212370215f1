"""The seam to the room that asks for costs and interest of late payment (dunning, which lies above): what is open of
them beside an invoice, which letters named it, and that they were paid. Nothing while no room has registered."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from fulfilment.finance.invoicing.models import Invoice

from .models import Receipt


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for beside an invoice, in minor units, and the numbers of the letters that did."""

    costs_minor: int = 0
    interest_minor: int = 0
    letters: tuple[str, ...] = ()


class Collector(Protocol):
    """What the room above answers. Each read is a constant number of queries."""

    def asked(self, invoice_ids: Collection[int] | None) -> dict[int, Asked]:
        """What is open beside these invoices (None: beside any that is open), by invoice."""

    def invoices_of(self, letters: Iterable[str]) -> list[int]:
        """The invoices that the letters with these (canonical) numbers name."""

    def costs_first(self) -> bool:
        """Whether money without words pays costs and interest before the invoice (§ 367 (1) BGB)."""

    def pay(
        self,
        *,
        receipt: Receipt,
        invoice: Invoice,
        costs_minor: int,
        interest_minor: int,
        why: str,
        by_itself: bool,
        by: Any,
    ) -> None:
        """A part of the receipt pays costs and interest. ValueError when that much is not open."""


_collectors: list[Collector] = []


def register(collector: Collector) -> None:
    """Called by the room in its ``apps.ready()``; the last one counts."""
    _collectors[:] = [collector]


def asked(invoice_ids: Collection[int] | None) -> dict[int, Asked]:
    """As ``Collector.asked``."""
    return _collectors[0].asked(invoice_ids) if _collectors else {}


def invoices_of(letters: Iterable[str]) -> list[int]:
    """As ``Collector.invoices_of``."""
    return _collectors[0].invoices_of(letters) if _collectors else []


def costs_first() -> bool:
    """As ``Collector.costs_first``."""
    return bool(_collectors) and _collectors[0].costs_first()


def pay(**facts: Any) -> None:
    """As ``Collector.pay``; ValueError when no room keeps such claims."""
    if not _collectors:
        raise ValueError("nobody asks for costs or interest")
    _collectors[0].pay(**facts)
