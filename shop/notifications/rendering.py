"""Setting a letter: HTML with its styles inlined, and plain text written line by line."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string

from fulfilment.finance.invoicing.merchant import profile
from fulfilment.finance.invoicing.models import MerchantProfile
from shop.kernel.late import late

from .letter import Addresses, Block, Button, Facts, Goods, Letter, Links, Paragraph

if TYPE_CHECKING:
    import css_inline
else:
    css_inline = late("css_inline")

WIDTH = 72  #: characters of a line of plain text (RFC 5322 advises at most 78)


@dataclass(frozen=True)
class Rendered:
    """A letter, set."""

    html: str
    text: str


def render(letter: Letter, language: str) -> Rendered:
    """Set ``letter``; the language must be active. Reads the merchant's row, for the foot of every business letter."""
    merchant = profile()
    return Rendered(html=to_html(letter, language, merchant), text=to_text(letter, merchant))


def to_html(letter: Letter, language: str, merchant: MerchantProfile) -> str:
    """One self-contained document: no picture, font or style is loaded from anywhere."""
    page = render_to_string(
        "mail/letter.html",
        {
            "letter": letter,
            "language": language,
            "brand": merchant.trading_name or merchant.name,
            "site_url": settings.SITE_URL,
            "foot": foot(merchant),
        },
    )
    return _inliner().inline(page)


def to_text(letter: Letter, merchant: MerchantProfile) -> str:
    """The same in plain text, at most WIDTH characters wide where words allow."""
    parts = [letter.heading, "=" * min(len(letter.heading), WIDTH), ""]
    if letter.greeting:
        parts += [letter.greeting, ""]
    for block in letter.blocks:
        lines = _text(block)
        if lines:
            parts += [*lines, ""]
    if letter.closing:
        parts += [*letter.closing.split("\n"), ""]
    return "\n".join([*parts, "-- ", *foot(merchant), ""])


def foot(merchant: MerchantProfile) -> list[str]:
    """Who writes, as § 35a GmbHG asks of business letters, mails included."""
    place = f"{merchant.postcode} {merchant.city}".strip()
    rows = [
        ", ".join(filter(None, [merchant.name, merchant.street, place])),
        " · ".join(filter(None, [merchant.phone, merchant.email])),
        " · ".join(filter(None, [merchant.register, merchant.managers, merchant.vat_id])),
    ]
    return [row for row in rows if row]


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    # The rules for dark screens cannot be inlined; they stay in the head.
    return css_inline.CSSInliner(keep_at_rules=True, keep_style_tags=False, load_remote_stylesheets=False)


def _text(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        words = [line for part in block.text.split("\n") for line in _wrapped(part) or [""]]
        return [*_titled(block.title), *words]
    if isinstance(block, Button):
        return [f"{block.label}:", block.url]
    if isinstance(block, Links):
        return [line for label, url in block.rows for line in (f"{label}:", url)]
    if isinstance(block, Facts):
        return [*_titled(block.title), *_pairs(block.rows)]
    if isinstance(block, Goods):
        return _goods(block)
    if isinstance(block, Addresses):
        rows: list[str] = []
        for heading, lines in block.columns:
            rows += [*([""] if rows else []), f"{heading}:", *(f"  {line}" for line in lines)]
        return rows
    return []  # a picture has nothing to say in plain text; what it shows stands beside it as facts


def _wrapped(text: str) -> list[str]:
    """Lines of a paragraph. An address stays in one line, or it could not be followed (nor its key be taken out)."""
    can_break = "://" not in text
    return textwrap.wrap(text, WIDTH, break_long_words=can_break, break_on_hyphens=can_break)


def _titled(title: str) -> list[str]:
    return [title, "-" * min(len(title), WIDTH)] if title else []


def _pairs(rows: object) -> list[str]:
    pairs = list(rows)  # type: ignore[call-overload]
    width = max((len(name) for name, _value in pairs), default=0) + 2
    return [f"{name + ':':<{width}}{value}" for name, value in pairs]


def _goods(block: Goods) -> list[str]:
    rows = _titled(block.title)
    for item in block.items:
        first = f"{item.quantity} x {item.title}"
        wrapped = textwrap.wrap(first, WIDTH - 14, subsequent_indent="    ")
        rows.append(f"{wrapped[0]:<{WIDTH - 14}}{item.amount:>14}".rstrip())
        rows += wrapped[1:]
        if item.detail:
            rows.append(f"    {item.detail}")
    if block.sums:
        rows.append("-" * WIDTH)
        rows += [f"{name:<{WIDTH - 14}}{amount:>14}" for name, amount in block.sums]
    return [*rows, *(line for note in block.notes for line in _wrapped(note))]
