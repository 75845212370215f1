"""A mail as its author sees it: a heading and blocks. HTML and plain text are both set from this, so they never differ.

Texts are already translated (the language is active when a letter is written) and are never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``small`` for what one may skip, ``title`` for a heading of its own."""

    text: str
    small: bool = False
    title: str = ""
    kind: str = "paragraph"


@dataclass(frozen=True)
class Button:
    """The one thing to do next."""

    label: str
    url: str
    kind: str = "button"


@dataclass(frozen=True)
class Links:
    """Further ways, less loud than a button: (what it leads to, address)."""

    rows: Sequence[tuple[str, str]]
    kind: str = "links"


@dataclass(frozen=True)
class Facts:
    """Pairs of name and value, such as bank details; ``strong`` names rows that matter most."""

    rows: Sequence[tuple[str, str]]
    title: str = ""
    strong: frozenset[str] = frozenset()
    kind: str = "facts"


@dataclass(frozen=True)
class Item:
    """A line of goods: what, how many, and the amount as text ("" where prices do not matter)."""

    title: str
    detail: str
    quantity: int
    amount: str = ""


@dataclass(frozen=True)
class Goods:
    """Lines of goods, then sums; the last sum is the total."""

    items: Sequence[Item]
    sums: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    title: str = ""
    kind: str = "goods"


@dataclass(frozen=True)
class Addresses:
    """Postal addresses side by side: (heading, lines)."""

    columns: Sequence[tuple[str, Sequence[str]]]
    kind: str = "addresses"


@dataclass(frozen=True)
class Picture:
    """An attached picture shown in the letter; ``alt`` says what it is for. ``size``: its width in CSS pixels, and its
    height where none is given."""

    content_id: str
    alt: str
    size: int
    caption: str = ""
    height: int = 0
    kind: str = "picture"


Block = Paragraph | Button | Links | Facts | Goods | Addresses | Picture


@dataclass(frozen=True)
class Attachment:
    """A file for the mail; see OutgoingAttachment for ``source``."""

    name: str
    mime: str
    source: str
    content_id: str = ""


@dataclass(frozen=True)
class Letter:
    """Everything one mail says."""

    subject: str
    preheader: str
    heading: str
    greeting: str
    blocks: Sequence[Block]
    closing: str = ""
    attachments: Sequence[Attachment] = field(default_factory=tuple)
