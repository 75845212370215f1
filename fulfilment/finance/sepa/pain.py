"""The file itself: pain.001, written by sepaxml, given stable ids, and checked against the schema. Pure: no database.

sepaxml invents a new id and time at each call and leaves out what the SEPA guidelines want where no BIC is known; both
are set afterwards, and what is checked is what is given out. See docs/decisions/0065.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from shop.kernel.late import late
from shop.kernel.xmltree import etree

from .characters import ID_CHARS, NAME_CHARS, TEXT_CHARS, plain

if TYPE_CHECKING:
    import sepaxml
else:
    sepaxml = late("sepaxml")

LARGEST_MINOR = 99_999_999_999  #: 999,999,999.99 EUR, the largest amount of a SEPA credit transfer


class Invalid(ValueError):
    """The file would not be valid; says where. It is never given out."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Us: name, IBAN, BIC ("" when it is not known)."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """One transfer in euro cents; texts already in SEPA's letters."""

    name: str
    iban: str
    amount_minor: int
    text: str
    end_to_end_id: str


def write(
    *,
    schema: str,
    message_id: str,
    made_at: dt.datetime,
    execute_on: dt.date,
    in_one_sum: bool,
    payer: Payer,
    payments: Sequence[Payment],
) -> bytes:
    """The bytes of a file; the same facts always give the same bytes. Raises Invalid, never returns a wrong file."""
    _refuse(payer, payments, message_id)
    facts = {"name": payer.name, "IBAN": payer.iban, "batch": True, "currency": "EUR"}
    file = sepaxml.SepaTransfer(facts | ({"BIC": payer.bic} if payer.bic else {}), schema=schema, clean=False)
    for one in payments:
        file.add_payment(
            {
                "name": one.name,
                "IBAN": one.iban,
                "amount": one.amount_minor,
                "execution_date": execute_on,
                "description": one.text,
                "endtoend_id": one.end_to_end_id,
            }
        )
    root = etree.fromstring(file.export(validate=False))
    _settle(root, schema, message_id, made_at, in_one_sum)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    check(content, schema)
    return bytes(content)


def check(content: bytes, schema: str) -> None:
    """Raise Invalid when the bytes are not valid against the schema (the copy of ISO 20022 that sepaxml brings)."""
    xsd = _schema(schema)
    if not xsd.validate(etree.fromstring(content)):
        first = xsd.error_log[0]
        raise Invalid(f"line {first.line}: {first.message}"[:300])


def sums(content: bytes) -> tuple[str, list[tuple[str, int, str]]]:
    """Message id, and per transfer its end-to-end id, cents and IBAN, read back from a file."""
    root = etree.fromstring(content)
    space = {"p": etree.QName(root).namespace}
    found = []
    for one in root.iterfind(".//p:CdtTrfTxInf", space):
        amount = one.findtext("p:Amt/p:InstdAmt", "", space).replace(".", "")
        iban = one.findtext("p:CdtrAcct/p:Id/p:IBAN", "", space)
        found.append((one.findtext("p:PmtId/p:EndToEndId", "", space), int(amount), iban))
    return root.findtext(".//p:GrpHdr/p:MsgId", "", space), found


def _refuse(payer: Payer, payments: Sequence[Payment], message_id: str) -> None:
    """What the schema lets pass and a bank would not take."""
    if not payments:
        raise Invalid("a file without transfers")
    for text, most in ((payer.name, NAME_CHARS), (message_id, ID_CHARS)):
        _refuse_text(text, most)
    for one in payments:
        if not 0 < one.amount_minor <= LARGEST_MINOR:
            raise Invalid(f"{one.end_to_end_id}: the amount is out of range")
        for text, most in ((one.name, NAME_CHARS), (one.text, TEXT_CHARS), (one.end_to_end_id, ID_CHARS)):
            _refuse_text(text, most)
    if len({one.end_to_end_id for one in payments}) < len(payments):
        raise Invalid("two transfers have one id")


def _refuse_text(text: str, most: int) -> None:
    if not text or plain(text, most) != text:
        raise Invalid(f"{text[:40]!r} is empty, too long or not in SEPA's letters")


def _settle(
    root: etree._Element, schema: str, message_id: str, made_at: dt.datetime, in_one_sum: bool
) -> None:
    """Stable ids, our time with its zone, one sum or single debits, and NOTPROVIDED where no BIC is known."""
    space = {"p": f"urn:iso:std:iso:20022:tech:xsd:{schema}"}
    texts = {
        "GrpHdr/p:MsgId": message_id,
        "GrpHdr/p:CreDtTm": made_at.isoformat(timespec="seconds"),
        "PmtInf/p:PmtInfId": message_id,
        "PmtInf/p:BtchBookg": "true" if in_one_sum else "false",
    }
    for path, text in texts.items():
        found = root.findall(f".//p:{path}", space)
        if len(found) != 1:
            raise Invalid(f"{path} stands {len(found)} times in the file")
        found[0].text = text
    for bank in root.iterfind(".//p:DbtrAgt/p:FinInstnId", space):
        if len(bank) == 0:  # EPC132-08: "NOTPROVIDED" when only the IBAN is given
            other = etree.SubElement(bank, f"{{{space['p']}}}Othr")
            etree.SubElement(other, f"{{{space['p']}}}Id").text = "NOTPROVIDED"


@lru_cache(maxsize=4)
def _schema(name: str) -> etree.XMLSchema:
    path = files("sepaxml").joinpath("schemas", f"{name}.xsd")
    return etree.XMLSchema(etree.fromstring(path.read_bytes()))
