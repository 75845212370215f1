"""Reading what people write into a transfer: numbers with blanks, letters for digits, a digit too few or two
swapped."""

from __future__ import annotations

import re
from collections.abc import Iterator

PIECES = re.compile(r"[A-Z0-9]+")
LETTERS_AND_DIGITS = re.compile(r"([A-Z]+)(\d.*)")
LOOKALIKES = str.maketrans("OILQ", "0110")
SHORTEST, LONGEST = 5, 20  #: characters of a number of ours
FEWEST_DIGITS = 3
JOINED_MOST = 4  #: blanks a bank puts into one number
PIECES_MOST = 60  #: of a text that is read
SERIES_DIGITS = 10  #: year and number of an invoice: long enough to be known without its letter
INVOICES = "R"  #: before the numbers of invoices
OTHER_SERIES = ("RK", "RS", "D")  #: credit notes, cancellations, letters of dunning
OTHER_NUMBER = {letters: re.compile(rf"{letters}\d{{{SERIES_DIGITS}}}") for letters in OTHER_SERIES}
RF = re.compile(r"RF\d{2}[A-Z0-9]{1,21}")


def canonical(number: str) -> str:
    """A number as it is compared: capitals and digits only, no O for 0, no I or l for 1."""
    return "".join(PIECES.findall(number.upper())).translate(LOOKALIKES)


def digits_of(number: str) -> str:
    """Only the digits of a canonical number when there are enough to know it by; "" otherwise."""
    digits = re.sub(r"\D", "", number)
    return digits if len(digits) >= SERIES_DIGITS else ""


def tokens(text: str) -> list[str]:
    """Everything in ``text`` that may be a number of ours, canonical, in its order, each once."""
    pieces = PIECES.findall(text.upper())[:PIECES_MOST]
    found: dict[str, None] = {}
    for at, piece in enumerate(pieces):
        joined = ""
        for more in pieces[at : at + JOINED_MOST]:
            joined += more
            if len(joined) > LONGEST * 2:
                break
            for token in _readings(joined):
                found[token] = None
        if len(piece) > LONGEST * 2:
            continue
    others = {token[at:] for token in found for at in range(1, len(series_of(token)) + 1)}
    return [token for token in found if token not in others]


def series_of(token: str) -> str:
    """The letters of a canonical number that is of another series than invoices (letters of dunning, credit notes,
    cancellations); "" otherwise: its digits are those of an invoice that has nothing to do with it."""
    return next((letters for letters in OTHER_SERIES if OTHER_NUMBER[letters].fullmatch(token)), "")


def _readings(joined: str) -> Iterator[str]:
    """A joined word as a number: as it stands, with one letter before the digits ("RECHNUNGR2026…"), digits alone."""
    if sum(char.isdigit() for char in joined) < FEWEST_DIGITS:
        return
    whole = joined.translate(LOOKALIKES)
    if SHORTEST <= len(whole) <= LONGEST:
        yield whole
    glued = LETTERS_AND_DIGITS.fullmatch(joined)
    if glued is not None:
        digits = glued[2].translate(LOOKALIKES)
        for letters in (glued[1][-1].translate(LOOKALIKES), ""):
            if SHORTEST <= len(letters + digits) <= LONGEST and letters + digits != whole:
                yield letters + digits


def structured(reference: str) -> str:
    """The number inside an ISO 11649 creditor reference ("RF18…") whose check digits are right; "" otherwise.

    Source: ISO 11649, check by ISO 7064 mod 97-10: the first four characters go behind, letters count from 10.
    """
    plain = re.sub(r"\s", "", reference.upper())
    if not RF.fullmatch(plain):
        return ""
    turned = plain[4:] + plain[:4]
    value = int("".join(str(int(char, 36)) for char in turned))
    return canonical(plain[4:]) if value % 97 == 1 else ""


def misspellings(number: str) -> Iterator[str]:
    """Every number that ``number`` may have been meant as: one digit wrong, missing, too many, or two swapped."""
    for at, char in enumerate(number):
        before, after = number[:at], number[at + 1 :]
        yield before + after
        if char.isdigit():
            for digit in "0123456789":
                if digit != char:
                    yield before + digit + after
        if after and after[0] != char:
            yield before + after[0] + char + after[1:]
    for at in range(len(number) + 1):
        for digit in "0123456789":
            yield number[:at] + digit + number[at:]


def name_key(name: str) -> str:
    """A name as it is compared: its words sorted, without case, accents of typing and titles."""
    plain = name.casefold().replace("ß", "ss").replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    words = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in TITLES]
    return " ".join(sorted(words))


TITLES = frozenset({"dr", "prof", "herr", "frau", "herrn", "familie", "und", "and", "u"})


def same_name(one: str, other: str) -> bool:
    """Whether two names may be the same person: the same words, or all of the shorter (two at least) in the longer."""
    first, second = set(name_key(one).split()), set(name_key(other).split())
    if not first or not second:
        return False
    fewer = min(first, second, key=len)
    return first == second or (
        len(fewer) >= 2 and fewer <= (first | second) and (first <= second or second <= first)
    )


def words_of(text: str) -> frozenset[str]:
    """Words of a line, for learned rules: three letters or more, no numbers."""
    return frozenset(re.findall(r"[a-zäöüß]{3,}", text.casefold()))
