"""What people at the shelf are told."""

from __future__ import annotations

from fulfilment.warehouse.stock.actions import StockError


class CountError(StockError):
    """What the person who counts or approves must be told; nothing was changed. The text is for them."""


class NotYourCount(CountError):
    """Another person counts this bin."""


class SamePerson(CountError):
    """A second pair of eyes is wanted, and these are the first."""


class NothingScanned(CountError):
    """Nothing was scanned; the person says whether the shelf really is empty."""
