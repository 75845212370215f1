"""The written pages: home with its harbour, and the texts the law asks for, in German and English."""

from __future__ import annotations

import tomllib
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from wagtail.images import get_image_model

from shop.demo.merchant import MERCHANT
from shop.demo.pages import KEYS, LANGUAGES, page_text
from shop.demo.range import DATA
from shop.demo.seeding.pictures import hero_png
from shop.pages.actions import write_home, write_page
from shop.pages.models import ContentPage, HomePage
from shop.pages.pictures import make_due

HERO_TITLE = "Kiekschuh am Fleet"
CLAIMS = {"de": MERCHANT.claim_de, "en": MERCHANT.claim_en}


def seed_pages(*, pictures: bool = True) -> None:
    """Write pages that are not there yet; what staff have written stays."""
    german = HomePage.objects.filter(depth=2, locale__language_code="de")
    if not german.exclude(headline="").exists():
        hero = _hero() if pictures else None
        write_home(texts={tongue: _home(tongue, hero) for tongue in LANGUAGES})
        make_due(limit=None)  # whoever opens the demo shop first sees it as it will be
    legal = dict(ContentPage._meta.get_field("key").choices or [])
    for key in KEYS:
        texts = {tongue: page_text(key, tongue) for tongue in LANGUAGES}
        if key == "home" or ContentPage.objects.filter(slug=texts["de"].slug).exists():
            continue
        write_page(
            key=key if key in legal else "",
            texts={tongue: {"slug": t.slug, "title": t.title, "body": t.body} for tongue, t in texts.items()},
        )


def _home(tongue: str, hero: Any) -> dict[str, Any]:
    words = tomllib.loads((DATA / "home.toml").read_text(encoding="utf-8"))[tongue]
    if hero is None:
        words["hero_picture_alt"] = ""
    return {"title": MERCHANT.brand, "headline": CLAIMS[tongue], "hero_picture": hero, **words}


def _hero() -> Any:
    model = get_image_model()
    found = model.objects.filter(title=HERO_TITLE).first()
    if found is None:
        found = model(title=HERO_TITLE)
        found.file = ImageFile(ContentFile(hero_png(), "kiekschuh-hafen.png"), "kiekschuh-hafen.png")
        # Where a page shows a narrower piece, the shoes stay in it.
        found.focal_point_x, found.focal_point_y = 1250, 660
        found.focal_point_width, found.focal_point_height = 1150, 640
        found.save()
    return found
