"""What the tax office wants to know: VAT by country and rate with the lines of the return, and the OSS quarter.

Every figure is a sum of ledger lines; ``verify`` holds it against the sum of the documents.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import get_language

from fulfilment.finance.invoicing.facts import EU
from fulfilment.finance.invoicing.models import INVOICE_KIND, Invoice
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.rules import HOME
from fulfilment.finance.ledger.rules.sales import HOME_RATES_BP

from . import balances

FOLDER = Path(__file__).parent / "data"
RECOVERED = "bad_debt_recovered"
OSS_KZ = "45"  #: the line of the return at home on which sales of other countries are named
VAT_ROLES = ("vat_19", "vat_7", "vat_other", "vat_abroad")
#: Accounts that mean a rate: a line without one carries a balance forward and is no turnover of the period.
WITH_RATE = frozenset({*VAT_ROLES, "input_vat", "revenue_19", "revenue_7"})
#: § 3a (5) sentence 3 and § 3c (4) UStG: distance sales and electronic services to the EU, net, per calendar year.
THRESHOLD_MINOR = 1_000_000
WARN_AT_PERCENT = 80
#: The tax office writes Greece its own way (CSV version 1.1 of the OSS import).
OSS_COUNTRY = {"GR": "EL"}
OSS_GOODS_FROM_HOME = "3"  #: record type: distance sales of goods that begin in Germany


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A line of the advance VAT return (UStVA). ``tax_kz``: where the tax has a number of its own."""

    kz: str
    tax_kz: str
    roles: tuple[str, ...]
    where: str  #: any, home, abroad (not home), eu (home included), third
    label_en: str
    label_de: str
    source: str

    @property
    def label(self) -> str:
        """Its words in the reader's language; the German ones are the form's."""
        return self.label_de if (get_language() or "de").startswith("de") else self.label_en

    @property
    def behind(self) -> set[str]:
        """Roles of the accounts whose lines make up its figures: what came in on write-offs lies on one account for
        all rates and belongs where the write-off does."""
        is_lowered = any(role.startswith("bad_debt_") for role in self.roles)
        return {*self.roles, RECOVERED} if is_lowered else set(self.roles)

    def holds(self, role: str, country: str) -> bool:
        """Whether sums of an account (by role) for a country belong on this line."""
        if role not in self.roles:
            return False
        is_home = country in ("", HOME)
        return {
            "any": True,
            "home": is_home,
            "abroad": not is_home,
            "eu": is_home or country in EU,
            "third": not is_home and country not in EU,
        }[self.where]


@dataclass(slots=True)
class VatRow:
    """A country and rate within a period: what was taxed and the tax on it, in minor units."""

    line: ReturnLine
    country: str
    rate_bp: int | None
    base_minor: int = 0
    tax_minor: int = 0
    lines: int = 0
    accounts: set[int] | None = None


