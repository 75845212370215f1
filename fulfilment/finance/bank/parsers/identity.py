"""When are two lines the same? Lines carry no reliable number, so by what all formats of a bank agree on."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata

from .parsed import ParsedLine

#: MT940 writes umlauts as two letters, CAMT as they are.
UMLAUTS = str.maketrans({"Ä": "AE", "Ö": "OE", "Ü": "UE", "ẞ": "SS"})

TELLING_CHARS = 8  #: of a reference that names one booking; positions in a statement are shorter


def plain(text: str) -> str:
    """Letters and digits only, in capitals, umlauts as two letters: how a text survives any format."""
    capitals = unicodedata.normalize("NFC", text).upper().translate(UMLAUTS)
    return "".join(character for character in unicodedata.normalize("NFKD", capitals) if character.isalnum())


def fingerprint(line: ParsedLine) -> str:
    """SHA-256 of day, amount, and what payer and bank wrote; not of what formats and banks leave out or reorder."""
    facts = (
        line.booked_on.isoformat(),
        str(line.amount_minor),
        line.currency,
        plain(line.end_to_end_id),
        plain(line.counterparty_iban),
        plain(line.text),
        plain(line.structured_reference),
    )
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def batch_key(booked_on: dt.date, amount_minor: int, currency: str, bank_reference: str) -> str:
    """Which entry of the bank a line belongs to: the same for the whole and for its transactions, in every format."""
    facts = (booked_on.isoformat(), str(amount_minor), currency, plain(bank_reference))
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def telling_reference(bank_reference: str) -> str:
    """The bank's reference of a booking as it is compared; "" for one that may be a mere number in a statement
    ("POS 3", "0000012"), which is another one in the next file."""
    found = plain(bank_reference)
    return found if len(found.lstrip("0")) >= TELLING_CHARS else ""
