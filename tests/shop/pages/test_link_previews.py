"""What a preview of a link shows: title, words, and a picture that belongs to the page, with its true size."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.templatetags.static import static
from django.test import Client
from PIL import Image

from catalogue import picture_files, tree
from catalogue.actions import add_picture
from catalogue.models import Category, Product
from shop.kernel import sharing
from shop.pages.actions import write_home, write_page
from shop.pages.models import LandingPage
from shop.pages.pictures import make_due
from shop.pages.structured import SHARE_PICTURE
from tests.catalogue.test_pictures import png
from tests.factories.range import make_category, make_product
from tests.shop.pages.test_blocks import URL, picture, write
from tests.shop.pages.test_pictures_of_pages import block, visit

pytestmark = pytest.mark.django_db
SITE = settings.SITE_URL
SIZE = ("og:image:width", "og:image:height")

__all__ = ["picture"]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def preview(url: str) -> dict[str, str]:
    """What the page says for previews. Its picture is there, and as large as it says; looking makes none."""
    html = visit(url)
    pairs = re.findall(r'<meta property="([^"]+)" content="([^"]*)">', html)
    found = {name: unescape(value) for name, value in pairs}
    assert len(found) == len(pairs), "each once"
    assert "" not in found.values(), found
    if SIZE[0] in found:
        with Image.open(_file(found["og:image"])) as opened:
            assert opened.size == tuple(int(found[name]) for name in SIZE)
    return found


def _file(url: str) -> Any:
    generic = f"{SITE}{static(SHARE_PICTURE)}"
    if url == generic:
        return finders.find(SHARE_PICTURE)
    answer = Client().get(url.removeprefix(SITE))
    assert answer.status_code == 200, url
    return default_storage.open(url.removeprefix(f"{SITE}{settings.MEDIA_URL}").replace("%40", "@"))


def pictured(title: str, made: bool = True, **options: Any) -> Product:
    product = make_product(title, pictures=0, **options)
    add_picture(product=product, name=f"{title}.png", content=png(900, 900))
    while made and picture_files.make_due():
        pass
    return product


def test_a_page_without_a_picture_shows_the_shop() -> None:
    write_home(texts={"de": {"title": "Start", "introduction": "Schuhe für nasse Wege"}})
    write_page(key="imprint", texts={"de": {"slug": "impressum", "title": "Impressum", "body": "<p>x</p>"}})
    home, imprint = preview("/"), preview("/impressum/")
    for found in (home, imprint):
        assert found["og:image"] == f"{SITE}{static(SHARE_PICTURE)}"
        assert [found[name] for name in SIZE] == ["1200", "630"]
    assert home["og:description"] == "Schuhe für nasse Wege" and home["og:title"] == "Start"
    assert "og:description" not in imprint and imprint["og:title"] == "Impressum"


def test_a_product_shows_its_picture_once_its_sizes_are_made() -> None:
    product = pictured("Elbschuh", made=False, price_minor=9_990)
    url = product.get_absolute_url()
    found = preview(url)
    assert found["og:image"].endswith(".png") and SIZE[0] not in found, "nobody knows how large it is"
    picture_files.make_due()
    found = preview(url)
    assert found["og:image"].endswith("%40800.jpg")
    assert [found[name] for name in SIZE] == ["800", "800"]
    assert found["og:image:alt"] == found["og:title"] == "Elbschuh"
    assert found["og:description"] == "Elbschuh, für nasse Wege."
    assert (found["og:type"], found["product:price:amount"]) == ("product", "99.90")


def test_a_category_shows_the_first_product_of_its_list(settings: Any) -> None:
    settings.PARTS_KEPT_S = 60
    category = make_category("Schuhe", description="<p>Für <b>jeden</b> Weg</p>")
    large = default_storage.save("categories/schuhe.png", ContentFile(png(3000, 200)))
    Category.objects.filter(pk=category.pk).update(image=large)
    tree.forget()
    url = category.get_absolute_url()
    assert preview(url)["og:image"] == f"{SITE}{static(SHARE_PICTURE)}"
    Category.objects.filter(pk=category.pk).update(image="")
    pictured("Billig", category=category, price_minor=1_000)
    pictured("Teuer", category=category, price_minor=9_000)
    for query, shown in (("", "teuer"), ("?sort=price", "billig"), ("?sort=-price", "teuer")):
        found = preview(f"{url}{query}")
        assert f"/{shown}" in found["og:image"].lower() and found["og:image"].endswith("%40800.jpg")
        assert [found[name] for name in SIZE] == ["800", "800"]
        assert found["og:description"] == "Für jeden Weg" and found["og:title"] == "Schuhe"


def test_a_category_with_a_picture_of_its_own_shows_that_once_its_sizes_are_made(settings: Any) -> None:
    settings.PARTS_KEPT_S = 60
    category = make_category("Schuhe")
    shoe = pictured("Elbschuh", category=category)
    large = default_storage.save("categories/schuhe.png", ContentFile(png(3000, 1000)))
    Category.objects.filter(pk=category.pk).update(image=large)
    tree.forget()
    url = category.get_absolute_url()
    assert "/elbschuh" in preview(url)["og:image"].lower(), "the original may be of any size"
    picture_files.make_due()
    sharing.forget()  # as a second later
    found = preview(url)
    assert found["og:image"].endswith("/categories/schuhe%40800.jpg") and found["og:image:alt"] == "Schuhe"
    assert [found[name] for name in SIZE] == ["800", "800"]
    assert "/elbschuh" in preview(shoe.get_absolute_url())["og:image"].lower()


def test_a_landing_page_shows_its_first_picture_or_its_first_product(picture: Any) -> None:
    shoe = pictured("Elbschuh")
    products = ("products", {"title": "", "products": [shoe]})
    text = ("text", {"title": "", "body": "<p>x</p>"})
    write(text, products, block(picture))
    assert preview(URL)["og:image"] == f"{SITE}{picture.file.url}", "until its sizes are made"
    make_due()
    found = preview(URL)
    assert [found[name] for name in SIZE] == ["960", "720"] and found["og:title"] == "Herbst am Fleet"
    LandingPage.objects.update(introduction="Für & gegen Regen")
    html = visit(URL)
    assert html.count('content="Für &amp; gegen Regen"') == 2, "for search engines and for previews"
    write(text, products)
    assert "elbschuh" in preview(URL)["og:image"].lower()
    write(text)
    assert preview(URL)["og:image"] == f"{SITE}{static(SHARE_PICTURE)}"


def test_the_home_page_shows_the_picture_at_its_top(picture: Any) -> None:
    texts = {"title": "Kontor", "hero_picture": picture, "hero_picture_alt": "Ein Kai"}
    write_home(texts={"de": {**texts, "search_description": "Gute Schuhe", "introduction": "Anderes"}})
    make_due()
    found = preview("/")
    assert [found[name] for name in SIZE] == ["1200", "900"]
    assert (found["og:image:alt"], found["og:description"]) == ("Ein Kai", "Gute Schuhe")
