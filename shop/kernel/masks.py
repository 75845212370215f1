"""Personal data and secrets never reach a log: a line is masked as a whole, with its traceback, before it is written.

What has a shape (e-mail, IBAN, card, keys, passwords in addresses, what databases say about rows) is found by its
shape. A name has none: the people whom a request, a message or a task names are known while it is worked on
(``about``), what they typed into fields of people as well as what was read from their rows (people_read.py), and that
is left out of every line written meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

#: Fields whose values are a person's. Words of a field's name; "username" is one, "name" of a product is not masked in
#: the value itself because the shortest values are left alone.
PERSONAL = re.compile(
    r"(?:^|[_-])(?:first_name|last_name|full_name|name|recipient|company|line[1-4]|street|postcode|city|phone\w*|email|"
    r"birthday|iban|holder|account_holder|password\d?|token|secret|code|login|username)$",
    re.I,
)
SHORTEST = 3  #: letters of a value that is masked: shorter ones would take half of every line
VALUES_MAX = 60  #: of one request; a form of people has fewer
READ_MAX = 400  #: values read from rows of people in one block; then the oldest is forgotten

_VALUE = r"\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)}\]]+)"
#: Addresses with a key that is not signed, or signed by a library: what is signed by us is found wherever it stands.
_LINKS = r"reset/\w+-?|confirm-email|by-link|link|alerts"
_COLON = r"(?::|%3[Aa])"
#: What django.core.signing makes: content, time (six signs, the first a digit until the year 2200) and signature; or
#: content and a whole signature, without a time.
_SIGNED = rf"(?<![\w.-])[\w.-]+{_COLON}(?:\d[A-Za-z0-9]{{5}}{_COLON}[\w-]{{20,}}|(?=[\w-]*[\dA-Z])[\w-]{{43}}(?![\w-]))"
_KEYS = r"password|passwd|secret|token|api_?key|authorization|cookie|csrfmiddlewaretoken|sessionid|signature"
_PEOPLE = (
    r"first_name|last_name|full_name|recipient|street|line1|line2|postcode|phone_number|phone|iban|holder"
)
#: What is found by its shape, in this order.
SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]*@", re.I), r"\g<keep>[login]@"),
    (re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_\w+|\bwhsec_\w+|\bpi_\w+_secret_\w+"), "[key]"),
    (re.compile(r"(?P<keep>\b(?:Bearer|Basic)\s+)[\w.~+/=-]{6,}", re.I), r"\g<keep>[token]"),
    (re.compile(rf"(?P<keep>['\"]?\b\w*(?:{_KEYS})\b['\"]?{_VALUE}", re.I), r"\g<keep>[secret]"),
    (re.compile(rf"(?P<keep>['\"]?\b(?:\w+_)?(?:{_PEOPLE})\b['\"]?{_VALUE}", re.I), r"\g<keep>[person]"),
    (re.compile(r"Failing row contains \(.*", re.S), "Failing row contains ([row])"),
    (re.compile(r"(?P<keep>Key \([^)]*\)=)\(.*?\)(?= (?:already|is|conflicts)|$)", re.M), r"\g<keep>([row])"),
    (re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), "[iban]"),
    (re.compile(r"\b(?:\d[ -]?){12,18}\d\b"), "[number]"),
    (re.compile(rf"(?P<keep>/(?:{_LINKS})/)[\w:.-]{{12,}}"), r"\g<keep>[token]"),
    (re.compile(_SIGNED), "[token]"),
)  # fmt: skip

_known: ContextVar[tuple[Callable[[], Iterator[str]], ...]] = ContextVar("masked_values", default=())
_read: ContextVar[tuple[dict[str, None], ...]] = ContextVar("values_read", default=())


def mask(text: str) -> str:
    """The text without personal data and secrets."""
    for value in sorted(_values(), key=len, reverse=True):
        if value in text:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "[person]", text)
    for shape, instead in SHAPES:
        text = shape.sub(instead, text)
    return text


def _nobody() -> Iterator[str]:
    return iter(())


@contextmanager
def about(values: Callable[[], Iterator[str]] = _nobody) -> Iterator[None]:
    """Lines written in the block leave out what ``values()`` yields, which is asked only when a line is written, and
    the people whose rows are read in it."""
    token, rows = _known.set((*_known.get(), values)), _read.set((*_read.get(), {}))
    try:
        yield
    finally:
        _known.reset(token)
        _read.reset(rows)


def is_open() -> bool:
    """Whether anybody remembers whose rows are read."""
    return bool(_read.get())


def read(values: Iterable[Any]) -> None:
    """These values of a person were read: lines of the block that is running leave them out."""
    newest = _read.get()[-1]
    for value in values:
        if isinstance(value, str) and is_masked(whole := value.strip()):
            newest.pop(whole, None)
            newest[whole] = None
    while len(newest) > READ_MAX:
        del newest[next(iter(newest))]


def is_masked(value: str) -> bool:
    """Whether a value is long enough to be left out, and no number."""
    return len(value) >= SHORTEST and not value.isdigit()


def personal(said: Mapping[str, Any]) -> Iterator[str]:
    """The values of a person's fields in a form or an event, also in what is nested."""
    for key, value in said.items():
        if isinstance(value, Mapping):
            yield from personal(value)
        elif isinstance(value, str) and PERSONAL.search(str(key)):
            yield value


def _values() -> set[str]:
    found: set[str] = set()
    for ask in _known.get():
        for value in ask():
            whole = value.strip()
            if is_masked(whole) and len(found) < VALUES_MAX:
                found.add(whole)
    return found.union(*_read.get())
