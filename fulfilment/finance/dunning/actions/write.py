"""Writing decided letters: notices, items, claims, levels and telling, one statement per table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from checkout.payment.actions import raise_dunning_levels
from fulfilment.finance.dunning.calendar import business_day_from
from fulfilment.finance.dunning.events import LettersWritten
from fulfilment.finance.dunning.facts import Ground
from fulfilment.finance.dunning.models import DunningClaim, DunningItem, DunningLevel, DunningNotice
from fulfilment.finance.dunning.proposal import ItemProposal, Proposal
from fulfilment.finance.invoicing.facts import seller_facts
from fulfilment.finance.invoicing.merchant import profile
from shop.kernel import bulk
from shop.kernel.clock import now
from shop.kernel.numbers import next_gapless_block
from shop.kernel.outbox import record

SERIES = "D"
NOTICE_COLUMNS = (
    "id", "number", "level", "user_id", "email", "language", "issued_on", "pay_until", "currency", "open_minor",
    "interest_minor", "fee_minor", "lump_sum_minor", "earlier_minor", "facts", "by_id", "created_at",
)  # fmt: skip
ITEM_COLUMNS = (
    "notice_id", "invoice_id", "level", "days_overdue", "open_minor", "interest_minor", "interest_until", "fee_minor",
    "earlier_minor",
)  # fmt: skip
CLAIM_COLUMNS = ("notice_id", "invoice_id", "kind", "amount_minor", "paid_minor", "waived_why")


@dataclass(slots=True)
class Letter:
    """A letter as written, column by column, with what led to it."""

    row: dict[str, Any]
    proposal: Proposal

    @property
    def notice(self) -> DunningNotice:
        """The letter as a model."""
        return DunningNotice(**self.row)

    @property
    def total_minor(self) -> int:
        """What it asks for."""
        return self.proposal.total_minor


@dataclass(frozen=True)
class _Common:
    """What the letters of a day share."""

    base: Ground
    seller: dict[str, str]
    payment: dict[str, str]
    terms: dict[int, dt.date]
    by_id: int | None
    at: dt.datetime
    texts: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)

    def words(self, level: DunningLevel, language: str) -> dict[str, str]:
        """Title, opening and closing of a level in a language, looked up once."""
        key = (level.level, language)
        if key not in self.texts:
            self.texts[key] = {part: level.text(part, language) for part in ("title", "opening", "closing")}
        return self.texts[key]


def write(*, letters: Sequence[Proposal], base: Ground, by: Any) -> list[Letter]:
    """Write ``letters`` within the caller's transaction and tell of them (each is told of by ``tell``, afterwards). A
    constant number of statements."""
    if not letters:
        return []
    common = _common(letters, base, by)
    year = base.day.year
    ids = bulk.reserve_ids(DunningNotice, len(letters))
    numbers = next_gapless_block(SERIES, year, len(letters))
    written = [
        Letter(_row(pk, f"{SERIES}{year}-{number:06d}", letter, common), letter)
        for pk, number, letter in zip(ids, numbers, letters, strict=True)
    ]
    bulk.insert(
        DunningNotice,
        NOTICE_COLUMNS,
        (list(one.row.values()) for one in written),
    )
    bulk.insert(DunningItem, ITEM_COLUMNS, _items(written))
    bulk.insert(DunningClaim, CLAIM_COLUMNS, _claims(written))
    raise_dunning_levels({one.row["user_id"]: one.row["level"] for one in written if one.row["user_id"]})
    record(LettersWritten([int(one.row["id"]) for one in written]))
    return written


def _common(letters: Sequence[Proposal], base: Ground, by: Any) -> _Common:
    merchant = profile()
    levels: dict[int, DunningLevel] = {letter.level.level: letter.level for letter in letters}
    return _Common(
        base=base,
        seller=seller_facts(),
        payment={
            "iban": merchant.iban,
            "bic": merchant.bic,
            "account_name": merchant.name,
            "bank_name": merchant.bank_name,
        },
        terms={
            number: business_day_from(
                base.day + dt.timedelta(days=level.term_days), base.policy.holidays_state
            )
            for number, level in levels.items()
        },
        by_id=getattr(by, "pk", None),
        at=now(),
    )


def _row(pk: int, number: str, letter: Proposal, common: _Common) -> dict[str, Any]:
    """The columns of a notice, in the order of NOTICE_COLUMNS."""
    level, language = letter.level, letter.language
    reference = letter.items[0].invoice.number if len(letter.items) == 1 else number
    values = (
        pk, number, level.level, letter.user_id, letter.email, language, common.base.day, common.terms[level.level],
        letter.currency, letter.open_minor, letter.interest_minor, letter.fee_minor, letter.lump_sum_minor,
        letter.earlier_minor,
        {
            "seller": common.seller,
            "recipient": letter.items[0].invoice.buyer,
            **common.words(level, language),
            "letter": level.letter,
            "payment": common.payment | {"reference": reference},
            "interest": [_interest(item) for item in letter.items if item.interest],
        },
        common.by_id, common.at,
    )  # fmt: skip
    return dict(zip(NOTICE_COLUMNS, values, strict=True))


def _interest(item: ItemProposal) -> dict[str, Any]:
    parts = [
        asdict(part) | {"first": part.first.isoformat(), "last": part.last.isoformat()}
        for part in item.interest
    ]
    return {"invoice": item.invoice.number, "parts": parts}


def _items(written: Sequence[Letter]) -> Iterator[tuple[Any, ...]]:
    for one in written:
        pk = one.row["id"]
        for item in one.proposal.items:
            yield (
                pk,
                item.invoice.pk,
                item.level.level,
                item.days_overdue,
                item.invoice.open_minor,
                item.interest_minor,
                item.interest_until,
                item.fee_minor,
                item.earlier_minor,
            )


def _claims(written: Sequence[Letter]) -> Iterator[tuple[Any, ...]]:
    for one in written:
        for item in one.proposal.items:
            if not (item.interest_minor or item.fee_minor or item.lump_sum_minor):
                continue
            asked = (
                (DunningClaim.INTEREST, item.interest_minor),
                (DunningClaim.FEE, item.fee_minor),
                (DunningClaim.LUMP_SUM, item.lump_sum_minor),
            )
            yield from (
                (one.row["id"], item.invoice.pk, kind, amount, 0, "") for kind, amount in asked if amount
            )
