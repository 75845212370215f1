"""The plain values of matching. Amounts in minor units."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import intern

#: What may become of a line; ``deciding`` has one verb for each.
PAY, BACK, PAYOUT, ACCOUNT, REFUND, PAYBACK, RETURNED, SAME, TOGETHER, CAME_BACK = (
    "pay", "back", "payout", "account", "refund", "payback", "returned", "same", "together", "came_back",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class OpenItem:
    """Something that money may be for.

    target: "invoice:5", "order:7" (a prepayment), "refund:3", "payback:4", "payout:po_2", "taken:po_3" (a negative
    payout), "money:9" (a receipt that may come back), "receipt:9" or "disbursement:9" (typed by hand before),
    "together:2" (transfers in one sum; parts: which), "left:7" (the assignment of a transfer that left and may come
    back). numbers: what people quote. customer: whose it is ("user:5", "mail:…"). closed: "" or why nothing is asked
    any more ("paid", "cancelled", "written_off").
    """

    target: str
    numbers: tuple[str, ...]
    open_minor: int
    currency: str = "EUR"
    customer: str = ""
    name: str = ""
    due: int = 0  #: day, as an ordinal: the oldest is paid first
    closed: str = ""
    order_number: str = ""
    iban: str = ""
    day: int = 0  #: of money: when it was booked
    costs_minor: int = 0  #: asked for beside an invoice: costs and lump sum,
    interest_minor: int = 0  #: and default interest
    letters: tuple[str, ...] = ()  #: numbers of the letters that asked
    parts: tuple[tuple[str, int, str], ...] = ()  #: target, amount, label of each, where several are one

    @property
    def kind(self) -> str:
        """What the target is."""
        return intern(self.target.partition(":")[0])

    @property
    def whole_minor(self) -> int:
        """With costs and interest."""
        return self.open_minor + self.costs_minor + self.interest_minor


@dataclass(frozen=True, slots=True)
class Money:
    """A receipt (positive) or disbursement (negative) as matching sees it; ``key``: "receipt:5"."""

    key: str
    amount_minor: int
    currency: str = "EUR"
    text: str = ""
    end_to_end_id: str = ""
    structured_reference: str = ""
    party: str = ""
    iban: str = ""
    day: int = 0
    code: str = ""
    original_minor: int = 0
    original_currency: str = ""
    charges_minor: int = 0
    is_return: bool = False
    bank_reference: str = ""
    is_collective: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A learned rule about text: all ``words`` in the line mean this account of the books."""

    pk: int
    words: frozenset[str]
    direction: str
    account_id: int
    account: str = ""
    vat_rate_bp: int | None = None
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """So much of the money is for this item, of it so much for costs and interest. The differences are given up with
    it: rounding by tolerance, what banks withheld, what the exchange cost (negative: brought)."""

    target: str
    amount_minor: int
    label: str = ""
    order_number: str = ""
    open_minor: int = 0
    rounding_minor: int = 0
    charges_minor: int = 0
    exchange_minor: int = 0
    costs_minor: int = 0
    interest_minor: int = 0

    @property
    def principal_minor(self) -> int:
        """What of the amount pays the item itself."""
        return self.amount_minor - self.costs_minor - self.interest_minor


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a line may be, how sure that is (0 to 100) and why (codes of ``words.REASONS``)."""

    kind: str
    parts: tuple[Part, ...]
    confidence: int
    reasons: tuple[str, ...]
    account_id: int | None = None
    account: str = ""
    vat_rate_bp: int | None = None
    rule_id: int | None = None
    rest_minor: int = 0  #: what stays unexplained
    label: str = ""  #: what the parts are together
    facts: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def token(self) -> str:
        """What a page sends back to say "this one": all that would be booked."""
        parts = ",".join(
            f"{part.target}={part.amount_minor}/{part.open_minor}/{part.rounding_minor}/{part.charges_minor}"
            f"/{part.exchange_minor}/{part.costs_minor}/{part.interest_minor}"
            for part in self.parts
        )
        return f"{self.kind}|{self.account_id or ''}|{self.vat_rate_bp or ''}|{parts}"
