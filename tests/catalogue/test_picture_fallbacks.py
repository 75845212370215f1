"""Wherever a picture of an article is shown, a browser that knows neither AVIF nor WebP shows it too."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.urls import reverse
from PIL import Image

from catalogue.actions import add_picture
from catalogue.models import Product, ProductImage
from catalogue.partner.models import StockRecord
from catalogue.picture_files import make_due
from catalogue.pictures import picture, rendition_name
from fulfilment.warehouse.picking.queries import picture_url
from shop.kernel.clock import now
from tests.catalogue.test_pictures import media, png
from tests.checkout.test_steps import go_to_summary
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.range import make_category, make_product, variants
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
__all__ = ["media"]


def pictured(n: int = 1, width: int = 900, **options: Any) -> Product:
    product = make_product(pictures=0, **options)
    for number in range(n):
        add_picture(product=product, name=f"{number}.png", content=png(width, width))
    while make_due():
        pass
    return product


def all_plain(html: str) -> int:
    """Every picture and link to one is a JPEG, with AVIF and WebP before it for those who know them. How many."""
    found = re.findall(r"(<picture\b[^>]*>(?:<source\b[^>]*>)*)?<img\b([^>]*)>", html)
    ours = [(before, tag) for before, tag in found if "/media/" in tag]
    for before, tag in ours:
        assert re.search(r'\bsrc="/media/[^"]+\.jpg"', tag), tag
        assert 'class="picture"' in before, tag
        for kind in ("avif", "webp"):
            assert re.search(rf'type="image/{kind}" srcset="[^"]+\.{kind} 200w,[^"]+" sizes="', before), (
                before
            )
    assert not re.findall(r'(?:href|src)="/media/[^"]+\.(?:webp|avif)"', html)
    return len(ours)


def test_page_list_and_basket_show_it_in_any_browser(client: Client) -> None:
    shoes = make_category()
    product = pictured(3, category=shoes)
    assert all_plain(client.get(product.get_absolute_url()).content.decode()) == 1 + 3 + 1, (
        "stage, small ones, zoom"
    )
    assert all_plain(client.get(f"/catalogue/category/{shoes.slug}_{shoes.pk}/").content.decode()) == 1
    added = {"product_id": variants(product)[0].product_id, "quantity": 1}
    client.post(reverse("basket:add"), added)
    assert all_plain(client.get("/basket/").content.decode()) == 1
    (line,) = client.get("/basket/").context["lines"]
    client.post(reverse("basket:later_keep", args=[line.id]), {"mark": line.mark})
    assert all_plain(client.get("/basket/").content.decode()) == 1, "kept for later"


def test_what_is_kept_of_an_order_names_one_size_and_the_plain_file(client: Client) -> None:
    client.post(reverse("basket:add"), {"product_id": variants(pictured())[0].product_id, "quantity": 1})
    html = go_to_summary(client).content.decode()
    facts = html[html.index("facts-card") :].partition("</section>")[0]
    (shown,) = re.findall(r"<picture.*?</picture>", facts)
    assert re.search(
        r'<source type="image/webp" srcset="[^" ]+%40400\.webp"><img [^>]*src="[^"]+%40800\.jpg"', shown
    )
    assert len(shown) < 400


def test_orders_show_it_in_any_browser(client: Client) -> None:
    record = variants(pictured())[0]
    person = make_user()
    order = make_order((record, 1), user=person)
    StockRecord.objects.update(num_allocated=0)
    client.force_login(person)
    for url in (reverse("orders:detail", args=[order.number]), f"/account/orders/{order.number}/again/"):
        assert all_plain(client.get(url).content.decode()) == 1, url


def test_the_office_shows_it_small_and_in_any_browser(client: Client) -> None:
    product = pictured()
    client.force_login(make_staff("laden@example.org", "catalogue.change_product"))
    for name, args in (("products", []), ("product", [product.pk])):
        assert all_plain(client.get(reverse(f"dashboard:{name}", args=args)).content.decode()) == 1
    assert picture_url(variants(product)[0].product).endswith("%40800.jpg"), "the picker's phone"


def test_no_template_shows_a_size_that_not_every_browser_knows() -> None:
    folder = Path(settings.BASE_DIR, "templates")
    alone = {str(one.relative_to(folder)) for one in folder.rglob("*.html") if "thumb_url" in one.read_text()}
    assert alone == {"storefront/_seen.html", "storefront/checkout/facts.html"}, "as a source beside a JPEG"


def test_the_zoom_is_there_for_every_browser_in_its_full_size() -> None:
    image = pictured(width=1700).images.get()
    shown = picture(image, "Schuh")
    assert image.widths[-1] == 1600 and shown.zoom_url.endswith("%401600.jpg")
    with Image.open(default_storage.path(rendition_name(image.original.name, 1600, "jpg"))) as opened:
        assert (opened.format, opened.size) == ("JPEG", (1600, 1600))
    with Image.open(default_storage.path(rendition_name(image.original.name, 800, "jpg"))) as opened:
        assert opened.size == (800, 800)


def test_pictures_made_before_get_their_zoom_and_are_shown_meanwhile() -> None:
    large, small = pictured(width=1700).images.get(), pictured(width=800).images.get()
    zoom = rendition_name(large.original.name, 1600, "jpg")
    default_storage.delete(zoom)
    step: Any = import_module("catalogue.migrations.0008_zoom_for_every_browser")
    step.due_again(apps, SimpleNamespace(connection=connection))
    assert [image.pk for image in ProductImage.objects.filter(made_at=None)] == [large.pk]
    large.refresh_from_db()
    assert picture(large, "Schuh").webp, "what is there is shown"
    make_due()
    large.refresh_from_db()
    small.refresh_from_db()
    assert default_storage.exists(zoom) and large.made_at <= now() and small.made_at
    assert not default_storage.exists(rendition_name(small.original.name, 1600, "jpg"))
