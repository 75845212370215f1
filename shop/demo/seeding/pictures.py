"""The pictures as files: drawn on all cores, kept as long as drawing and name agree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from zlib import crc32

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from catalogue.models import Category, CategoryPicture, Colour, Product, ProductImage
from catalogue.picture_sizes import WEBP, widths_for
from catalogue.pictures import rendition_name
from shop.demo import range as data
from shop.demo.pictures import VIEWS, draw
from shop.demo.pictures.render import make_files, render_png
from shop.demo.pictures.scenes import HERO_SIZE, draw_category, draw_hero
from shop.kernel.clock import now

FOLDER = "images/products/demo"
FEW = 24  #: fewer pictures than this are drawn without further processes
#: Runs in processes of their own, which know nothing of Django.
SIDE = 800  #: pixels of a drawing: the largest a page shows; larger ones only make the first start slower
to_files = partial(make_files, side=SIDE)


@dataclass(frozen=True)
class Sheet:
    """One picture to be made: its file name and its drawing."""

    name: str
    svg: str


def sheets() -> dict[tuple[str, str, str], Sheet]:
    """Every product picture by (slug, colour, view). The name carries a checksum of the drawing."""
    found = {}
    for row in data.products():
        for shade in row.shades:
            for view in VIEWS:
                svg = draw(row, shade, view)
                stem = f"{row.slug}-{shade.code}-{view}-{crc32(svg.encode()):08x}-{SIDE}"
                found[row.slug, shade.code, view] = Sheet(f"{FOLDER}/{stem}.webp", svg)
    return found


def seed_pictures(parents: dict[str, Product], *, bar: Callable[..., Iterator[object]] | None = None) -> int:
    """Give every product its pictures; returns how many were drawn anew."""
    wanted = sheets()
    missing = [sheet for sheet in wanted.values() if not default_storage.exists(sheet.name)]
    drawn = _draw(missing, bar)
    colours = {colour.code: colour for colour in Colour.objects.all()}
    for row in data.products():
        _attach(row, parents[row.slug], colours, wanted)
    _category_pictures()
    return drawn


def _draw(missing: list[Sheet], bar: Callable[..., Iterator[object]] | None) -> int:
    """Draw what is missing, in several processes when it is much."""
    if len(missing) < FEW:
        for sheet in missing:
            _keep(sheet.name, to_files(sheet.svg))
        return len(missing)
    svgs = [sheet.svg for sheet in missing]
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8), mp_context=get_context("spawn")) as pool:
        results: Iterable[object] = pool.map(to_files, svgs, chunksize=4)
        if bar is not None:
            results = bar(results, total=len(missing), desc="pictures", unit="picture")
        for sheet, files in zip(missing, results, strict=True):
            _keep(sheet.name, files)  # type: ignore[arg-type]
    return len(missing)


def _keep(name: str, files: dict[tuple[int, str], bytes]) -> None:
    """The sizes first, the original last: where the original is, everything is."""
    for (width, ending), content in files.items():
        sized = rendition_name(name, width, ending)
        if not default_storage.exists(sized):
            default_storage.save(sized, ContentFile(content))
    default_storage.save(name, ContentFile(files[SIDE, WEBP]))


def _attach(
    row: data.ProductData,
    parent: Product,
    colours: dict[str, Colour],
    wanted: dict[tuple[str, str, str], Sheet],
) -> None:
    """The rows of one product; demo pictures of older drawings are let go, pictures added by staff stay."""
    there = {image.original.name: image for image in parent.images.all()}
    keep = set()
    for place, (shade, view) in enumerate((s, v) for s in row.shades for v in VIEWS):
        name = wanted[row.slug, shade.code, view].name
        keep.add(name)
        if name not in there:
            ProductImage.objects.create(
                product=parent,
                original=name,
                colour=colours[shade.code],
                display_order=place,
                widths=widths_for(SIDE),
                made_at=now(),
            )
    for name, image in there.items():
        if name.startswith(FOLDER) and name not in keep:
            image.delete()


def _category_pictures() -> None:
    for row in data.categories():
        node = Category.objects.get(code=row.key)
        svg = draw_category(row.key)
        name = f"categories/demo-{row.key}-{crc32(svg.encode()):08x}.webp"
        if not default_storage.exists(name):
            _keep(name, to_files(svg))
            sizes = {"widths": widths_for(SIDE), "made_at": now()}
            CategoryPicture.objects.update_or_create(original=name, defaults=sizes)
        if node.image.name != name:
            Category.objects.filter(pk=node.pk).update(image=name)


def hero_png() -> bytes:
    """The picture of the home page as PNG."""
    width, height = HERO_SIZE
    return render_png(draw_hero(), width, height=height)