@lru_cache
def return_lines() -> tuple[ReturnLine, ...]:
    """The lines of the advance VAT return that this shop can have, with where each comes from."""
    with (FOLDER / "vat_return.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            ReturnLine(**{**row, "roles": tuple(row["roles"].split())})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        )


def vat_rows(*, first: dt.date, last: dt.date, currency: str = "EUR") -> list[VatRow]:
    """VAT of a period per line of the return, country and rate. Two statements.

    The base is revenue less what was written off and plus what came in on that after all (§ 17 UStG), not the base
    noted on VAT lines: a sale of one cent has no cent of VAT and so no such line.
    """
    roles = {RECOVERED, *(role for line in return_lines() for role in line.roles)}
    accounts = dict(Account.objects.filter(role__in=roles).values_list("pk", "role"))
    found: dict[tuple[str, str, int | None], VatRow] = {}
    for row in balances.by_tax(accounts, first_day=first, last_day=last, currency=currency):
        role = _role(accounts[row.account_id], row)
        if row.rate_bp is None and role in WITH_RATE:
            continue
        line = next((one for one in return_lines() if one.holds(role, row.country)), None)
        if line is not None:
            _add(found, line, role, row)
    return [found[key] for key in sorted(found, key=lambda key: (_order(key[0]), key[1], key[2] or 0))]


def _role(role: str, row: balances.TaxSum) -> str:
    """What came in on write-offs lies on one account for all rates; it belongs where the write-off does."""
    if role != RECOVERED or not row.rate_bp:
        return role
    return f"bad_debt_{'abroad' if row.country != HOME else HOME_RATES_BP.get(row.rate_bp, 'other')}"


def _add(
    found: dict[tuple[str, str, int | None], VatRow], line: ReturnLine, role: str, row: balances.TaxSum
) -> None:
    """Add a sum to its row: revenue and write-offs bring the base, VAT accounts the tax, input VAT a tax to deduct."""
    key = (line.kz, row.country, row.rate_bp)
    into = found.setdefault(key, VatRow(line, row.country, row.rate_bp, accounts=set()))
    if role == "input_vat":
        into.tax_minor -= row.amount_minor
    elif role.startswith("vat_"):
        into.tax_minor += row.amount_minor
    else:
        into.base_minor += row.amount_minor
    into.lines += row.lines
    assert into.accounts is not None
    into.accounts.add(row.account_id)


def _order(kz: str) -> int:
    return [line.kz for line in return_lines()].index(kz)


def payable_minor(rows: Iterable[VatRow]) -> int:
    """What is to be paid for the period (Kz 83): VAT at home less input VAT."""
    return sum(-row.tax_minor if row.line.kz == "66" else row.tax_minor for row in rows)


@dataclass(frozen=True, slots=True)
class OssRow:
    """A country and rate of an OSS quarter, in minor units."""

    country: str
    rate_bp: int
    base_minor: int
    tax_minor: int

    @property
    def kind(self) -> str:
        """STANDARD or REDUCED, by the country's rates (data/oss.csv)."""
        return "STANDARD" if self.rate_bp >= standard_rates().get(self.country, 0) else "REDUCED"


@lru_cache
def standard_rates() -> dict[str, int]:
    """Country -> standard rate in basis points; Directive 2006/112/EC, as of November 2026."""
    with (FOLDER / "oss.csv").open(encoding="utf-8", newline="") as file:
        return {row["country"]: int(row["standard_bp"]) for row in csv.DictReader(file)}


def oss_rows(*, first: dt.date, last: dt.date) -> list[OssRow]:
    """The OSS return of a period: sales taxed in other EU countries per country and rate. Two statements. In euros."""
    return [
        OssRow(row.country, row.rate_bp or 0, row.base_minor, row.tax_minor)
        for row in vat_rows(first=first, last=last)
        if row.line.kz == OSS_KZ and row.country and (row.base_minor or row.tax_minor)
    ]


def oss_csv(rows: Iterable[OssRow]) -> str:
    """The quarter in the form that the Federal Central Tax Office imports (CSV version 2.0: UTF-8, no zeros).

    Source: help of "Import von Umsätzen in die Steuererklärung für die OSS EU-Regelung". Corrections of earlier
    quarters have records of their own there; rows that are not positive are left out and named on the page.
    """
    head = "Satzart,Land des Verbrauchs,Umsatzsteuertyp,Umsatzsteuersatz,Steuerbemessungsgrundlage,Umsatzsteuerbetrag"
    lines = ["#v2.0", head]
    lines += [
        ",".join(
            [
                OSS_GOODS_FROM_HOME,
                OSS_COUNTRY.get(row.country, row.country),
                row.kind,
                *(f"{value / 100:.2f}" for value in (row.rate_bp, row.base_minor, row.tax_minor)),
            ]
        )
        for row in rows
        if row.base_minor > 0 and row.tax_minor > 0
    ]
    return "\r\n".join(lines) + "\r\n"


@dataclass(frozen=True, slots=True)
class Meter:
    """How near the distance sales of a year are to the threshold, in minor units net."""

    year: int
    net_minor: int
    by_country: dict[str, int]

    @property
    def percent(self) -> int:
        """Of the threshold, rounded down."""
        return max(0, self.net_minor) * 100 // THRESHOLD_MINOR

    @property
    def state(self) -> str:
        """below, near (a warning is due) or above (the country of destination taxes)."""
        if self.net_minor > THRESHOLD_MINOR:
            return "above"
        return "near" if self.percent >= WARN_AT_PERCENT else "below"


def meter(year: int) -> Meter:
    """Net sales of a calendar year to consumers in other EU countries, wherever they were taxed. One statement.

    The country is where the goods went; intra-community supplies and reverse charge (no consumers) do not count.
    """
    foreign = sorted(EU - {HOME})
    went = Coalesce("ship_to__country", "buyer__country")
    rows = (
        Invoice.objects.filter(issued_on__gte=dt.date(year, 1, 1), issued_on__lte=dt.date(year, 12, 31))
        .filter(
            Q(ship_to__country__in=foreign) | Q(ship_to__country__isnull=True, buyer__country__in=foreign)
        )
        .exclude(vat_minor=0, taxes__0__category__in=["K", "AE"])
        .annotate(went=went)
        .values_list("went", "kind")
        .annotate(net=Sum("net_minor"))
        .order_by()
    )
    sums: dict[str, int] = defaultdict(int)
    for country, kind, net in rows:
        sums[str(country)] += net if kind == INVOICE_KIND else -net
    return Meter(year, sum(sums.values()), dict(sorted(sums.items(), key=lambda item: -item[1])))


def quarter(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the quarter of ``day``."""
    first = dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return first, month(first.replace(month=first.month + 2))[1]


def month(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the month of ``day``."""
    first = day.replace(day=1)
    return first, (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
