"""Files of banks made for tests: CAMT of any kind, MT940, CSV."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.ledger.models import Account

OURS = "DE89370400440532013000"
THEIRS = "DE02120300000000202051"
NAMES = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def make_account(**also: Any) -> BankAccount:
    """Our account at the bank, booked on the ledger's bank account."""
    facts = {"name": "Giro", "iban": OURS, "ledger_account": Account.objects.get(role="bank")}
    return BankAccount.objects.create(**facts | also)


def transaction(
    amount: str = "",
    *,
    sign: str = "CRDT",
    text: str = "",
    e2e: str = "",
    name: str = "",
    iban: str = "",
    more: str = "",
    currency: str = "EUR",
) -> str:
    """One TxDtls."""
    side = "Dbtr" if sign == "CRDT" else "Cdtr"
    parties = f"<{side}><Nm>{name}</Nm></{side}>" if name else ""
    parties += f"<{side}Acct><Id><IBAN>{iban}</IBAN></Id></{side}Acct>" if iban else ""
    return (
        "<TxDtls>"
        + (f"<Refs><EndToEndId>{e2e}</EndToEndId></Refs>" if e2e else "")
        + (f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>' if amount else "")
        + (f"<RltdPties>{parties}</RltdPties>" if parties else "")
        + (f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else "")
        + more
        + "</TxDtls>"
    )  # fmt: skip


@dataclass
class Entry:
    """One Ntry."""

    amount: str
    sign: str = "CRDT"
    day: str = "2026-11-20"
    ref: str = ""
    status: str = "BOOK"
    transactions: Iterable[str] = field(default_factory=list)
    more: str = ""
    currency: str = "EUR"

    def xml(self) -> str:
        """The element."""
        details = "".join(self.transactions)
        return (
            f'<Ntry><Amt Ccy="{self.currency}">{self.amount}</Amt><CdtDbtInd>{self.sign}</CdtDbtInd>'
            f"<Sts><Cd>{self.status}</Cd></Sts><BookgDt><Dt>{self.day}</Dt></BookgDt><ValDt><Dt>{self.day}</Dt></ValDt>"
            + (f"<AcctSvcrRef>{self.ref}</AcctSvcrRef>" if self.ref else "")
            + (f"<NtryDtls>{details}</NtryDtls>" if details else "")
            + self.more
            + "</Ntry>"
        )


def balance(code: str, amount: str, day: str, currency: str = "EUR") -> str:
    """One Bal; a negative amount is a debit."""
    sign = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def camt(
    *entries: Entry,
    kind: str = "053",
    iban: str = OURS,
    opening: str = "",
    closing: str = "",
    day: str = "2026-11-20",
    number: str = "1",
    head: str = "",
) -> bytes:
    """A file with one statement."""
    outer, inner = NAMES[kind]
    balances = (balance("OPBD", opening, day) if opening else "") + (
        balance("CLBD", closing, day) if closing else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08"><{outer}>\n'
        f"<{inner}><Id>{number}</Id><LglSeqNb>{number}</LglSeqNb><CreDtTm>{day}T08:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>{balances}\n"
        + "\n".join(entry.xml() for entry in entries)
        + f"\n</{inner}></{outer}></Document>"
    ).encode()  # fmt: skip


def mt940(
    *bookings: str,
    opening: str = "C261119EUR1000,00",
    closing: str = "",
    account: str = "37040044/0532013000",
    number: str = "1/1",
) -> bytes:
    """A file with one statement; bookings are ready-made lines (:61: with their :86:)."""
    lines = [":20:START", f":25:{account}", f":28C:{number}", f":60F:{opening}", *bookings]
    lines += [f":62F:{closing}"] if closing else []
    return ("\r\n".join([*lines, "-"]) + "\r\n").encode("latin-1")  # fmt: skip
