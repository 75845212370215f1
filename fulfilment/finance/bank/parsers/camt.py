"""CAMT.052 (report of the day), .053 (statement) and .054 (details), every version from 001.02 on (ISO 20022)."""

from __future__ import annotations

import re
from collections.abc import Callable

from .camt_entry import Transaction, day_of, entry_lines, transaction
from .parsed import MAX_LINES, Parsed, ParsedStatement, Refused, account_number, minor_units, reference
from .xml_stream import Node, Reader

SPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.05([234])\.001\.\d\d(?:\.\w+)?", re.ASCII)
#: What a statement is called in .052, .053 and .054.
STATEMENTS = ("Rpt", "Stmt", "Ntfctn")
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)


def parse(data: bytes) -> Parsed:
    """Statements of a CAMT file. Refused with the line for anything that is none or does not add up."""
    document = _Document()
    document.read(data)
    if not document.statements:
        raise Refused("no_statement", 1)
    return Parsed(kind=document.kind, statements=document.statements)


class _Document:
    """Collects statements while the file streams by."""

    def __init__(self) -> None:
        self.kind = ""
        self.statements: list[ParsedStatement] = []
        self.current: ParsedStatement | None = None
        self.count = 0

    def read(self, data: bytes) -> None:
        take: dict[str, Callable[[Node, Node], object]] = {"TxDtls": self._transaction, "Ntry": self._entry}
        take |= dict.fromkeys(STATEMENTS, self._statement)
        Reader(take=take, root=self._root).read(data)

    def _root(self, space: str, tag: str) -> None:
        match = SPACE.fullmatch(space)
        if tag != "Document" or match is None:
            raise Refused("not_camt", 1, found=(space or tag)[:100])
        self.kind = f"camt05{match[1]}"

    def _transaction(self, node: Node, _parent: Node) -> Transaction:
        self._counted(node)
        return transaction(node)

    def _entry(self, node: Node, parent: Node) -> None:
        if self.current is None:
            self.current = _begun(parent)
        self._counted(node)
        lines = entry_lines(node, own=self.current.iban, transactions=_taken(node))
        if lines is None:
            self.current.pending += 1
        else:
            self.current.lines += lines

    def _counted(self, node: Node) -> None:
        self.count += 1
        if self.count > 2 * MAX_LINES:  # an entry and its transaction count both
            raise Refused("too_many_lines", node.line, most=MAX_LINES)

    def _statement(self, node: Node, _parent: Node) -> None:
        statement = self.current or _begun(node)
        self.current = None
        _balances(statement, node)
        _period(statement, node)
        _one_currency(statement, node)
        statement.settle_days()
        self.statements.append(statement)


def _taken(node: Node) -> list[Transaction]:
    """The transactions of an entry, from all its NtryDtls."""
    return [one for details in node.all("NtryDtls") for one in details.taken if isinstance(one, Transaction)]


def _begun(node: Node) -> ParsedStatement:
    """A statement with what stands at its head: account, number, currency."""
    iban = account_number(node.text("Acct/Id/IBAN"))
    number = account_number(node.text("Acct/Id/Othr/Id"))
    if not iban and not number:
        raise Refused("no_account", node.line)
    return ParsedStatement(
        iban=iban,
        number_of_account=number,
        number=reference(node.text("LglSeqNb", "ElctrncSeqNb", "Id"))[:40],
        currency=node.text("Acct/Ccy"),
        line=node.line,
    )


def _balances(statement: ParsedStatement, node: Node) -> None:
    for balance in node.all("Bal"):
        code = balance.text("Tp/CdOrPrtry/Cd")
        if code not in (*OPENING, *CLOSING):
            continue
        amount = balance.find("Amt")
        if amount is None:
            raise Refused("amount", balance.line, amount="")
        currency = amount.attributes.get("Ccy", "")
        statement.currency = statement.currency or currency
        if currency != statement.currency:
            raise Refused(
                "balance_currency", balance.line, balance=currency[:3], statement=statement.currency[:3]
            )
        minor = minor_units("".join(amount.pieces), currency, amount.line)
        signed = -minor if balance.text("CdtDbtInd") == "DBIT" else minor
        if code in CLOSING:
            statement.closing_minor = signed
            statement.last_day = day_of(balance, "Dt")
        elif statement.opening_minor is None or code == "OPBD":
            statement.opening_minor = signed


def _period(statement: ParsedStatement, node: Node) -> None:
    """The days a statement speaks of: as said, else those of its bookings and its closing balance."""
    begin, end = node.find("FrToDt/FrDtTm"), node.find("FrToDt/ToDtTm")
    booked = [line.booked_on for line in statement.lines]
    if begin is not None and end is not None and not booked and statement.last_day is None:
        statement.first_day = day_of(node, "FrToDt", "FrDtTm")
        statement.last_day = day_of(node, "FrToDt", "ToDtTm")
    if booked:
        statement.first_day = min(booked)
        statement.last_day = max([*booked, *([statement.last_day] if statement.last_day else [])])
    elif statement.last_day is None:  # a report with nothing booked in it is of the day it was made
        statement.last_day = day_of(node, "CreDtTm")


def _one_currency(statement: ParsedStatement, node: Node) -> None:
    for line in statement.lines:
        statement.currency = statement.currency or line.currency
        if line.currency != statement.currency:
            raise Refused("entry_currency", line.line, entry=line.currency, statement=statement.currency[:3])
    if not statement.currency:
        raise Refused("currency", node.line, currency="")
