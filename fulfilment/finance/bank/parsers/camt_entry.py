"""One entry of a CAMT file: booked or not, alone or a batch of transactions that must add up to it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from shop.kernel.text import clean_line

from .identity import batch_key
from .parsed import ParsedLine, Refused, account_number, minor_units, real_day, reference
from .xml_stream import Node

DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T+\-Z].*)?", re.ASCII)
PENDING = {"PDNG", "INFO", "FUTR"}
SIGNS = {"CRDT": 1, "DBIT": -1}


@dataclass(slots=True, frozen=True)
class Party:
    """One side of a transaction."""

    name: str = ""
    iban: str = ""
    bic: str = ""


@dataclass(slots=True, frozen=True)
class Transaction:
    """One transaction of an entry (TxDtls). ``amounts`` are (minor units, currency), the one that counts first."""

    line: int
    amounts: list[tuple[int, str]]
    sign: int
    debtor: Party
    creditor: Party
    end_to_end_id: str
    mandate_id: str
    text: str
    structured_reference: str
    bank_reference: str
    code: str
    return_reason: str
    charges: list[tuple[int, str]]


def transaction(node: Node) -> Transaction:
    """What a TxDtls says. Refused for amounts that are none."""
    return Transaction(
        line=node.line,
        amounts=[
            pair
            for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt", "AmtDtls/PrtryAmt/Amt")
            for pair in _amounts(node, path)
        ],
        sign=SIGNS.get(node.text("CdtDbtInd"), 0),
        debtor=_party(node, "Dbtr"),
        creditor=_party(node, "Cdtr"),
        end_to_end_id=reference(node.text("Refs/EndToEndId"))[:80],
        mandate_id=reference(node.text("Refs/MndtId"))[:80],
        text=_text(node),
        structured_reference=reference(node.text("RmtInf/Strd/CdtrRefInf/Ref"))[:80],
        bank_reference=reference(node.text("Refs/AcctSvcrRef"))[:80],
        code=_code(node),
        return_reason=clean_line(node.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"))[:40],
        charges=_charges(node),
    )


def entry_lines(node: Node, *, own: str, transactions: list[Transaction]) -> list[ParsedLine] | None:
    """The lines an entry makes; None when the bank has not booked it, none for an entry of nothing.

    own: IBAN of the account, so that the other side is known. Refused when its transactions do not add up.
    """
    status = node.text("Sts/Cd", "Sts")
    if status in PENDING:
        return None
    if status != "BOOK":
        raise Refused("status", node.line, status=clean_line(status)[:20])
    whole = _whole(node)
    if whole.amount_minor == 0:
        return []
    count = node.text("NtryDtls/Btch/NbOfTxs")
    complete = not (count.isascii() and count.isdigit()) or int(count[:9]) <= len(transactions)
    if not transactions or not complete:
        return [whole]
    shares = _shares(whole, transactions)
    if shares is None:
        return [whole]
    pairs = [pair for pair in zip(transactions, shares, strict=True) if pair[1]]
    return [_single(whole, one, share, own) for one, share in pairs]


def day_of(node: Node, *path: str) -> dt.date:
    """The day at a path, written as a date or a moment (then the day where it was written). Refused if it is none."""
    at = "/".join(path)
    text = node.text(f"{at}/Dt", f"{at}/DtTm", at)
    match = DAY.fullmatch(text)
    if match is None:
        raise Refused("day", node.line, day=clean_line(text)[:40])
    return real_day(int(match[1]), int(match[2]), int(match[3]), node.line, text)


def _whole(node: Node) -> ParsedLine:
    """The entry as one line, without its transactions."""
    amount = node.find("Amt")
    sign = SIGNS.get(node.text("CdtDbtInd"))
    if amount is None or sign is None:
        raise Refused("entry", node.line)
    currency = amount.attributes.get("Ccy", "")
    minor = sign * minor_units("".join(amount.pieces), currency, amount.line)
    booked = day_of(node, "BookgDt") if node.find("BookgDt") else day_of(node, "ValDt")
    bank_reference = reference(node.text("AcctSvcrRef", "NtryRef"))[:80]
    file_id = reference(node.text("NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId"))
    return ParsedLine(
        line=node.line,
        booked_on=booked,
        valued_on=day_of(node, "ValDt") if node.find("ValDt") else booked,
        amount_minor=minor,
        currency=currency,
        code=_code(node),
        text=clean_line(node.text("AddtlNtryInf")),
        bank_reference=f"{bank_reference} {file_id}".strip()[:80],
        charges_minor=sum(value for value, unit in _charges(node) if unit == currency),
        is_reversal=node.text("RvslInd") in ("true", "1"),
        batch=batch_key(booked, minor, currency, bank_reference),
        is_collective=True,
        weak_reference=not node.text("AcctSvcrRef"),
    )


def _shares(whole: ParsedLine, transactions: list[Transaction]) -> list[int] | None:
    """What each transaction moved, signed; None when the file does not tell it in the account's currency.

    One transaction is the entry. Several must add up to it, as signed or (banks repeat wrong signs) without sign.
    """
    if len(transactions) == 1:
        return [whole.amount_minor]
    values = [
        next((value for value, unit in one.amounts if unit == whole.currency), None) for one in transactions
    ]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    entry_sign = 1 if whole.amount_minor > 0 else -1
    signed = [value * (one.sign or entry_sign) for value, one in zip(known, transactions, strict=True)]
    if sum(signed) == whole.amount_minor:
        return signed
    if sum(known) == abs(whole.amount_minor):
        return [value * entry_sign for value in known]
    raise Refused(
        "batch_sum",
        whole.line,
        entry_minor=abs(whole.amount_minor),
        sum_minor=abs(sum(signed)),
        currency=whole.currency,
    )


def _single(whole: ParsedLine, one: Transaction, share: int, own: str) -> ParsedLine:
    """A line of its own for one transaction."""
    other = _other_side(one, share > 0, own)
    original = next(
        (pair for pair in one.amounts if pair != (abs(share), whole.currency) and pair[0]), (None, "")
    )
    charges = sum(value for value, unit in one.charges if unit == whole.currency)
    return replace(
        whole,
        line=one.line,
        amount_minor=share,
        code=one.code or whole.code,
        end_to_end_id=one.end_to_end_id,
        mandate_id=one.mandate_id,
        counterparty=other.name[:140],
        counterparty_iban=other.iban[:40],
        counterparty_bic=other.bic[:20],
        text=one.text or whole.text,
        structured_reference=one.structured_reference,
        bank_reference=one.bank_reference or whole.bank_reference,
        original_amount_minor=original[0],
        original_currency=original[1],
        charges_minor=charges or (whole.charges_minor if abs(share) == abs(whole.amount_minor) else 0),
        is_reversal=whole.is_reversal or bool(one.return_reason),
        return_reason=one.return_reason,
        is_collective=False,
        weak_reference=whole.weak_reference and not one.bank_reference,
    )


def _other_side(one: Transaction, came: bool, own: str) -> Party:
    """Who it is beside us: payer of what came, payee of what left; of a return the side that is not our account."""
    first, second = (one.debtor, one.creditor) if came else (one.creditor, one.debtor)
    if own and first.iban == own and second.iban != own:
        return second
    return first if first != Party() or second.iban == own else second


def _party(node: Node, role: str) -> Party:
    return Party(
        name=clean_line(node.text(f"RltdPties/{role}/Nm", f"RltdPties/{role}/Pty/Nm")),
        iban=account_number(node.text(f"RltdPties/{role}Acct/Id/IBAN", f"RltdPties/{role}Acct/Id/Othr/Id")),
        bic=account_number(
            node.text(f"RltdAgts/{role}Agt/FinInstnId/BICFI", f"RltdAgts/{role}Agt/FinInstnId/BIC")
        ),
    )


def _text(node: Node) -> str:
    parts = ["".join(one.pieces) for one in node.all("RmtInf/Ustrd")]
    parts += ["".join(one.pieces) for one in node.all("RmtInf/Strd/AddtlRmtInf")]
    return clean_line(" ".join(parts)) or clean_line(node.text("AddtlTxInf"))


def _code(node: Node) -> str:
    path = "BkTxCd/Domn/"
    names = (f"{path}Cd", f"{path}Fmly/Cd", f"{path}Fmly/SubFmlyCd")
    words = [clean_line(node.text(name)) for name in names]
    return ("/".join(word for word in words if word) or clean_line(node.text("BkTxCd/Prtry/Cd")))[:40]


def _amounts(node: Node, path: str) -> list[tuple[int, str]]:
    """The amounts at a path whose currency we know; others are not our money and are left out."""
    found = []
    for one in node.all(path):
        currency = one.attributes.get("Ccy", "")
        try:
            found.append((minor_units("".join(one.pieces), currency, one.line), currency))
        except Refused as refused:
            if refused.code != "currency":
                raise
    return found


def _charges(node: Node) -> list[tuple[int, str]]:
    return (
        _amounts(node, "Chrgs/TtlChrgsAndTaxAmt")
        or _amounts(node, "Chrgs/Rcrd/Amt")
        or _amounts(node, "Chrgs/Amt")
    )
