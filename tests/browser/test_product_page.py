"""The page of an article as shoppers use it: pictures by keyboard, the countdown, the wish to be told, what was seen.

``KONTOR_PICTURES=/folder`` keeps a picture of each page.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from catalogue.actions import add_picture
from catalogue.alerts.models import StockAlert
from catalogue.models import Product
from catalogue.picture_files import make_due
from catalogue.reviews.actions import Opinion, publish, write_review
from checkout.shipping.models import HOME, DeliveryMethod
from fulfilment.warehouse.picking.models import CutOff
from fulfilment.warehouse.stock.models import SHOP_FLOOR, BinStock
from tests.browser.judge import Judge
from tests.browser.served import sit_down
from tests.factories.people import make_user
from tests.factories.range import make_product, variants
from tests.factories.stock import make_bin, make_site

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]
OpenWindow = Callable[..., "Page"]
#: How far things moved by themselves: the sum of all layout shifts of the page so far.
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 100);
})"""

#: Hours, minutes and the day that the countdown says; null where it says none (also in the last minute before an hour).
COUNTED = """() => {
  const said = document.querySelector("[data-promise]").innerText;
  const found = /innerhalb von (?:(\\d+) Std\\. )?(\\d+) Min\\., bei Ihnen bis (.+)/.exec(said);
  return found && [Number(found[1] || 0), Number(found[2]), found[3].trim()];
}"""


def promised(page: Page) -> str:
    """The moments that the page carries, as it carries them."""
    return page.locator("[data-promise]").get_attribute("data-promise") or ""


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 900), colour).save(out, "PNG")
    return out.getvalue()


def shelf() -> Product:
    """An article with three pictures, a size that is sold out, a store, reviews, a carrier that comes in a while."""
    product = make_product(
        "Deichläufer",
        sizes=("41", "42", "43"),
        pictures=0,
        producer_guarantee_months=36,
        reference_minor=12_000,
    )
    for colour in ("navy", "olive", "firebrick"):
        add_picture(product=product, name=f"{colour}.png", content=picture(colour))
    while make_due():
        pass
    in_store, _two, gone = variants(product)
    gone.num_in_stock = 0
    gone.save()
    store = make_site("laden", name="Laden am Fleet", street="Am Fleet 1")
    floor = make_bin("LADEN-1", kind=SHOP_FLOOR, site=store, zone="L")
    BinStock.objects.create(bin=floor, stockrecord=in_store, quantity=2)
    DeliveryMethod.objects.filter(kind=HOME).delete()
    DeliveryMethod.objects.create(code="zuhause", kind=HOME, name="Nach Hause", days_min=1, days_max=2)
    for hour in (10, 15, 22):
        CutOff.objects.create(site=store, time=dt.time(hour), weekdays="1234567", holidays_of="")
    for n, score in enumerate((5, 2)):
        opinion = Opinion(
            score, "Trocken geblieben", "Drei Wochen Regen, und die Füße blieben trocken.", "Erika"
        )
        publish(
            review=write_review(product=product, opinion=opinion, by=make_user(f"p{n}@example.org")), by=None
        )
    return product


