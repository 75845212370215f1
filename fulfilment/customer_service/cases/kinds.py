"""What somebody wants, sorted by law into a kind of case: its clock, our duties, the remedies it opens.

Sources: BGB §§ 355, 356a (withdrawal), 434, 437-441, 475-477 (consumer's warranty), 438 (two years), 479 (guarantee),
475 (2) with 447 (transport risk is the seller's), HGB § 438 (notice to the carrier).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from fulfilment.customer_service.withdrawals.period import withdrawal_until

WITHDRAWAL, WARRANTY, GUARANTEE, TRANSPORT, SHORT, GOODWILL, QUESTION = (
    "withdrawal",
    "warranty",
    "guarantee",
    "transport_damage",
    "short_delivery",
    "goodwill",
    "question",
)
CHANGED_MIND, FAULTY, DAMAGED, WRONG, BY_GUARANTEE, ASKS = (
    "changed_mind",
    "faulty",
    "damaged",
    "wrong_or_missing",
    "guarantee",
    "question",
)
REASONS: list[tuple[str, Any]] = [
    (CHANGED_MIND, _("I have changed my mind")),
    (FAULTY, _("Something is broken or faulty")),
    (DAMAGED, _("It arrived damaged")),
    (WRONG, _("Something is wrong or missing")),
    (BY_GUARANTEE, _("It has a guarantee")),
    (ASKS, _("I have a question")),
]
REPLACE, REPAIR, REDUCE, REFUND, RESEND, VOUCHER, EXCHANGE, ANSWER = (
    "replacement",
    "repair",
    "price_reduction",
    "refund",
    "resend",
    "voucher",
    "exchange",
    "answer",
)
REMEDIES: dict[str, Any] = {
    REPLACE: _("New goods"),
    REPAIR: _("Repair"),
    REDUCE: _("Keep it and pay less"),
    REFUND: _("Money back"),
    RESEND: _("Send what is missing"),
    VOUCHER: _("A voucher"),
    EXCHANGE: _("Another size or colour"),
    ANSWER: _("An answer"),
}
WARRANTY_YEARS = 2  #: § 438 (1) no. 3 BGB, from delivery
PROOF_MONTHS = 12  #: § 477 (1) BGB: so long it is presumed that the fault was there at delivery
CARRIER_NOTICE_DAYS = 7  #: § 438 (2) HGB: hidden damage must be told to the carrier by then


@dataclass(frozen=True)
class Kind:
    """One kind of case: its code, title, the remedies offered (the first is the usual one), duties in words."""

    code: str
    title: Any
    remedies: tuple[str, ...]
    duty: Any
    urgent: bool = False


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            WITHDRAWAL,
            _("Withdrawal"),
            (REFUND, EXCHANGE),
            _(
                "Money back within 14 days of the declaration, with standard delivery; no reason is asked for."
            ),
        ),
        Kind(
            WARRANTY,
            _("Statutory warranty"),
            (REPLACE, REPAIR, REDUCE, REFUND),
            _("The customer chooses between repair and new goods; sending them is at our cost."),
        ),
        Kind(
            GUARANTEE,
            _("Guarantee"),
            (REPAIR, REPLACE),
            _("The guarantee of the maker comes beside the warranty, never instead of it."),
        ),
        Kind(
            TRANSPORT,
            _("Transport damage"),
            (REPLACE, REDUCE, REFUND),
            _("We bear the risk of the way. The carrier must hear of hidden damage within 7 days."),
            urgent=True,
        ),
        Kind(
            SHORT,
            _("Wrong or short delivery"),
            (RESEND, REFUND, EXCHANGE),
            _("What was ordered is still owed; wrong goods come back at our cost."),
            urgent=True,
        ),
        Kind(
            GOODWILL,
            _("Goodwill"),
            (EXCHANGE, VOUCHER),
            _("There is no duty by law; what we do is a gift and is booked as one."),
        ),
        Kind(QUESTION, _("Question"), (ANSWER,), _("An answer in time.")),
    )
}
CHOICES = [(kind.code, kind.title) for kind in KINDS.values()]


@dataclass(frozen=True)
class Sorted:
    """A case sorted: its kind, the last day of its right (None: none or unknown), and whether the fault is presumed."""

    kind: Kind
    until: dt.date | None = None
    fault_presumed: bool = False


def sort_case(reason: str, *, delivered_on: dt.date | None, today: dt.date) -> Sorted:
    """Sort what somebody wants. ``delivered_on``: day of the last delivery, None while not delivered or unknown.

    A delivery nobody knows never shortens a right: the clock has not begun then. Raises KeyError for an unknown reason.
    """
    return _SORTERS[reason](delivered_on, today)


def warranty_until(delivered_on: dt.date | None) -> dt.date | None:
    """The last day of the statutory warranty: two years from delivery (§§ 438 (1) no. 3, 188 (2) BGB)."""
    return months_after(delivered_on, 12 * WARRANTY_YEARS) if delivered_on else None


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the last of the month where it has no such day (§ 188 (3) BGB)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (first_of_next - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))


def _changed_mind(delivered_on: dt.date | None, today: dt.date) -> Sorted:
    until = withdrawal_until(delivered_on)
    in_time = until is None or today <= until
    return Sorted(KINDS[WITHDRAWAL if in_time else GOODWILL], until)


def _faulty(delivered_on: dt.date | None, today: dt.date) -> Sorted:
    until = warranty_until(delivered_on)
    if until is not None and today > until:
        return Sorted(KINDS[GOODWILL], until)
    presumed = delivered_on is None or today <= months_after(delivered_on, PROOF_MONTHS)
    return Sorted(KINDS[WARRANTY], until, fault_presumed=presumed)


def _damaged(delivered_on: dt.date | None, today: dt.date) -> Sorted:
    until = warranty_until(delivered_on)
    if until is not None and today > until:
        return Sorted(KINDS[GOODWILL], until)
    return Sorted(KINDS[TRANSPORT], until, fault_presumed=True)


_SORTERS = {
    CHANGED_MIND: _changed_mind,
    FAULTY: _faulty,
    DAMAGED: _damaged,
    WRONG: lambda delivered_on, _today: Sorted(KINDS[SHORT], warranty_until(delivered_on), True),
    BY_GUARANTEE: lambda _delivered_on, _today: Sorted(KINDS[GUARANTEE]),
    ASKS: lambda _delivered_on, _today: Sorted(KINDS[QUESTION]),
}
