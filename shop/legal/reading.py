"""A rendered page as a reader meets it: words, links, buttons with what stands before them, fields, what is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

SILENT = {"script", "style", "template"}
VOID = {"input", "img", "link", "meta", "br", "hr", "source", "wbr"}
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
CARD = "product-card"  #: the class of an article in a list


@dataclass
class Link:
    """Where it leads and what it says; ``in_foot``: at the foot of the page, far from what it explains."""

    href: str
    text: str = ""
    in_foot: bool = False


@dataclass
class Button:
    """A button that sends a form; ``before``: how many characters of the page's words come before it."""

    action: str
    before: int
    text: str = ""


@dataclass
class Card:
    """Goods in a list: where the card leads first, and what it says."""

    href: str = ""
    text: str = ""

    @property
    def words(self) -> str:
        """What it says with single spaces, without capitals."""
        return " ".join(self.text.split()).casefold()


@dataclass
class Reading:
    """What was read. ``fields`` are the names of what a form sends; ``duties`` the words of parts that are marked as a
    duty of law (data-duty) and not folded away."""

    text: str = ""
    links: list[Link] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    duties: dict[str, str] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    foot: int | None = None  #: how many characters of the words come before the foot of the page

    @property
    def words(self) -> str:
        """All visible words with single spaces, without capitals."""
        return " ".join(self.text.split()).casefold()

    @property
    def words_above_the_foot(self) -> str:
        """The words without those that stand at the foot of every page."""
        return " ".join(self.text[: self.foot].split()).casefold()


def read(html: str) -> Reading:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Reading()
        self._silent = 0
        self._link: Link | None = None
        self._card: Card | None = None
        self._button: Button | None = None
        self._action = ""
        self._folded = 0
        self._duty: list[str] = []  #: its name, then a tag of its own kind for each that is open in it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag in SILENT:
            self._silent += 1
        self._load(tag, at)
        self._open_duty(tag, at)
        if tag == "a":
            self._link = Link(at.get("href", ""), in_foot=self.found.foot is not None)
            self.found.links.append(self._link)
            if self._card is not None and not self._card.href:
                self._card.href = self._link.href
        elif tag == "article" and CARD in at.get("class", "").split():
            self._card = Card()
            self.found.cards.append(self._card)
        elif tag == "footer" and self.found.foot is None:
            self.found.foot = len(self.found.text)
        elif tag == "form":
            self._action = at.get("action", "")
        elif tag == "button" and at.get("type", "submit") == "submit":
            self._button = Button(self._action, len(self.found.text))
            self.found.buttons.append(self._button)
        elif tag == "input" and at.get("type") in ("submit", "image"):
            self.found.buttons.append(Button(self._action, len(self.found.text), at.get("value", "")))
        if tag in ("input", "select", "textarea", "button") and at.get("name"):
            self.found.fields.append(f"{self._action} {at['name']}")

    def _open_duty(self, tag: str, at: dict[str, str]) -> None:
        if tag == "details" and "open" not in at:
            self._folded += 1
        if self._duty:
            self._duty += [tag] * (tag == self._duty[1])
            self.found.duties[self._duty[0]] += f" {at['alt']} " if tag == "img" and "alt" in at else ""
        elif at.get("data-duty") and not self._folded and tag != "details":
            self._duty = [at["data-duty"], tag]
            self.found.duties[at["data-duty"]] = ""

    def _close_duty(self, tag: str) -> None:
        if tag == "details":
            self._folded = max(0, self._folded - 1)
        if self._duty and tag == self._duty[1]:
            self._duty.pop()
            self._duty = self._duty if len(self._duty) > 1 else []

    def _load(self, tag: str, at: dict[str, str]) -> None:
        if at.get(LOADED.get(tag, "-")):
            self.found.sources.append(at[LOADED[tag]])
        if tag == "link" and at.get("rel") in (
            "stylesheet",
            "preload",
            "modulepreload",
            "icon",
            "preconnect",
        ):
            self.found.sources.append(at.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        self._close_duty(tag)
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a":
            self._link = None
        elif tag == "article":
            self._card = None
        elif tag == "button":
            self._button = None
        elif tag == "form":
            self._action = ""
        if tag not in ("a", "span", "strong", "em", "b", "i"):
            self.found.text += " "

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.found.text += data
        if self._duty and not self._folded:
            self.found.duties[self._duty[0]] += data
        if self._link is not None:
            self._link.text += data
        if self._card is not None:
            self._card.text += data
        if self._button is not None:
            self._button.text += data
