"""Products as an index holds them, read in batches: a constant number of SQL statements per batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalogue.campaigns import held, planned
from catalogue.models import Category, Product, ProductCategory  # type: ignore[attr-defined]
from catalogue.partner.models import StockRecord
from catalogue.queries import offered

from . import analysis, variants
from .port import LANGUAGES, Document

BATCH = 500  #: products per read
RATINGS = (4, 3, 2, 1)  #: the filter says "so many stars and more"


def shown() -> QuerySet[Product]:
    """Products with a page of their own and something to buy: those that an index holds."""
    records = StockRecord.objects.filter(product__is_public=True, price__isnull=False)
    of_variants, own = (
        records.filter(product__parent_id=OuterRef("pk")),
        records.filter(product_id=OuterRef("pk")),
    )
    return Product.objects.filter(Exists(of_variants) | Exists(own), parent=None, is_public=True)


def documents(ids: Sequence[int]) -> list[Document]:
    """Documents of products; one that is no longer offered has none. Five queries, six where there are campaigns."""
    products = (
        Product.objects.filter(pk__in=ids, parent=None, is_public=True).select_related("maker").in_bulk()
    )
    records: dict[int, list[StockRecord]] = defaultdict(list)
    wanted = Product.objects.filter(Q(parent_id__in=list(products)) | Q(pk__in=list(products)))
    for record in offered().filter(product_id__in=wanted.values("pk")).select_related("product__colour"):
        records[record.product.parent_id or record.product_id].append(record)
    shelves = shelves_of(list(products))
    of_ranges = held(
        (one.range for one in planned()),
        ((products[pk], found) for pk, found in records.items() if pk in products),
        wanted.values("pk"),
    )
    return [
        document(products[pk], records[pk], shelves.get(pk, []), of_ranges)
        for pk in ids
        if pk in products and records[pk]
    ]


def batches(ids: Sequence[int]) -> Iterator[list[Document]]:
    """Documents of many products, BATCH at a time."""
    for start in range(0, len(ids), BATCH):
        yield documents(ids[start : start + BATCH])


def document(
    product: Product,
    records: Sequence[StockRecord],
    shelves: Sequence[Shelf],
    of_ranges: Mapping[int, frozenset[int]],
) -> Document:
    """The document of one product, of rows already read; ``of_ranges``: its articles' ranges of campaigns."""
    colours = {record.product.colour for record in records if record.product.colour}
    words: dict[str, str] = {}
    starts: dict[str, None] = {}
    known: dict[str, str] = {}
    for language in LANGUAGES:
        title = product.text("title", language)
        tags = [product.maker.brand if product.maker else "", *(shelf.name(language) for shelf in shelves)]
        tags += [colour.text("name", language) for colour in colours]
        text = f"{product.text('description', language)} {product.text('material', language)}"
        words |= _terms(language, title, " ".join(tags), text)
        for word in analysis.words(f"{title} {' '.join(tags)}"):
            starts.setdefault(analysis.plain(word))
            if len(word) >= analysis.PART_LENGTH and not word.isdigit():
                known.setdefault(analysis.plain(word), word)
            if language == "de" and (thing := analysis.kind(word)):
                # whoever mistypes "Stiefel" means the Winterstiefel too
                known.setdefault(analysis.plain(thing), thing)
    codes = {product.upc or "", *(record.partner_sku for record in records)}
    codes |= {record.product.upc or "" for record in records}
    return Document(
        id=product.pk,
        words=words,
        codes=tuple(sorted(code.lower() for code in codes if code)),
        starts=" ".join(starts),
        values=_values(product, records, shelves, of_ranges),
        price=min(record.price_minor for record in records),
        names={language: analysis.sort_number(product.text("title", language)) for language in LANGUAGES},
        known=tuple(known.items()),
    )


def _terms(language: str, title: str, tags: str, text: str) -> dict[str, str]:
    """What a compound is a kind of counts as the title does; what it has to do with counts as a text."""
    in_title, near_title = analysis.analysed(title, language)
    in_tags, near_tags = analysis.analysed(tags, language)
    in_text, _near = analysis.analysed(text, language)
    return {
        f"title_{language}": " ".join(in_title),
        f"tags_{language}": " ".join(in_tags),
        f"text_{language}": " ".join(in_text + near_title + near_tags),
    }


def _values(
    product: Product,
    records: Sequence[StockRecord],
    shelves: Sequence[Shelf],
    of_ranges: Mapping[int, frozenset[int]],
) -> dict[str, tuple[str, ...]]:
    made = variants.terms(
        variants.Variant(
            colour=record.product.colour.code if record.product.colour else "",
            size=record.product.size,
            price_minor=record.price_minor,
            available=record.backorderable or record.num_in_stock > record.num_allocated,
            reduced=record.reference_price_minor is not None,
            ranges=of_ranges.get(record.product_id, frozenset()) if record.price_minor else frozenset(),
        )
        for record in records
    )
    rating = product.rating or 0
    return {
        **made,
        "category": tuple(str(pk) for pk in sorted({shelf.id for shelf in shelves})),
        "brand": (str(product.maker_id),) if product.maker_id else (),
        "rating": tuple(str(stars) for stars in RATINGS if rating >= stars),
    }


class Shelf:
    """A category a product stands in, or one above it."""

    def __init__(self, pk: int, name: str, texts: dict[str, dict[str, str]]) -> None:
        self.id, self._name, self._texts = pk, name, texts

    def name(self, language: str) -> str:
        """Its name in a language."""
        return str(self._texts.get(language, {}).get("name") or self._name)


def shelves_of(ids: Sequence[int]) -> dict[int, list[Shelf]]:
    """The public categories of products with all above them. Two queries."""
    links = list(
        ProductCategory.objects.filter(product_id__in=ids).values_list("product_id", "category__path")
    )
    step = Category.steplen
    paths = {path[:end] for _pk, path in links for end in range(step, len(path) + 1, step)}
    rows = Category.objects.filter(path__in=paths, is_public=True) if paths else []
    by_path = {row.path: Shelf(row.pk, row.name, row.texts) for row in rows}
    found: dict[int, dict[int, Shelf]] = defaultdict(dict)
    for pk, path in links:
        for end in range(step, len(path) + 1, step):
            if path[:end] in by_path:
                shelf = by_path[path[:end]]
                found[pk][shelf.id] = shelf
    return {pk: list(shelves.values()) for pk, shelves in found.items()}


def parents_of(ids: Iterable[int]) -> set[int]:
    """The products with a page behind ids of products and variants; what is gone stands for itself. One query."""
    wanted = set(ids)
    parents = dict(Product.objects.filter(pk__in=wanted).values_list("pk", "parent_id"))
    return {parents.get(pk) or pk for pk in wanted}
