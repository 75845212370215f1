"""Pages that all readers share: fast, with everybody's own basket count, and never untrue about price or stock."""

from __future__ import annotations

import datetime as dt
import re
import threading
from typing import Any

import pytest
from django.conf import settings as in_force
from django.core.cache import caches
from django.db import connection
from django.test import Client
from wagtail.models import Page, PageViewRestriction

from catalogue.models import Category, CategoryPicture, Product, ProductCategory, ProductImage
from catalogue.partner.actions import change_stock
from catalogue.partner.models import StockRecord
from catalogue.partner.prices import set_price
from catalogue.search.models import Boost, Synonym
from fulfilment.warehouse.picking.models import CutOff
from fulfilment.warehouse.stock.models import SHOP_FLOOR, Site
from shop.kernel import guards, invariants, parts, sharing
from shop.kernel.clock import now
from shop.kernel.memory import Memory
from shop.kernel.models import Change
from shop.pages import triggers
from shop.pages.actions import write_home, write_page
from shop.pages.context import forms
from tests.factories.range import make_category, make_many, make_product, variants
from tests.factories.stock import make_bin, make_site
from tests.support.search import Index

from .sharing import BLOCKS, CHANGES, PAGES, queries_of, text
from .sharing import kept as kept
from .sharing import shop as shop

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
CHECKED_S = in_force.SHARED_CHECKED_S  #: as it is in production; tests look at each visit


@pytest.mark.parametrize("page", PAGES)
def test_the_second_reader_gets_what_was_made_for_the_first(page: str, shop: dict[str, Any]) -> None:
    first, second = Client(), Client()
    made = text(first, shop[page])
    asked = queries_of(second, shop[page])
    assert len(asked) <= 2, "what was changed, and whether price and stock still hold"
    assert text(second, shop[page]) == made
    assert "Elbschuh" in made


def test_between_two_looks_a_shared_page_asks_nothing(shop: dict[str, Any], settings: Any) -> None:
    settings.SHARED_CHECKED_S = 60
    text(Client(), shop["product"])
    assert queries_of(Client(), shop["product"]) == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_shown_at_once(page: str, change: str, shop: dict[str, Any]) -> None:
    reader = Client()
    before = text(reader, shop[page])
    CHANGES[change](shop)
    kept = reader.get(shop[page])
    caches["pages"].clear()
    parts.forget()
    fresh = Client().get(shop[page])
    assert (kept.status_code, kept.content) == (fresh.status_code, fresh.content)
    assert fresh.content.decode() != before, "the page does not show this change: it proves nothing"


@pytest.mark.parametrize("page", BLOCKS)
def test_every_block_of_a_kept_page_shows_a_changed_price_at_once(page: str, shop: dict[str, Any]) -> None:
    reader, url = Client(), shop[page]
    assert text(reader, url).count("99,90") == 3, "teaser, products, range"
    assert len(queries_of(reader, url)) <= 2, "it is kept"
    for record in variants(shop["shoe"]):
        set_price(stockrecord=record, gross_minor=5_550)
    after = text(reader, url)
    assert after.count("55,50") == 3 and "99,90" not in after


def test_one_piece_fewer_changes_the_product_page_and_leaves_the_other_pages_alone(
    shop: dict[str, Any],
) -> None:
    other = make_product("Priel", category=make_category("Stiefel"), stock=9)
    reader = Client()
    text(reader, shop["product"]), text(reader, other.get_absolute_url())
    change_stock(stockrecord_id=shop["record"].pk, change=-3)
    assert len(queries_of(reader, other.get_absolute_url())) <= 2
    assert len(queries_of(reader, shop["product"])) > 2


