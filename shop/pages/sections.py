"""What the blocks of a page show, read at each visit: prices and stock of the moment, in as many queries for one block
as for thirty. What is not sold any more is left out, and a block that has nothing left is not shown."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from wagtail.images import get_image_model
from wagtail.models import Page

from catalogue.cards import ProductCard, cards
from catalogue.showcase import newest_of, reduced_of
from catalogue.tree import Node, tree

from .blocks import NEWEST, REDUCED

MAX_ID = 2**63 - 1  #: what a database takes as an id
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sizes:
    """What is made of a picture at one place, as Wagtail writes it (``shop/pages/pictures.py`` makes it).

    ``plain``: for browsers that know neither AVIF nor WebP, and for previews of a link.
    """

    frames: tuple[str, ...]
    plain: str

    @property
    def specs(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.of(AVIF), *self.of(WEBP), self.plain)

    def of(self, kind: str) -> tuple[str, ...]:
        """Those of one format."""
        return tuple(f"{frame}|format-{kind}" for frame in self.frames)

    def missing(self, image: Any) -> list[str]:
        """Those that are not made. No query where the renditions are prefetched."""
        there = {one.spec for one in image.find_existing_renditions(*map(_filter, self.specs))}
        return [spec for spec in self.specs if spec not in there]


AVIF, WEBP = "avif", "webp"
BLOCK = Sizes(("width-480", "width-960"), "width-960")  #: in blocks; plain as it was uploaded
#: At the top of the home page, three by four and cut around what the editor marked.
HERO = Sizes(("fill-480x360", "fill-800x600", "fill-1200x900"), "fill-1200x900|format-jpeg")


@dataclass(frozen=True)
class SectionPicture:
    """A picture: for every browser (``url``, with its width and height), and its sizes as AVIF and WebP with their
    widths. Without sizes (not made yet) its original."""

    url: str
    avif: str
    webp: str
    width: int
    height: int
    alt: str = ""
    caption: str = ""


@dataclass
class Section:
    """One block as the template shows it. ``kind`` is the block's name."""

    kind: str
    title: str
    key: str
    text: str = ""
    cards: list[ProductCard] = field(default_factory=list)
    pictures: list[SectionPicture] = field(default_factory=list)
    url: str = ""
    label: str = ""
    card: ProductCard | None = None


Raw = dict[str, Any]


def sections_of(stream: Any, request: HttpRequest | None = None) -> list[Section]:
    """The blocks of a StreamField as sections. At most eight queries, however many blocks there are."""
    raw: list[tuple[str, str, Raw]] = [
        (row["type"], str(row.get("id") or place), row["value"])
        for place, row in enumerate(stream.raw_data if stream else [])
        if isinstance(row.get("value"), dict)
    ]
    if not raw:
        return []
    found = _Found(raw, request)
    made = [found.section(kind, key, value) for kind, key, value in raw]
    return [section for section in made if section is not None]


class _Found:
    """Everything the blocks of one page need, read together."""

    def __init__(self, raw: list[tuple[str, str, Raw]], request: HttpRequest | None) -> None:
        values = [(kind, value) for kind, _key, value in raw]
        self.nodes = tree().by_id
        self.ranges = _ranges([value for kind, value in values if kind == "range"], self.nodes)
        wanted = [pk for kind, value in values for pk in _products_of(kind, value)]
        wanted += [pk for ids in self.ranges.values() for pk in ids]
        self.cards = {card.product_id: card for card in cards(list(dict.fromkeys(wanted)))}
        self.pictures = _pictures([pk for kind, value in values for pk in _images_of(kind, value)])
        self.pages = _pages([value.get("page") for kind, value in values if kind == "teaser"], request)

    def section(self, kind: str, key: str, value: Raw) -> Section | None:
        """The block as a section; None when there is nothing to show."""
        section = Section(kind, value.get("title") or "", key)
        if kind == "text":
            section.text = value.get("body") or ""
            return section if section.text else None
        if kind in ("products", "range"):
            ids = _products_of(kind, value) if kind == "products" else self.ranges[_wish(value)]
            section.cards = [self.cards[pk] for pk in ids if pk in self.cards][: _number(value)]
            node = self.nodes.get(_id(value.get("category")))
            section.url = node.url if node else ""
            return section if section.cards else None
        if kind == "pictures":
            rows = [_item(row) for row in value.get("pictures") or []]
            section.pictures = [
                one for row in rows if (one := self._picture(row.get("picture"), row)) is not None
            ]
            return section if section.pictures else None
        return self._teaser(section, value) if kind == "teaser" else None

    def _picture(self, pk: Any, row: Raw) -> SectionPicture | None:
        sizes = self.pictures.get(_id(pk))
        return (
            SectionPicture(*sizes, alt=row.get("alt") or "", caption=row.get("caption") or "")
            if sizes
            else None
        )

    def _teaser(self, section: Section, value: Raw) -> Section | None:
        section.text, section.label = value.get("text") or "", value.get("label") or ""
        picture = self._picture(value.get("picture"), value)
        section.pictures = [picture] if picture else []
        if value.get("product"):
            section.card = self.cards.get(_id(value["product"]))
            if section.card is None:  # not sold any more: a teaser for nothing is left out
                return None
            section.url = section.card.url
        elif value.get("category"):
            node = self.nodes.get(_id(value["category"]))
            section.url = node.url if node else ""
        else:
            section.url = self.pages.get(_id(value.get("page")), "")
        return section


