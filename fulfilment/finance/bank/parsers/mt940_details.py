"""The details of an MT940 booking (:86:): German sub-fields ?00 to ?63 with SEPA tags, /EREF/ style, or plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass

STRUCTURED = re.compile(r"(\d{3})([^\w\s])(?=\d\d)", re.ASCII)
SEPA_TAG = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|RTRN)\+")
SLASH_TAG = re.compile(r"/(EREF|MARF|CSID|BENM|ORDP|NAME|REMI|ISDT|IBAN|BIC|TRTP|RTRN|CNTP|ID|ADDR|PREF)/")
WIDTH = 27  #: characters of a sub-field: a full one goes on in the next without a space
TEXT_FIELDS = (*range(20, 30), *range(60, 64))
#: Business codes of returns (DFÜ agreement, annex 3): direct debits and transfers that came back.
RETURN_CODES = {"108", "109", "159", "181", "182", "183", "184", "185"}


@dataclass
class Details:
    """What the details of a booking say; empty texts where they are silent."""

    code: str = ""
    text: str = ""
    end_to_end_id: str = ""
    mandate_id: str = ""
    name: str = ""
    iban: str = ""
    bic: str = ""
    return_reason: str = ""


def details(raw: str) -> Details:
    """Read a :86: field, whatever its style."""
    match = STRUCTURED.match(raw.lstrip())
    if match is not None:
        return _german(match[1], _sub_fields(raw.lstrip()[match.end() - 1 :].replace("\n", ""), match[2]))
    if SLASH_TAG.search(raw):
        return _slashes(raw.replace("\n", ""))
    return Details(text=_unfolded(raw))


def plain_details(raw: str) -> Details:
    """Read a :NS: field: a line each, its meaning in the first two digits."""
    found: dict[str, list[str]] = {}
    for line in raw.split("\n"):
        if line[:2].isascii() and line[:2].isdigit():
            found.setdefault(line[:2], []).append(line[2:])
    texts = [text for key in sorted(found) if "01" <= key <= "14" for text in found[key]]
    return Details(text=" ".join(texts), name=" ".join(found.get("15", [])))


def _sub_fields(raw: str, mark: str) -> list[tuple[int, str]]:
    """(number, text) of each sub-field; ``raw`` begins with the mark."""
    parts = re.split(rf"{re.escape(mark)}(\d\d)", raw)
    return [(int(number), text) for number, text in zip(parts[1::2], parts[2::2], strict=True)]


def _german(code: str, fields: list[tuple[int, str]]) -> Details:
    first: dict[int, str] = {}
    for number, text in fields:
        first.setdefault(number, text.strip())
    text = _joined([text for number, text in fields if number in TEXT_FIELDS])
    tags = _tagged(text)
    name = _joined([text for number, text in fields if number in (32, 33)])
    found = Details(
        code=code,
        text=tags.get("SVWZ", "") or tags.get("", ""),
        end_to_end_id=tags.get("EREF", ""),
        mandate_id=tags.get("MREF", ""),
        name=name or tags.get("ABWA", ""),
        iban=tags.get("IBAN", "") or first.get(38, "") or first.get(31, ""),
        bic=tags.get("BIC", "") or first.get(30, ""),
    )
    found.text = found.text or ("" if tags.keys() - {""} else first.get(0, ""))
    if code in RETURN_CODES:
        found.return_reason = tags.get("RTRN", "") or first.get(34, "") or "returned"
    return found


def _joined(pieces: list[str]) -> str:
    """Sub-fields as one text: a full one was cut in the middle of a word, a shorter one ended there."""
    text = ""
    for piece in pieces:
        text += piece if len(piece) >= WIDTH else f"{piece} "
    return text.strip()


def _tagged(text: str) -> dict[str, str]:
    """The parts behind EREF+, SVWZ+ and so on; "" is what stands before the first."""
    parts = SEPA_TAG.split(text)
    found = {"": parts[0].strip()}
    for tag, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(tag, value.strip())
    return found


def _slashes(raw: str) -> Details:
    parts = SLASH_TAG.split(raw)
    found: dict[str, str] = {}
    for tag, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(tag, value.strip().strip("/"))
    return Details(
        text=found.get("REMI", "") or parts[0].strip(),
        end_to_end_id=found.get("EREF", ""),
        mandate_id=found.get("MARF", ""),
        name=found.get("NAME", ""),
        iban=found.get("IBAN", ""),
        bic=found.get("BIC", ""),
        return_reason=found.get("RTRN", ""),
    )


def _unfolded(raw: str) -> str:
    """Lines of 65 characters were folded by SWIFT, shorter ones by a person."""
    text = ""
    for line in raw.split("\n"):
        text += line if len(line) >= 65 else f"{line} "
    return text.strip()