def test_one_piece_of_many_makes_no_page_anew_and_from_ten_on_each_does(shop: dict[str, Any]) -> None:
    reader, pk = Client(), shop["record"].pk
    StockRecord.objects.filter(pk=pk).update(num_in_stock=5_000, num_allocated=4_000)
    assert 'max="10"' in text(reader, shop["product"])
    StockRecord.objects.filter(pk=pk).update(num_allocated=4_990)
    assert len(queries_of(reader, shop["product"])) <= 2, "the page says the same of 1,000 pieces and of ten"
    StockRecord.objects.filter(pk=pk).update(num_allocated=4_991)
    assert 'max="9"' in text(reader, shop["product"])
    StockRecord.objects.filter(pk=pk).update(num_allocated=4_997)
    assert "Nur noch 3 da" in text(reader, shop["product"])


def test_a_new_product_stands_in_the_list_at_once(shop: dict[str, Any]) -> None:
    reader = Client()
    assert "Neuling" not in text(reader, shop["category"])
    make_product("Neuling", category=shop["node"])
    assert "Neuling" in text(reader, shop["category"])
    assert "Neuling" in text(reader, shop["home"])


def test_what_comes_back_into_stock_stands_in_the_list_of_what_is_available(shop: dict[str, Any]) -> None:
    gone = make_product("Rückkehrer", category=shop["node"], stock=0)
    reader, url = Client(), f"{shop['category']}?available=1"
    assert "Rückkehrer" not in text(reader, url)
    change_stock(stockrecord_id=variants(gone)[0].pk, change=1)
    assert "Rückkehrer" in text(reader, url)


def test_a_written_page_is_shared_and_follows_its_writer(shop: dict[str, Any]) -> None:
    write_home(texts={"de": {"title": "Kontor"}})

    def write(body: str) -> Any:
        said = {"slug": "impressum", "title": "Impressum", "body": body}
        return write_page(texts={"de": said}, key="imprint")["de"]

    url = Page.objects.get(pk=write("<p>Alt</p>").pk).url
    reader = Client()
    assert "Alt" in text(reader, url)
    assert len(queries_of(reader, url)) <= 2
    write("<p>Neu</p>")
    assert "Neu" in text(reader, url) and "Alt" not in text(reader, url)


def test_what_another_process_remembers_is_forgotten_when_words_change(shop: dict[str, Any]) -> None:
    reader = Client()
    text(reader, shop["home"])
    rows = Category.objects.filter(pk=shop["node"].pk)
    rows.update(name="Umbenannt")  # no signal: as if another process had done it
    assert "Umbenannt" in text(reader, shop["home"])


