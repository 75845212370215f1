"""What the content policy and the budget demand of templates, styles and icons."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template import engines

BASE = Path(settings.BASE_DIR)
AREAS = ("components", "storefront", "dashboard")
TEMPLATES = sorted(path for area in AREAS for path in (BASE / "templates" / area).rglob("*.html"))
ERROR_PAGES = sorted((BASE / "templates").glob("[45]??.html"))
PAGES = [*TEMPLATES, *ERROR_PAGES]
SHEETS = sorted((BASE / "static/css").glob("*.css"))
SHARED = ("tokens", "base", "components", "storefront", "dashboard", "scan")
SHARED_BUDGET_BYTES = 60_000
ROOM_BUDGET_BYTES = 6_000  # a sheet that one room adds for itself


def name(path: Path) -> str:
    return str(path.relative_to(BASE))


def icon_names() -> set[str]:
    tree = ElementTree.parse(BASE / "static/img/icons.svg")
    return {one.attrib["id"] for one in tree.iter("{http://www.w3.org/2000/svg}symbol")}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_compiles(path: Path) -> None:
    engines["django"].get_template(str(path.relative_to(BASE / "templates")))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_carries_no_inline_code_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "inline style: the content policy forbids it"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "inline handler: use a data attribute and ui.js"
    assert not re.search(r"\bhx-on", text), "hx-on evaluates code: use ui.js"
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag, "inline script: put it into static/js"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_asks_only_for_icons_that_exist(path: Path) -> None:
    asked = set(re.findall(r"{% icon \"([\w-]+)\"", path.read_text()))
    asked |= set(re.findall(r"icon_name=\"([\w-]+)\"", path.read_text()))
    assert asked <= icon_names(), f"unknown: {sorted(asked - icon_names())}"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_loads_nothing_from_elsewhere(path: Path) -> None:
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", path.read_text())


def test_styles_stay_small() -> None:
    sizes = {sheet.stem: sheet.stat().st_size for sheet in SHEETS}
    shared = sum(sizes[name] for name in SHARED)
    assert shared <= SHARED_BUDGET_BYTES, f"{shared} bytes of shared CSS: look for rules that nobody uses"
    own = {name: size for name, size in sizes.items() if name not in SHARED and size > ROOM_BUDGET_BYTES}
    assert not own, f"too much for one room, use the components: {own}"


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_sheet_takes_its_colours_from_the_tokens(sheet: Path) -> None:
    used = set(re.findall(r"var\(--([\w-]+)", sheet.read_text()))
    everywhere = "".join(one.read_text() for one in SHEETS)
    defined = set(re.findall(r"--([\w-]+):", everywhere))
    assert used <= defined, f"never defined: {sorted(used - defined)}"
    assert "http" not in sheet.read_text().replace('a[href^="http"]', ""), "nothing is loaded from elsewhere"


def test_icons_are_plain_drawings() -> None:
    text = (BASE / "static/img/icons.svg").read_text()
    assert "<script" not in text and "href" not in text
    assert text.count("<symbol") == len(icon_names()), "an icon name is used twice"


def test_the_catalogue_names_every_icon() -> None:
    readme = (BASE / "static/css/README.md").read_text()
    listed = set(readme.split("Icons: ", 1)[1].split("\n\n", 1)[0].split())
    assert listed == icon_names()


def test_a_gallery_bears_a_product_without_any_variant() -> None:
    page = engines["django"].get_template("storefront/_gallery.html")
    out = page.render({"pictures": [{"url": "/p.webp", "alt": "A shoe", "colour_code": "k"}], "chosen": None})
    assert 'src="/p.webp"' in out
