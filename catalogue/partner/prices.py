"""Prices and their history: set one, and the 30-day price that an announced reduction must show (§ 11 PAngV).

The history holds intervals [from, to) and is append-only: the database refuses to change or delete one (triggers.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery

from shop.kernel.clock import now
from shop.kernel.money import to_decimal
from shop.kernel.transactions import retrying

from .models import PricePeriod, StockRecord

REFERENCE_DAYS = 30  #: § 11 (1) PAngV: the lowest total price of the last 30 days before the reduction
TICK = dt.timedelta(microseconds=1)  #: the shortest interval
BATCH = 500  #: stock records whose history is read at once


class NoReduction(ValueError):
    """The price is not below the lowest of the 30 days before: it may not be announced as a reduction.

    ``reference_minor``: that lowest price in minor units, None where there is no history.
    """

    def __init__(self, sku: str, gross_minor: int, reference_minor: int | None) -> None:
        super().__init__(f"{sku}: {gross_minor} is no reduction, the lowest price was {reference_minor}")
        self.reference_minor = reference_minor


def set_price(*, stockrecord: StockRecord, gross_minor: int, reduced: bool = False) -> PricePeriod:
    """Ask a new total price (minor units) from now on and keep the old one as history.

    ``reduced`` announces a reduction: the lowest total price of the 30 days before it is kept beside the price
    (§ 11 (1) PAngV); a further reduction within a running one keeps the first reference (§ 11 (2)), a price that rises
    does not. Returns the new interval. Raises NoReduction when the price is not below the reference; nothing is changed
    then.
    """
    return retrying(lambda: _set_price(stockrecord, gross_minor, reduced))


def _set_price(stockrecord: StockRecord, gross_minor: int, reduced: bool) -> PricePeriod:
    with transaction.atomic():
        # The row is ours until the end: a second price set in this moment comes after this one.
        StockRecord.objects.filter(pk=stockrecord.pk).update(price_currency=F("price_currency"))
        stockrecord.refresh_from_db(fields=["price", "price_currency", "reference_price_minor"])
        present = _present(stockrecord)
        moment = max(now(), present.valid_from + TICK) if present else now()
        reference = _reference(stockrecord, gross_minor, moment) if reduced else None
        if present:
            PricePeriod.objects.filter(pk=present.pk).update(valid_to=moment)
        period = PricePeriod.objects.create(
            stockrecord=stockrecord,
            gross_minor=gross_minor,
            currency=stockrecord.price_currency,
            reference_minor=reference,
            valid_from=moment,
        )
        stockrecord.price = to_decimal(gross_minor, stockrecord.price_currency)
        stockrecord.reference_price_minor = reference
        stockrecord.save(update_fields=["price", "reference_price_minor", "date_updated"])
    return period


def _present(stockrecord: StockRecord) -> PricePeriod | None:
    return PricePeriod.objects.filter(
        stockrecord=stockrecord, currency=stockrecord.price_currency, valid_to=None
    ).first()


def _reference(stockrecord: StockRecord, gross_minor: int, moment: dt.datetime) -> int:
    reference = reference_for(stockrecord, gross_minor, moment)
    if reference is None or gross_minor >= reference:
        raise NoReduction(stockrecord.partner_sku, gross_minor, reference)
    return reference


def reference_for(stockrecord: StockRecord, gross_minor: int, moment: dt.datetime) -> int | None:
    """The 30-day price that a reduction to ``gross_minor`` at ``moment`` would have to show, in minor units.

    That of the running reduction while its price falls without interruption (§ 11 (2) PAngV), else the lowest of the 30
    days before ``moment``; None without history.
    """
    running = stockrecord.reference_price_minor
    if running is not None and gross_minor <= stockrecord.price_minor:
        return running
    return lowest_before(stockrecord, moment)


def lowest_before(stockrecord: StockRecord, moment: dt.datetime) -> int | None:
    """The lowest total price asked in the 30 days before ``moment``, in minor units; None without history.

    A price set long before counts as long as it was still valid within the 30 days (CJEU C-330/23); prices in other
    currencies do not.
    """
    return _lowest(PricePeriod.objects.filter(stockrecord=stockrecord), stockrecord.price_currency, moment)


def _lowest(periods: Iterable[PricePeriod], currency: str, moment: dt.datetime) -> int | None:
    since = moment - dt.timedelta(days=REFERENCE_DAYS)
    return min(
        (
            period.gross_minor
            for period in periods
            if period.currency == currency
            and period.valid_from < moment
            and (period.valid_to is None or period.valid_to > since)
        ),
        default=None,
    )


def lowest_before_each(moment: dt.datetime) -> Subquery:
    """For stock records: what ``lowest_before()`` says of each, as SQL."""
    since = moment - dt.timedelta(days=REFERENCE_DAYS)
    asked = PricePeriod.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=since),
        stockrecord=OuterRef("pk"),
        currency=OuterRef("price_currency"),
        valid_from__lt=moment,
    )
    return Subquery(asked.order_by("gross_minor").values("gross_minor")[:1])


def began(periods: Sequence[PricePeriod]) -> dt.datetime | None:
    """When the running reduction began: the first of its intervals in a row that never rise; None: none runs.

    ``periods``: of one stock record and currency, the oldest first.
    """
    found = None
    later_minor = 0  # the price asked after the interval that is looked at
    for period in reversed(periods):
        if period.reference_minor is None or period.gross_minor < later_minor:
            break
        found, later_minor = period.valid_from, period.gross_minor
    return found


def unlawful_references() -> Iterator[str]:
    """Of each running reduction whose 30-day price is not what the history says: which and why, in words."""
    running = StockRecord.objects.exclude(reference_price_minor=None).order_by("pk")
    batch: list[StockRecord] = []
    for record in running.only("pk", "partner_sku", "price_currency", "reference_price_minor").iterator(
        BATCH
    ):
        batch.append(record)
        if len(batch) == BATCH:
            yield from _unlawful(batch)
            batch = []
    yield from _unlawful(batch)


def _unlawful(records: Sequence[StockRecord]) -> Iterator[str]:
    histories: dict[int, list[PricePeriod]] = {record.pk: [] for record in records}
    for period in PricePeriod.objects.filter(stockrecord_id__in=list(histories)).order_by("valid_from"):
        histories[period.stockrecord_id].append(period)
    for record in records:
        own = [one for one in histories[record.pk] if one.currency == record.price_currency]
        start = began(own)
        lawful = _lowest(own, record.price_currency, start) if start else None
        if lawful != record.reference_price_minor:
            says = "nothing" if lawful is None else lawful
            yield f"{record.partner_sku}: {record.reference_price_minor} is shown, the history says {says}"
