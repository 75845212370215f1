"""Money in integer minor units, and the only ways to divide it.

Why integers: on SQLite ``SUM(0.10 + 0.20 - 0.30)`` over decimal columns gives 5.55e-17. Oscar keeps its Decimal
prices; ``to_minor`` and ``to_decimal`` are the one crossing point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

#: Digits after the decimal point, ISO 4217. Other currencies are refused rather than guessed.
EXPONENTS: dict[str, int] = {
    "EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "SEK": 2, "DKK": 2, "NOK": 2,
    "PLN": 2, "CZK": 2, "HUF": 2, "RON": 2, "BGN": 2, "JPY": 0,
}  # fmt: skip
BASIS_POINTS = 10_000  #: one whole in basis points: 1900 bp = 19 %


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared."""


def exponent(currency: str) -> int:
    """Number of decimal digits of ``currency``; ValueError when Kontor does not know the currency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise ValueError(f"unknown currency {currency!r}; known: {', '.join(sorted(EXPONENTS))}") from None


def to_minor(amount: Decimal | int | str, currency: str = "EUR") -> int:
    """Convert a decimal amount (12.34) to minor units (1234).

    Raises ValueError when the amount carries fractions of a minor unit: rounding is a decision the caller takes.
    """
    scaled = Decimal(amount).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} has fractions of a minor unit; round before converting")
    return int(scaled)


def to_decimal(amount_minor: int, currency: str = "EUR") -> Decimal:
    """Convert minor units (1234) to a decimal amount (12.34)."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def round_half_up(value: Decimal) -> int:
    """Round to a whole number, halves away from zero (commercial rounding, DIN 1333)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units with its currency; refuses to mix currencies."""

    amount_minor: int
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if not isinstance(self.amount_minor, int) or isinstance(self.amount_minor, bool):
            raise TypeError("amount_minor must be an int in minor units")
        exponent(self.currency)

    @classmethod
    def from_decimal(cls, amount: Decimal | int | str, currency: str = "EUR") -> Money:
        """Money from a decimal amount; ValueError on fractions of a minor unit."""
        return cls(to_minor(amount, currency), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount as Decimal in major units."""
        return to_decimal(self.amount_minor, self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be combined")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __mul__(self, count: int) -> Money:
        if not isinstance(count, int):
            raise TypeError("money is multiplied by whole numbers only; use split() or vat_from_gross()")
        return Money(self.amount_minor * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount_minor <= other.amount_minor

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    def __str__(self) -> str:
        return f"{self.decimal:.{exponent(self.currency)}f} {self.currency}"


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide ``amount`` (minor units) in proportion to ``weights`` by largest remainder.

    The parts always add up to ``amount``. Ties go to the earlier part. Weights are whole numbers >= 0; when all are
    zero the amount is divided equally. A negative amount is the mirror image of its positive.
    Raises ValueError for no weights or a negative weight.
    """
    if not weights:
        raise ValueError("split() needs at least one weight")
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    if amount < 0:
        return [-part for part in split(-amount, weights)]
    shares = list(weights) if sum(weights) else [1] * len(weights)
    total = sum(shares)
    parts = [amount * share // total for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(amount * shares[i] % total), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def vat_from_gross(gross_minor: int, rate_bp: int) -> int:
    """The VAT contained in a gross amount, in minor units, rounded half up (away from zero).

    ``rate_bp`` is the rate in basis points (19 % = 1900). Consumer prices are gross, so VAT is taken out of the
    line's gross total: gross * rate / (100 % + rate); § 10 (1) UStG, rounding as EN 16931 BR-CO-17.
    """
    if rate_bp < 0:
        raise ValueError("a VAT rate is never negative")
    whole = BASIS_POINTS + rate_bp
    sign = -1 if gross_minor < 0 else 1
    return sign * ((2 * abs(gross_minor) * rate_bp + whole) // (2 * whole))


def net_from_gross(gross_minor: int, rate_bp: int) -> int:
    """The net part of a gross amount: gross minus its VAT, so that both always add up to the gross."""
    return gross_minor - vat_from_gross(gross_minor, rate_bp)
