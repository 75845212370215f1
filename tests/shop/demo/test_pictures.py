"""The drawings: well-formed, sufficient in themselves, the same each time, different where the goods are."""

from __future__ import annotations

import re
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from shop.demo.pictures import VIEWS, draw
from shop.demo.pictures.letters import GLYPHS
from shop.demo.pictures.render import make_files, render_png
from shop.demo.pictures.scenes import draw_category, draw_hero, draw_mark
from shop.demo.range import categories, products

EVERY = [(product, shade, view) for product in products() for shade in product.shades for view in VIEWS]
FORBIDDEN = ("<script", "<image", "<foreignObject", "<style", "<text", "href", "data:", "@import")


def check(svg: str) -> None:
    """Well-formed, with every reference inside itself and nothing that loads or runs."""
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [word for word in FORBIDDEN if word in svg]
    defined = set(re.findall(r' id="([^"]+)"', svg))
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= defined
    assert "url(" not in re.sub(r"url\(#", "", svg)
    assert svg.count("http") == 1  # the name of the SVG language itself
    assert "nan" not in svg.lower().replace("finanz", "")


def test_every_picture_is_sound_svg_that_refers_to_nothing_outside() -> None:
    for product, shade, view in EVERY:
        check(draw(product, shade, view))


def test_the_same_goods_are_drawn_the_same_way_each_time() -> None:
    for product, shade, view in EVERY[::17]:
        assert draw(product, shade, view) == draw(product, shade, view)


def test_colours_and_views_of_a_product_differ() -> None:
    for product in products():
        drawings = [draw(product, shade, view) for shade in product.shades for view in VIEWS]
        few = product.category == "pflege" and len(product.shades) == 1
        assert len(set(drawings)) == len(drawings) or few, product.slug


def test_an_unknown_view_is_refused() -> None:
    product = products()[0]
    with pytest.raises(ValueError, match="no view"):
        draw(product, product.shades[0], "underneath")


def test_scenes_are_sound_too() -> None:
    check(draw_hero())
    check(draw_mark())
    for category in categories():
        check(draw_category(category.key))
    with pytest.raises(KeyError):
        draw_category("nothing")


def test_a_picture_becomes_a_png_whose_middle_is_not_paper() -> None:
    product = next(p for p in products() if p.slug == "schietwetter")
    with Image.open(BytesIO(render_png(draw(product, product.shades[0]), 300))) as picture:
        assert picture.size == (300, 300)
        red, _, blue = picture.convert("RGB").getpixel((130, 160))  # type: ignore[misc]
        assert red > 150 > blue  # mustard yellow
        corner = picture.convert("RGB").getpixel((4, 4))
        assert min(corner) > 220  # type: ignore[type-var]


def test_files_come_in_every_size_that_the_drawing_has_pixels_for() -> None:
    product = products()[0]
    files = make_files(draw(product, product.shades[0]), side=400)
    assert set(files) == {(200, "avif"), (200, "webp"), (400, "avif"), (400, "webp"), (400, "jpg")}
    for (width, _ending), content in files.items():
        assert Image.open(BytesIO(content)).size == (width, width)


def test_labels_can_be_written_with_the_letters_there_are() -> None:
    for product in products():
        for look in product.looks.values():
            assert set(look.get("label", "").replace("|", "")) <= set(GLYPHS), product.slug
