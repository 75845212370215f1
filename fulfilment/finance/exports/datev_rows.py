"""An entry of the books as rows of a DATEV booking batch: pure functions, lines in, rows out.

A row books one amount from one account to another. Revenue and bad debts at 19 % and 7 % are automatic accounts at
DATEV: what is booked to them is gross, and DATEV takes the VAT out itself. So net and VAT of such an account become one
row; where our document, which rounds once per rate, has another VAT than DATEV computes of the row, a second row puts
the cent right under key 40, which lifts the automatic. Every account ends with the balance it has here.
Source: DATEV developer portal, format "Buchungsstapel"; functions of accounts: DATEV-Kontenrahmen SKR03 and SKR04.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from fulfilment.finance.ledger.rules import HOME
from shop.kernel.money import vat_from_gross

#: Automatic accounts by role, with the account of their VAT.
AUTOMATIC = {"revenue_19": "vat_19", "revenue_7": "vat_7", "bad_debt_19": "vat_19", "bad_debt_7": "vat_7"}
#: Automatic accounts without VAT: gross is net, but they cannot stand against another automatic account either.
UNTAXED = {"revenue_0", "revenue_eu", "revenue_reverse_charge"}
#: Rates of the automatic accounts in basis points: DATEV goes by the account, whatever our line says.
RATES_BP = {"revenue_19": 1900, "revenue_7": 700, "bad_debt_19": 1900, "bad_debt_7": 700}
#: Sales that DATEV reports to the tax office by the buyer's VAT id (Zusammenfassende Meldung, § 18a UStG).
WITH_VAT_ID = {"revenue_eu", "revenue_reverse_charge"}
GREECE = {"GR": "EL"}  #: Greece's VAT ids, and DATEV with them, write EL
LIFTED = "40"  #: the key that lifts the automatic (Aufhebung der Automatik)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an entry. amount_minor: debit positive, credit negative."""

    role: str
    number: str
    amount_minor: int
    vat_country: str = ""
    vat_rate_bp: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the batch. ``is_debit``: of ``account``; ``contra`` is booked on the other side."""

    amount_minor: int
    is_debit: bool
    account: str
    contra: str
    key: str = ""
    country: str = ""
    rate_bp: int | None = None
    is_by_vat_id: bool = False  #: the buyer's VAT id belongs into it


@dataclass(slots=True)
class _Side:
    """What one account gets of an entry. vat_minor, vat_number: of an automatic account booked gross."""

    line: Line
    amount_minor: int
    key: str = ""
    vat_minor: int | None = None
    vat_number: str = ""
    computed_minor: int = 0  #: VAT that DATEV takes out of the rows so far

    @property
    def is_automatic(self) -> bool:
        return self.line.role in AUTOMATIC or self.line.role in UNTAXED


def rows_of(lines: list[Line], *, clearing: str) -> list[Row]:
    """The rows of one balanced entry; none when it moves nothing but within accounts. DATEV books no account against
    itself, nor two automatic ones: clearing is the number of the account that stands between them, and ends at nought.
    """
    sides = _netted(_sides(lines))
    debits = deque((side, side.amount_minor) for side in sides if side.amount_minor > 0)
    credits = deque((side, -side.amount_minor) for side in sides if side.amount_minor < 0)
    if _needs_clearing(debits, credits):
        between = _Side(Line("", clearing, 0), 0)
        rows = [_row(side, between, amount) for side, amount in debits if side.line.number != clearing]
        rows += [_row(between, side, amount) for side, amount in credits if side.line.number != clearing]
    else:
        rows = _paired(debits, credits)
    return rows + [row for side in sides for row in _correction(side)]


def _needs_clearing(debits: Iterable[tuple[_Side, int]], credits: Iterable[tuple[_Side, int]]) -> bool:
    """Whether a row could stand between two automatic accounts, or an account and itself."""
    if any(side.is_automatic for side, _n in debits) and any(side.is_automatic for side, _n in credits):
        return True
    return not {side.line.number for side, _n in debits}.isdisjoint(side.line.number for side, _n in credits)


def _netted(sides: list[_Side]) -> list[_Side]:
    """What an account gets on both sides of an entry, for the same VAT country and rate, is one amount."""
    found: dict[tuple[str, str, int | None], _Side] = {}
    kept = []
    for side in sides:
        line = side.line
        known = None if side.is_automatic else found.get((line.number, line.vat_country, line.vat_rate_bp))
        if known is not None and (known.amount_minor > 0) != (side.amount_minor > 0):
            known.amount_minor += side.amount_minor
            continue
        found.setdefault((line.number, line.vat_country, line.vat_rate_bp), side)
        kept.append(side)
    return [side for side in kept if side.amount_minor]


def _sides(lines: list[Line]) -> list[_Side]:
    """Net and VAT of an automatic account become one side, gross; one whose VAT is not there keeps its net under 40."""
    left = list(lines)
    sides = []
    for line in lines:
        if line.role not in AUTOMATIC:
            continue
        left.remove(line)
        vat = next((one for one in left if _is_vat_of(one, line)), None)
        if vat is None:
            sides.append(_Side(line, line.amount_minor, key=LIFTED))
            continue
        left.remove(vat)
        gross = line.amount_minor + vat.amount_minor
        sides.append(_Side(line, gross, vat_minor=abs(vat.amount_minor), vat_number=vat.number))
    return [*(_Side(line, line.amount_minor) for line in left), *sides]


def _is_vat_of(vat: Line, line: Line) -> bool:
    return vat.role == AUTOMATIC[line.role] and (vat.amount_minor > 0) == (line.amount_minor > 0)


def _paired(debits: deque[tuple[_Side, int]], credits: deque[tuple[_Side, int]]) -> list[Row]:
    """Debits against credits from the front, each row as large as the smaller of the two."""
    rows = []
    while debits and credits:
        debit, owed = debits.popleft()
        credit, had = credits.popleft()
        amount = min(owed, had)
        rows.append(_row(debit, credit, amount))
        if owed > amount:
            debits.appendleft((debit, owed - amount))
        if had > amount:
            credits.appendleft((credit, had - amount))
    return rows


def _row(debit: _Side, credit: _Side, amount_minor: int) -> Row:
    """The automatic account is the contra account, whose automatic the key is about."""
    is_debit = not debit.is_automatic
    account, contra = (debit, credit) if is_debit else (credit, debit)
    if contra.vat_minor is not None:
        contra.computed_minor += vat_from_gross(amount_minor, RATES_BP[contra.line.role])
    abroad = next((s.line for s in (contra, account) if s.line.vat_country not in ("", HOME)), None)
    return Row(
        amount_minor,
        is_debit,
        account.line.number,
        contra.line.number,
        key=contra.key,
        country=GREECE.get(abroad.vat_country, abroad.vat_country) if abroad else "",
        rate_bp=abroad.vat_rate_bp if abroad else None,
        is_by_vat_id=not WITH_VAT_ID.isdisjoint((account.line.role, contra.line.role)),
    )


def _correction(side: _Side) -> list[Row]:
    """The cents between our VAT and the one that DATEV computes."""
    if side.vat_minor is None or side.vat_minor == side.computed_minor:
        return []
    more = side.vat_minor - side.computed_minor
    is_debit = (side.amount_minor > 0) == (more > 0)
    return [Row(abs(more), is_debit, side.vat_number, side.line.number, key=LIFTED)]
