"""Where each variant can be had, and when it arrives: never more than is true, also on a page that was kept."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image
from wagtail.images.models import Image as WagtailImage

from catalogue.models import Product
from checkout.shipping.models import HOME, DeliveryMethod
from fulfilment.warehouse.picking import promises
from fulfilment.warehouse.picking.models import CutOff
from fulfilment.warehouse.picking.promises import working_day
from fulfilment.warehouse.stock.models import PICK, QUARANTINE, SHOP_FLOOR, BinStock, Lot, LotStock, Site
from shop.pages import product_parts
from shop.pages.models import GuaranteeNotice
from tests.factories.range import make_product, variants
from tests.factories.stock import make_bin, make_site

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.fixture
def depot() -> Site:
    Site.objects.update(is_active=False)
    DeliveryMethod.objects.all().delete()
    DeliveryMethod.objects.create(
        code="home", kind=HOME, name="Nach Hause", carrier="dhl", days_min=1, days_max=2
    )
    return make_site("lager", ships=True, position=0)


def visit(site: Site, time: str = "15:00", **fields: Any) -> CutOff:
    row = CutOff.objects.create(site=site, time=dt.time.fromisoformat(time), **fields)
    promises.forget()
    return row


def lay(site: Site, record: Any, pieces: int = 3, kind: str = PICK, code: str = "") -> BinStock:
    bin = make_bin(code or f"{site.code}-{kind}", kind=kind, site=site, zone=site.code)
    product_parts.forget()
    return BinStock.objects.create(bin=bin, stockrecord=record, quantity=pieces)


def page(product: Product, language: str = "", **query: Any) -> str:
    return Client().get(language + product.get_absolute_url(), query).content.decode()


def rows(html: str) -> list[list[str]]:
    """What the table of places says, row by row as a reader hears it, its head first."""
    table = html.partition('<table class="table table--dense">')[2].partition("</table>")[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in table.split("<tr")[1:]]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def context(product: Product, **query: Any) -> Any:
    return Client().get(product.get_absolute_url(), query).context


def told(product: Product, **query: Any) -> list[list[Any]]:
    found = context(product, **query).get("promise")
    return json.loads(found["data"]) if found else []


def test_before_the_cut_off_it_leaves_today_and_afterwards_tomorrow(clock: Any, depot: Site) -> None:
    product = make_product()
    visit(depot)
    clock.stop(at("2026-11-26T12:50"))  # a Thursday
    html = Client().get(product.get_absolute_url()).content.decode()
    assert "Bestellen Sie bis Donnerstag, 26. November, 15:00: bei Ihnen bis Montag, 30. November" in html
    clock.stop(at("2026-11-26T15:00"))
    assert told(product)[0] == [
        int(at("2026-11-27T15:00").timestamp()),
        "Freitag, 27. November, 15:00",
        "Dienstag, 1. Dezember",
    ]


def test_what_is_written_stays_true_when_it_is_read_later(clock: Any, depot: Site) -> None:
    """No hour counted from now stands in the page: moments do, and those that follow for when the first has passed."""
    product = make_product()
    visit(depot)
    clock.stop(at("2026-11-26T12:50"))
    page = Client().get(product.get_absolute_url()).content.decode()
    clock.stop(at("2026-11-26T14:10"))
    assert Client().get(product.get_absolute_url()).content.decode() == page
    assert [moment for _until, moment, _day in told(product)] == [
        "Donnerstag, 26. November, 15:00", "Freitag, 27. November, 15:00", "Montag, 30. November, 15:00",
    ]  # fmt: skip


def test_holidays_and_weekends_are_left_out_on_both_ends(clock: Any, depot: Site) -> None:
    product = make_product()
    visit(depot)
    clock.stop(at("2026-12-24T16:00"))  # Thursday evening; Friday and Saturday are holidays
    assert told(product)[0][1:] == ["Montag, 28. Dezember, 15:00", "Mittwoch, 30. Dezember"]
    # 31 October is a holiday in some states only: nobody knows yet where the parcel goes
    assert working_day(dt.date(2028, 10, 30), 1) == dt.date(2028, 11, 2)


def test_the_slowest_site_that_may_send_it_is_promised(clock: Any, depot: Site) -> None:
    product = make_product(sizes=("41", "42"))
    one, two = variants(product)
    store = make_site("laden", ships=True, position=9)
    visit(depot)
    visit(store, "10:00")
    clock.stop(at("2026-11-26T12:00"))
    lay(depot, one)
    lay(store, two, kind=SHOP_FLOOR)
    assert told(product, v=one.product_id)[0][1] == "Donnerstag, 26. November, 15:00"
    assert told(product, v=two.product_id)[0][1] == "Freitag, 27. November, 10:00"
    lay(store, one, kind=SHOP_FLOOR)
    assert told(product, v=one.product_id)[0][1] == "Freitag, 27. November, 10:00"


@pytest.mark.parametrize(
    "case", ["no visit", "sold out", "on order", "no delivery", "visit of another carrier"]
)
def test_nothing_is_promised_where_nothing_is_known(case: str, depot: Site) -> None:
    product = make_product(sizes=("42",), stock=0 if case in ("sold out", "on order") else 5)
    if case == "on order":
        variants(product)[0].__class__.objects.update(backorderable=True)
    if case == "no delivery":
        DeliveryMethod.objects.update(enabled=False)
    if case != "no visit":
        visit(depot, carrier="ups" if case == "visit of another carrier" else "")
    assert told(product) == []


def test_the_days_of_delivery_are_those_of_the_way_of_delivery(depot: Site) -> None:
    said = re.compile(r"<span>Lieferzeit 1 bis 2 Werktage\s*<")
    assert said.search(page(make_product()))
    assert "<span>Delivery time 1 to 2 working days" in page(make_product(), language="/en")
    assert "Lieferzeit" not in page(make_product(stock=0)), "nothing is said of what cannot be had"


def test_each_size_says_where_it_is(depot: Site) -> None:
    product = make_product(colours=("navy", "sand"), sizes=("42", "41"))
    of_42, of_41, sand, _more = variants(product)
    store = make_site("laden", name="Laden am Fleet")
    lay(depot, of_42)
    lay(store, of_41, kind=SHOP_FLOOR)
    lay(store, sand, kind=SHOP_FLOOR)
    of_42.num_in_stock = 0
    of_42.save()
    shown = context(product, v=of_41.product_id)
    assert [site.name for site in shown["stores"]] == ["Laden am Fleet"]
    assert [(row["size"], row["online"], row["in_stores"]) for row in shown["places"]] == [
        ("41", True, [True]),
        ("42", False, [False]),
    ]
    html = page(product, v=of_41.product_id)
    assert rows(html) == [
        ["Größe", "Online", "Laden am Fleet"],
        ["41 (gewählt)", "verfügbar", "verfügbar"],
        ["42", "ausverkauft", "nicht da"],
    ]
    store.street, store.postcode, store.city = "Musterkai 1", "20457", "Hamburg"
    store.save()
    product_parts.forget()
    assert "<li>Laden am Fleet, Musterkai 1, 20457 Hamburg</li>" in page(product, v=of_41.product_id)


def test_what_is_promised_to_others_blocked_doubtful_or_recalled_is_not_there(depot: Site) -> None:
    product = make_product(sizes=("42",))
    [record] = variants(product)
    store = make_site("laden")
    there = lay(store, record, pieces=2, kind=SHOP_FLOOR)

    def in_store() -> list[bool]:
        found: list[bool] = context(product)["places"][0]["in_stores"]
        return found

    assert in_store() == [True]
    lot = Lot.objects.create(stockrecord=record, code="L1", recall_number="R1")
    spoilt = LotStock.objects.create(lot=lot, bin=there.bin, quantity=2)
    assert in_store() == [False]
    spoilt.delete()
    BinStock.objects.filter(pk=there.pk).update(is_doubtful=True)
    assert in_store() == [False]
    BinStock.objects.filter(pk=there.pk).update(is_doubtful=False)
    record.num_allocated = record.num_in_stock
    record.save()
    assert in_store() == [False]
    there.delete()
    lay(store, record, kind=QUARANTINE)
    record.num_allocated = 0
    record.save()
    assert in_store() == [False]


def test_a_bin_that_becomes_empty_ends_kept_pages_and_one_piece_fewer_does_not(depot: Site) -> None:
    from shop.kernel.models import Change

    row = lay(depot, variants(make_product())[0])
    Change.objects.all().delete()
    row.quantity = 2
    row.save()
    assert not Change.objects.filter(name="places").exists()
    row.quantity = 0
    row.save()
    assert Change.objects.filter(name="places").exists()


def test_promise_and_places_cost_one_query(depot: Site) -> None:
    product = make_product(colours=("navy", "sand"), sizes=tuple("3456789"))
    visit(depot)
    for n, record in enumerate(variants(product)):
        lay(depot, record, code=f"B-{n}")
    client = Client()
    client.get(product.get_absolute_url())
    with CaptureQueriesContext(connection) as seen:
        client.get(product.get_absolute_url())
    assert len([one for one in seen if "stock_binstock" in one["sql"]]) == 1
    assert not [one for one in seen if "picking_cutoff" in one["sql"] or "shipping_" in one["sql"]]


def test_the_countdown_reads_what_the_page_carries() -> None:
    script = (Path(django_settings.BASE_DIR) / "static/js/promise.js").read_text()
    html = (Path(django_settings.BASE_DIR) / "templates/storefront/product.html").read_text()
    for name in ("promise", "within", "until", "hours", "minutes"):
        assert f"data-{name}=" in html and f"dataset.{name}" in script


@pytest.mark.parametrize(
    ("months", "label"), [(0, ""), (24, ""), (25, "25 Monate"), (35, "35 Monate"), (36, "3 Jahre")]
)
def test_the_notice_on_the_legal_guarantee_stands_on_every_page_and_the_label_beyond_two_years(
    months: int, label: str
) -> None:
    html = Client().get(make_product(producer_guarantee_months=months).get_absolute_url()).content.decode()
    assert 'data-duty="guarantee-notice"' in html
    assert ('data-duty="durability-label"' in html) is bool(label)
    if label:
        assert f">{label}</p>" in html


def test_the_commissions_own_graphic_takes_the_place_of_our_words_in_its_language(
    settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    url = make_product().get_absolute_url()
    assert "Die Ware ist nicht wie beschrieben oder gezeigt." in Client().get(url).content.decode()
    out = io.BytesIO()
    Image.new("RGB", (1200, 1700), "navy").save(out, "PNG")
    file = ContentFile(out.getvalue(), "mitteilung.png")
    picture = WagtailImage.objects.create(title="Mitteilung", file=file, width=1200, height=1700)
    row = GuaranteeNotice.objects.create(language="de", picture=picture)
    html = Client().get(url).content.decode()
    [size] = picture.renditions.all()
    assert f'src="{size.file.url}" width="{size.width}" height="{size.height}"' in html
    assert round(size.width / size.height, 2) == round(1200 / 1700, 2), "in proportion"
    assert "Die Ware ist nicht wie beschrieben" not in html and "Ihr Europa" in html
    english = Client().get(f"/en{url}").content.decode()
    assert "guarantee__graphic" not in english and "The article is not as described or shown." in english
    row.delete()
    assert "guarantee__graphic" not in Client().get(url).content.decode()


def test_safety_names_maker_responsible_person_and_warnings() -> None:
    product = make_product(brand="Fernweh", warnings="Von Feuer fernhalten.")
    product.maker.eu_responsible = "Fernweh Europe GmbH\nMusterkai 3, 20457 Hamburg"
    product.maker.save()
    html = Client().get(product.get_absolute_url()).content.decode()
    told = html.partition("Hersteller und Produktsicherheit")[2].partition("</details>")[0]
    for part in (
        "Fernweh GmbH",
        "Am Musterpriel 8, 25999 Priel",
        'href="mailto:sicherheit@example.org"',
        "Verantwortlich in der EU",
        "Fernweh Europe GmbH<br>Musterkai 3, 20457 Hamburg",
        "Von Feuer fernhalten.",
    ):
        assert part in told, part
    [chosen, _other] = variants(product)
    assert f"Artikelnummer {chosen.partner_sku}</p>" in html
    assert re.search(r"<dt>Warnhinweise</dt>\s*<dd>keine erforderlich</dd>", page(make_product()))