def _id(value: Any) -> int:
    """An id that a database can look for, 0 for anything else."""
    return value if isinstance(value, int) and 0 < value <= MAX_ID else 0


def _item(row: Any) -> Raw:
    """An item of a list block: newer ones carry an id beside their value."""
    value = row.get("value", row) if isinstance(row, dict) else row
    return value if isinstance(value, dict) else {}


def _products_of(kind: str, value: Raw) -> list[int]:
    """Ids of the products that an editor chose in a block."""
    if kind == "teaser":
        return [_id(value["product"])] if _id(value.get("product")) else []
    if kind != "products":
        return []
    rows = [row.get("value") if isinstance(row, dict) else row for row in value.get("products") or []]
    return [pk for row in rows if (pk := _id(row))]


def images_of(stream: Any) -> list[int]:
    """Ids of the pictures in all blocks of a StreamField."""
    rows = [row for row in (stream.raw_data if stream else []) if isinstance(row.get("value"), dict)]
    return [pk for row in rows for pk in _images_of(row["type"], row["value"])]


def _images_of(kind: str, value: Raw) -> list[int]:
    """Ids of the pictures of a block."""
    if kind == "pictures":
        found = [_item(row).get("picture") for row in value.get("pictures") or []]
    else:
        found = [value.get("picture")] if kind == "teaser" else []
    return [pk for one in found if (pk := _id(one))]


def _number(value: Raw) -> int | None:
    text = str(value.get("number") or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else None


def _wish(value: Raw) -> tuple[str, int]:
    """What a range block asks for: which, and of which category (0: all)."""
    return (REDUCED if value.get("order") == REDUCED else NEWEST, _id(value.get("category")))


def _ranges(values: Iterable[Raw], nodes: dict[int, Node]) -> dict[tuple[str, int], list[int]]:
    """Product ids of each wish; of a category that is gone none. Two queries for any number of categories."""
    wishes = {_wish(value) for value in values}
    found: dict[tuple[str, int], list[int]] = {key: [] for key in wishes}
    for order, ask in ((NEWEST, newest_of), (REDUCED, reduced_of)):
        groups = {
            category: nodes[category].ids_below if category else None
            for which, category in wishes
            if which == order and (not category or category in nodes)
        }
        if groups:
            found.update({(order, category): ids for category, ids in ask(groups).items()})
    return found


def _pictures(ids: list[int]) -> dict[int, tuple[str, str, str, int, int]]:
    """What ``_sizes`` says, by id of the picture. Two queries; makes none: see ``pictures.make_due``."""
    if not ids:
        return {}
    images = get_image_model().objects.filter(pk__in=ids).prefetch_renditions(*BLOCK.specs)
    return {image.pk: _sizes(image, BLOCK) for image in images}


def _sizes(image: Any, sizes: Sizes) -> tuple[str, str, str, int, int]:
    """(address, srcset of AVIF, of WebP, width, height) of what was made of a picture. Needs no file.

    A format of which only a part is there yet is left out: a browser would take a small one for a large frame.
    """
    found = {
        one.spec: made for one, made in image.find_existing_renditions(*map(_filter, sizes.specs)).items()
    }
    avif, webp = (_srcset([found.get(spec) for spec in sizes.of(kind)]) for kind in (AVIF, WEBP))
    shown = found.get(sizes.plain) or next(
        (found[spec] for spec in reversed(sizes.of(WEBP)) if spec in found), None
    )
    if shown is None:
        return image.file.url, "", "", image.width, image.height
    return shown.url, avif, webp, shown.width, shown.height


def _srcset(made: list[Any]) -> str:
    """The sizes of one format with their widths; none is named twice where the original is small."""
    if not all(made):
        return ""
    widths = {one.width: one for one in reversed(made)}
    return ", ".join(f"{widths[width].url} {width}w" for width in sorted(widths))


def _filter(spec: str) -> Any:
    from wagtail.images.models import Filter

    return Filter(spec=spec)


def _pages(ids: list[Any], request: HttpRequest | None) -> dict[int, str]:
    """Addresses of published pages by id. One query."""
    wanted = [pk for one in ids if (pk := _id(one))]
    if not wanted:
        return {}
    pages = Page.objects.live().filter(pk__in=wanted).select_related("locale")
    return {page.pk: page.get_url(request) or "" for page in pages}


def hero(picture: Any) -> SectionPicture:
    """The picture in the sizes of the home page, else its original. Makes none, needs no file: one query."""
    return SectionPicture(*_sizes(picture, HERO))


def made(image: Any, *filters: str) -> bool:
    """Whether the sizes are there. A picture that is lost or none does not keep its page from being published."""
    try:
        image.get_renditions(*filters)
    except OSError as error:  # what wagtail, willow and Pillow raise for such files are kinds of it
        log.warning("picture %s cannot be read, so its sizes were not made: %s", image.pk, error)
        return False
    return True
