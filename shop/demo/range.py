"""The range of the demo shop as data: products with texts in two languages, prices, stock, makers, categories.

Read from ``data/*.toml`` once. Nothing here knows the database; ``shop.demo.seeding`` carries it there.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

DATA = Path(__file__).parent / "data"
FILES = ("sneaker", "boots", "leather", "open", "care")
REFERENCE_DAYS = 30


@dataclass(frozen=True)
class Shade:
    """A colour as the shopper names it."""

    code: str
    de: str
    en: str
    hex: str


@dataclass(frozen=True)
class MakerData:
    """Brand and manufacturer with the addresses that Regulation (EU) 2023/988 asks for."""

    code: str
    brand: str
    company: str
    postal_address: str
    electronic_address: str
    eu_responsible: str = ""


@dataclass(frozen=True)
class CategoryData:
    """A node of the category tree; ``parent`` is the key of another node or empty."""

    key: str
    de: str
    en: str
    text_de: str
    text_en: str
    parent: str = ""


@dataclass(frozen=True)
class Price:
    """A gross price in cents asked from ``days_ago`` days before the seed on; ``reduced`` announces a reduction."""

    days_ago: int
    gross_minor: int
    reduced: bool = False


@dataclass(frozen=True)
class Item:
    """One variant: colour and size (empty where there is none), SKU, barcode, opening stock."""

    sku: str
    upc: str
    colour: Shade
    size: str
    stock: int


@dataclass(frozen=True)
class ProductData:
    """One product of the range. ``draw`` is kind/style for the pictures, ``look`` their colours per shade;
    ``stock_each``: pieces of each variant at the start, 0 for some of the usual number."""

    number: int
    slug: str
    category: str
    maker: MakerData
    draw: str
    shades: tuple[Shade, ...]
    sizes: tuple[str, ...]
    weight_g: int
    prices: tuple[Price, ...]
    title: dict[str, str]
    text: dict[str, str]
    material: dict[str, str]
    warnings: dict[str, str]
    related: tuple[str, ...]
    looks: dict[str, dict[str, str]]
    vat_class: str = "standard"
    guarantee_months: int = 0
    content_amount: int | None = None
    content_unit: str = ""
    stock_each: int = 0

    @property
    def items(self) -> tuple[Item, ...]:
        """All variants, colour by colour."""
        return tuple(
            Item(
                sku="-".join(part for part in (f"K{self.number}", shade.code[:3].upper(), size) if part),
                upc=barcode(self.number, c, s),
                colour=shade,
                size=size,
                stock=self.stock_each or opening_stock(self.number, shade.code, size, self.sizes),
            )
            for c, shade in enumerate(self.shades)
            for s, size in enumerate(self.sizes)
        )

    @property
    def gross_minor(self) -> int:
        """The price of today in cents."""
        return self.prices[-1].gross_minor

    @property
    def reference_minor(self) -> int | None:
        """The lowest price of the 30 days before the running reduction began (§ 11 PAngV); None without one.

        A price set earlier counts as long as it was still asked within those days (CJEU C-330/23).
        """
        if not self.prices[-1].reduced:
            return None
        began = self.prices[-1].days_ago
        asked = []
        for price, following in zip(self.prices, self.prices[1:], strict=False):
            if following.days_ago < began + REFERENCE_DAYS:
                asked.append(price.gross_minor)
        return min(asked)


def barcode(number: int, colour: int, size: int) -> str:
    """A GTIN-13 from the range for use inside a company (prefix 20), with its check digit."""
    body = f"20{number:04d}{colour:03d}{size:03d}"
    total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(body))
    return f"{body}{-total % 10}"


def opening_stock(number: int, colour: str, size: str, sizes: tuple[str, ...]) -> int:
    """Pieces on hand at the start: more of the middle sizes, now and then the last piece, now and then none."""
    chance = crc32(f"{number}:{colour}:{size}".encode()) % 100
    if chance < 6 and len(sizes) > 1:
        return 0
    if chance < 15 and len(sizes) > 1:
        return 1
    middle = len(sizes) / 2
    near = 1 - abs(sizes.index(size) + 0.5 - middle) / max(middle, 1)
    base = 40 if len(sizes) == 1 else 4
    return base + round(near * 10) + chance % 5


def _sizes(wanted: str | list[str] | None) -> tuple[str, ...]:
    if not wanted:
        return ("",)
    if isinstance(wanted, list):
        return tuple(wanted)
    first, last = wanted.split("-")
    return tuple(str(n) for n in range(int(first), int(last) + 1))


def _product(row: dict[str, Any], shades: dict[str, Shade], makers: dict[str, MakerData]) -> ProductData:
    amount, unit = row.get("content", (None, ""))
    both = ("de", "en")
    return ProductData(
        number=row["number"],
        slug=row["slug"],
        category=row["category"],
        maker=makers[row["maker"]],
        draw=row["draw"],
        shades=tuple(shades[code] for code in row["colours"]),
        sizes=_sizes(row.get("sizes")),
        weight_g=row["weight_g"],
        prices=tuple(Price(p[0], p[1], len(p) == 3) for p in row["prices"]),
        title={tongue: row[f"title_{tongue}"] for tongue in both},
        text={tongue: row[f"text_{tongue}"] for tongue in both},
        material={tongue: row[f"material_{tongue}"] for tongue in both},
        warnings={tongue: row.get(f"warnings_{tongue}", "") for tongue in both},
        related=tuple(row["related"]),
        looks={code: {**row.get("look", {}), **row.get(f"look_{code}", {})} for code in row["colours"]},
        vat_class=row.get("vat_class", "standard"),
        guarantee_months=row.get("guarantee_months", 0),
        content_amount=amount,
        content_unit=unit,
        stock_each=row.get("stock", 0),
    )


@cache
def _basics() -> dict[str, Any]:
    return tomllib.loads((DATA / "basics.toml").read_text(encoding="utf-8"))


@cache
def shades() -> dict[str, Shade]:
    """All colours by code."""
    return {code: Shade(code, **row) for code, row in _basics()["colours"].items()}


@cache
def makers() -> dict[str, MakerData]:
    """All makers by code."""
    return {code: MakerData(code, **row) for code, row in _basics()["makers"].items()}


@cache
def categories() -> tuple[CategoryData, ...]:
    """All categories, parents before children."""
    return tuple(CategoryData(**row) for row in _basics()["categories"])


@cache
def products() -> tuple[ProductData, ...]:
    """The whole range."""
    found: list[ProductData] = []
    for name in FILES:
        rows = tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))["product"]
        found.extend(_product(row, shades(), makers()) for row in rows)
    return tuple(found)
