"""Why something got stuck, in plain words: what the machine noted -> a sentence. Its own words stay beside."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

MACHINE_WORDS_MAX = 200

#: What the note of a failed attempt holds -> what it means and what comes of it. The first that fits.
CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), sentence)
    for pattern, sentence in (
        (
            r"nobody named .* hears|nobody handles messages",
            gettext_noop(
                "The part of the shop that took care of this is not there any more. Somebody who runs the shop "
                "must look."
            ),
        ),
        (
            r"is no e-mail address|nobody can write to",
            gettext_noop(
                "Nobody can write to this e-mail address. Correct it with the customer; sending again helps "
                "nothing."
            ),
        ),
        (
            r"^55[013]\b|refuses the address \(55[013]\b|answered 55[013]\b|mailbox unavailable|user unknown",
            gettext_noop("The other mail server says that it does not know this address."),
        ),
        (
            r"ServerDown|SMTP",
            gettext_noop("The mail server could not be reached."),
        ),
        (
            r"NotThereYet|is not made yet",
            gettext_noop("A document that belongs to it was not made yet."),
        ),
        (
            r"ProviderDown|APIConnectionError|RateLimit",
            gettext_noop(
                "The payment provider could not be reached; nothing is charged twice."
            ),
        ),
        (
            r"ProviderRefused|CardError|InvalidRequestError",
            gettext_noop("The payment provider refused it."),
        ),
        (
            r"PeriodClosed|period is closed",
            gettext_noop(
                "The month it belongs to is closed in the books. Accounting must open it or choose another "
                "day."
            ),
        ),
        (
            r"LedgerError|debits and credits differ|no account",
            gettext_noop("The books refused the posting. Accounting must look before it is tried again."),
        ),
        (
            r"InsufficientStock|not enough|sold out",
            gettext_noop(
                "The pieces are not there any more. The warehouse must count, or the customer must be asked."
            ),
        ),
        (
            r"StaleState|MoveNotAllowed|StateError",
            gettext_noop("Somebody else had changed it in the meantime. Trying again looks anew."),
        ),
        (
            r"(?<![\w-])locked\b|OperationalError|deadlock|serializ",
            gettext_noop("The database was busy."),
        ),
        (
            r"every worker that tried this died",
            gettext_noop(
                "The program that did this was ended in the middle, each time. Trying again is safe; when it "
                "happens again, somebody who runs the shop must look."
            ),
        ),
        (
            r"NotReached|timed? ?out|ConnectionError|ConnectionRefused|Name or service",
            gettext_noop("The other system could not be reached."),
        ),
        (
            r"NotAcknowledged|HTTP [45]\d\d|answered [45]\d\d",
            gettext_noop("The other system answered, but did not take it."),
        ),
        (
            r"DoesNotExist|LookupError|KeyError",
            gettext_noop(
                "Something it needs was not found. Trying again is safe; when it happens again, somebody who "
                "runs the shop must look."
            ),
        ),
    )
)  # fmt: skip
CLASS = re.compile(r"([A-Za-z_][\w.]*)(?::|$)")  #: what a note begins with: the class of the error
WRAPS = re.compile(r"GiveUp|ServerDown|SMTP\w*")  #: classes of which the text says more
UNKNOWN = gettext_noop(
    "It failed for a reason the shop has no words for. Trying again is safe; when it happens again, somebody who runs "
    "the shop must look."
)


def in_words(note: str) -> str:
    """The sentence for what the machine noted; "" when it noted nothing."""
    if not note.strip():
        return ""
    named = CLASS.match(note)
    heard = [named.group(1)] if named and not WRAPS.fullmatch(named.group(1)) else []
    for words in (*heard, note):  # the class says it better than numbers and names in its text
        for pattern, sentence in CAUSES:
            if pattern.search(words):
                return _(sentence)
    return _(UNKNOWN)


def machine_words(note: str) -> str:
    """The note itself, short, for whoever runs the shop."""
    first = note.strip().splitlines()[0] if note.strip() else ""
    return first[:MACHINE_WORDS_MAX]