def test_a_page_made_from_old_rows_is_not_kept_for_the_truth(
    shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price changes after the rows were read and before the page is kept: the next reader sees the new one."""
    from catalogue import views

    render = views.render

    def late(*args: Any, **kwargs: Any) -> Any:
        answer = render(*args, **kwargs)
        StockRecord.objects.update(price="12.34")
        return answer

    monkeypatch.setattr(views, "render", late)
    assert "12,34" not in text(Client(), shop["product"])
    monkeypatch.setattr(views, "render", render)
    assert "12,34" in text(Client(), shop["product"])


# what the database notes


def test_every_table_of_the_list_has_its_triggers() -> None:
    assert guards.missing(triggers.GUARDS) == []
    one = triggers.GUARDS[0]
    on = f" ON {one.table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {one.name}{on}")
    assert [f.breaches for f in invariants.verify() if f.name == "changes are noted for shared pages"] == [
        [f"trigger {one.name} is missing"]
    ]


def test_a_trigger_that_listened_to_other_columns_is_made_anew() -> None:
    """In a shop of a former release it stands there by the same name."""
    former = next(
        one
        for one in sharing.watch("offer_conditionaloffer", sharing.RULES, "OLD.offer_type <> NEW.offer_type")
        if one.name == "shown_offer_conditionaloffer_update"
    )
    assert guards.install([former]) == [former.name]
    assert guards.missing(triggers.GUARDS) == [former.name]
    assert guards.install(triggers.GUARDS) == [former.name]
    assert guards.missing(triggers.GUARDS) == []


def test_sizes_that_are_made_once_more_change_no_page_and_new_ones_do(shop: dict[str, Any]) -> None:
    image = ProductImage.objects.create(product=shop["shoe"], original="a.png", widths=[200, 400])
    category = CategoryPicture.objects.create(original="b.png", widths=[200])
    for row in (image, category):
        rows = type(row).objects.filter(pk=row.pk)
        before = sharing.versions()
        rows.update(tries=1, next_at=now())
        rows.update(widths=row.widths, made_at=now(), trouble="", next_at=None)
        assert sharing.versions() == before
        rows.update(widths=[200, 400, 800])
        assert sharing.versions() != before


def test_a_rolled_back_change_clears_nothing_and_old_rows_go(shop: dict[str, Any]) -> None:
    before = sharing.versions()
    for title in ("A", "B"):
        Product.objects.filter(pk=shop["shoe"].pk).update(title=title)
    assert sharing.versions() != before
    sharing.clear()
    assert {name: n for name, _last, n in sharing.versions()} == {"words": 1, "offer": 1}


def test_clearing_brings_no_mark_back_that_was_there_before() -> None:
    """PostgreSQL: a transaction that took a number early commits late."""
    Change.objects.all().delete()
    numbers = [Change.objects.create(name=sharing.WORDS).pk for _row in range(3)]
    Change.objects.filter(pk=numbers[1]).delete()  # not committed yet
    marks = [sharing.versions()]
    sharing.clear()
    marks.append(sharing.versions())
    Change.objects.create(pk=numbers[1], name=sharing.WORDS)
    marks.append(sharing.versions())
    assert len(set(marks)) == 3


def test_who_hears_of_a_new_version_finds_the_former_state_forgotten(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Else a page would be made of former words and kept under the new mark."""
    monkeypatch.setattr(sharing, "_forgetters", [])
    settings.SHARED_CHECKED_S = 60
    seen: list[bool] = []

    def forget_late() -> None:
        other = threading.Thread(target=lambda: seen.append(sharing.versions() == former))
        other.start()
        other.join(0.2)  # it waits for us, or it has the former version
        waits.append(other)

    waits: list[threading.Thread] = []
    sharing.touch(sharing.WORDS)
    former = sharing.versions()
    sharing.touch(sharing.WORDS)
    sharing.when_changed(forget_late)
    monkeypatch.setattr(sharing, "_read", (0.0, former))
    assert sharing.versions() != former
    assert seen == [], "another thread had the new version before the former state was forgotten"
    waits[0].join(5)
    assert seen == [False]


def test_what_was_read_before_it_changed_is_not_remembered() -> None:
    memory: Memory[str] = Memory(60)

    def read() -> str:
        memory.forget()  # somebody changes it meanwhile
        return "former"

    assert memory.get(read) == "former"
    assert memory.get(lambda: "new") == "new"
    assert memory.get(lambda: "newer") == "new"


def test_a_page_made_private_is_private_at_once(shop: dict[str, Any]) -> None:
    write_home(texts={"de": {"title": "Kontor"}})
    texts = {"slug": "sommer", "title": "Sommer", "body": "<p>Bald</p>"}
    page = write_page(texts={"de": texts})["de"]
    assert "Bald" in text(Client(), page.url)
    PageViewRestriction.objects.create(page=page, restriction_type="password", password="geheim")
    assert "Bald" not in Client().get(page.url).content.decode()


def test_what_marketing_lifts_is_further_up_at_once_on_a_page_that_is_kept(
    shop: dict[str, Any], search_index: Index
) -> None:
    lifted = make_product("Halbschuh", description="wie der Elbschuh", category=shop["node"])
    search_index.hear()

    def order() -> list[str]:
        return re.findall(r"(Elbschuh|Halbschuh)</a></h3>", text(Client(), shop["search"]))

    assert order() == ["Elbschuh", "Halbschuh"]
    boost = Boost.objects.create(product=lifted, strength=Boost.FIRST)
    assert order() == ["Halbschuh", "Elbschuh"]
    boost.delete()
    assert order() == ["Elbschuh", "Halbschuh"]


def test_a_synonym_is_seen_at_once_on_a_page_that_is_kept(shop: dict[str, Any], search_index: Index) -> None:
    make_product("Deichtreter", category=shop["node"])
    search_index.hear()
    reader = Client()
    assert "Deichtreter" not in text(reader, shop["search"])
    assert len(queries_of(reader, shop["search"])) <= 2, "it is kept"
    synonym = Synonym.objects.create(words="Elbschuh, Deichtreter")
    assert "Deichtreter" in text(reader, shop["search"])
    Synonym.objects.filter(pk=synonym.pk).update(words="Elbschuh, Wattläufer")
    assert "Deichtreter" not in text(reader, shop["search"])
    Synonym.objects.filter(pk=synonym.pk).update(words="Elbschuh, Deichtreter")
    assert "Deichtreter" in text(reader, shop["search"])
    Synonym.objects.all().delete()
    assert "Deichtreter" not in text(reader, shop["search"])


def test_an_article_put_on_another_shelf_leaves_the_kept_pages_of_the_former_one(
    shop: dict[str, Any],
) -> None:
    other = make_category("Deichware")
    there = f"/catalogue/category/{other.slug}_{other.pk}/"
    reader = Client()
    assert "Elbschuh" in text(reader, shop["category"]) and "Elbschuh" not in text(reader, there)
    assert "Deichware" not in re.sub(
        r"(?s)<header.*?</header>|<footer.*?</footer>", "", text(reader, shop["product"])
    )
    ProductCategory.objects.filter(product=shop["shoe"]).update(category=other)
    assert "Elbschuh" not in text(reader, shop["category"]) and "Elbschuh" in text(reader, there)
    assert "Deichware" in re.sub(
        r"(?s)<header.*?</header>|<footer.*?</footer>", "", text(reader, shop["product"])
    )


def test_a_store_that_closes_and_a_visit_called_off_leave_the_product_page_at_once(
    shop: dict[str, Any],
) -> None:
    store = make_site("laden", name="Laden am Fleet")
    make_bin("LADEN-1", kind=SHOP_FLOOR, site=store, zone="L")
    visit = CutOff.objects.create(site=store, time=dt.time(23, 59), weekdays="1234567", holidays_of="")
    html = text(Client(), shop["product"])
    assert "Laden am Fleet" in html and "data-promise" in html
    CutOff.objects.filter(pk=visit.pk).delete()
    assert "data-promise" not in text(Client(), shop["product"])
    Site.objects.filter(pk=store.pk).update(is_active=False)
    assert "Laden am Fleet" not in text(Client(), shop["product"])


def test_a_reserved_piece_of_many_notes_nothing_and_the_last_one_does(shop: dict[str, Any]) -> None:
    before = sharing.versions()
    shop["record"].reserve(1)
    assert sharing.versions() == before
    shop["record"].reserve(4)
    assert sharing.versions() != before


def test_a_list_of_many_products_is_compared_in_the_same_two_queries() -> None:
    category = make_category("Viele")
    make_many(60, category=category, sizes=5)
    url = f"/catalogue/category/{category.slug}_{category.pk}/"
    text(Client(), url)
    assert len(queries_of(Client(), url)) == 2


def test_only_shared_pages_go_without_a_token(rf: Any) -> None:
    assert forms(rf.get("/")) == {}


def test_how_old_a_page_may_be_in_the_shop_itself_is_within_the_promised_second() -> None:
    assert 0 < CHECKED_S <= 1.0
    assert in_force.SHARED_CDN_S <= 1, "a CDN would show prices for longer than we promise"