def test_a_shopper_looks_at_an_article(
    desk_url: str, open_window: OpenWindow, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    product = shelf()
    url = product.get_absolute_url()
    page = open_window()
    judge = Judge(page, "de")
    sit_down(page, desk_url, make_user("leserin@example.org"), url)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SHIFT) < 0.02, "the page moved while it came"
    judge.see("product")

    # the promise counts down from now, which no sentence of the server's does, and names a day
    page.wait_for_function(COUNTED, timeout=90_000)  # at once, but in the last minute before a cut-off
    hours, minutes, day = page.evaluate(COUNTED)
    until = min(moment for moment, *_words in json.loads(promised(page)) if moment > time.time())
    assert abs(until - time.time() - 60 * (60 * hours + minutes)) < 2 * 60, "the time left is another one"
    assert day in promised(page)

    # thumbnails by keyboard: the picture changes, nothing else moves
    stage, frame = page.locator(".gallery__stage"), page.locator(".gallery__open")
    page.set_viewport_size({"width": 1280, "height": 900})
    before, box = stage.get_attribute("src"), frame.bounding_box()
    page.locator("[data-gallery-pick]").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(old) => document.querySelector('.gallery__stage').src.indexOf(old) < 0", arg=before
    )
    assert frame.bounding_box() == box

    # the zoom: opened, walked, scaled and closed by keyboard; the focus comes back
    frame.focus()
    page.keyboard.press("Enter")
    zoom = page.locator("dialog.zoom")
    assert zoom.is_visible() and "Bild 2 von 3" in zoom.inner_text()
    page.keyboard.press("ArrowRight")
    assert "Bild 3 von 3" in zoom.inner_text()
    page.keyboard.press("+")
    assert "zoom--large" in (zoom.get_attribute("class") or "")
    judge.see("zoom")
    page.keyboard.press("-")
    page.keyboard.press("Escape")
    assert not zoom.is_visible()
    assert page.evaluate("document.activeElement.matches('[data-gallery-zoom]')")

    # recently seen: nothing is kept until one says so
    assert page.evaluate("localStorage.getItem('kontor-seen')") is None
    page.locator("[data-seen-on]").click()
    assert "Deichl" in page.evaluate("localStorage.getItem('kontor-seen')")
    other = make_product("Hafenstiefel", pictures=0)
    page.goto(desk_url + other.get_absolute_url())
    assert page.locator("[data-seen-list] a").inner_text() == "Deichläufer"
    page.locator("[data-seen-off]").click()
    assert page.evaluate("localStorage.getItem('kontor-seen')") is None

    # the sold-out size: a wish to be told
    gone = variants(product)[2].product_id
    page.goto(f"{desk_url}{url}?v={gone}")
    judge.see("sold out")
    page.locator("#alert-email, .alert-me input[type=email]").first.fill("erika@example.org")
    page.locator(".alert-me button").click()
    page.wait_for_url("**/alerts/asked/")
    assert StockAlert.objects.get().product_id == gone

    # the wish list, and all reviews
    page.goto(f"{desk_url}{url}")
    page.locator(".product__wish button").click()
    page.wait_for_url("**/wishes/")
    judge.see("wish list")
    assert stands_before(page, ".wish__picture", ".wish__title")

    # the basket: the picture has the frame that is meant for it
    page.goto(f"{desk_url}{url}")
    page.locator(".product__add button").click()
    page.wait_for_function("document.querySelector('#basket-count')?.innerText.includes('1')")
    page.goto(f"{desk_url}/basket/")
    judge.see("basket")
    assert stands_before(page, ".line-item__picture", ".line-item__title")
    page.goto(f"{desk_url}/reviews/product/{product.pk}/")
    judge.see("reviews")
    page.goto(f"{desk_url}/reviews/product/{product.pk}/write/")
    judge.see("write")
    assert judge.found == [], "\n".join(judge.found)


def stands_before(page: Page, picture: str, words: str) -> bool:
    """Whether the picture is to the left of the words, not below them or in their place."""
    left, right = (page.locator(one).first.bounding_box() for one in (picture, words))
    assert left and right
    return bool(left["x"] + left["width"] <= right["x"] and abs(left["y"] - right["y"]) < left["height"])


def test_without_script_a_picture_is_a_link_and_the_promise_a_sentence(
    desk_url: str, open_window: OpenWindow, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    product = shelf()
    page = open_window(java_script_enabled=False)
    sit_down(page, desk_url, make_user("leserin@example.org"), product.get_absolute_url())
    assert "Bestellen Sie bis " in page.locator("[data-promise]").inner_text()
    assert page.locator("[data-seen]").is_hidden()
    link = page.locator("[data-gallery-pick]").nth(2).get_attribute("href") or ""
    assert page.request.get(desk_url + link).headers["content-type"] == "image/jpeg"
