"""The seed: makes the whole shop, may be repeated, leaves what staff have changed, keeps the sums true."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Sum
from stdnum import ean

from catalogue.models import Category, CategoryPicture, Product, ProductImage
from catalogue.partner.models import PricePeriod, StockRecord
from catalogue.partner.prices import lowest_before
from checkout.order.models import Line, Order
from checkout.payment.models import CustomerCredit, MethodRule, Payment
from checkout.shipping.models import DeliveryMethod
from fulfilment.warehouse.picking.promises import picked_on, promises
from fulfilment.warehouse.stock.codes import find_article
from fulfilment.warehouse.stock.models import Barcode, Bin, BinStock, Lot, LotStock, Movement, Site
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from shop.demo.logins import demo_logins
from shop.demo.range import products
from shop.demo.seeding import goods
from shop.kernel.models import Delivery, Message
from shop.pages.models import ContentPage, HomePage

COUNTED = (
    Product, StockRecord, PricePeriod, Category, Bin, BinStock, Movement, Barcode, Lot, Site, User,
    DeliveryMethod, MethodRule, HomePage, ContentPage, ProductImage,
)  # fmt: skip


def seed(**options: Any) -> None:
    """Run the command quietly and without pictures."""
    call_command("seed", verbosity=0, no_pictures=True, **options)


def counts() -> dict[str, int]:
    """How many rows there are of everything the seed makes."""
    return {model.__name__: model.objects.count() for model in COUNTED}


@pytest.mark.django_db
def test_the_demo_shop_is_complete_and_a_second_run_changes_nothing() -> None:
    seed(demo=True)
    first = counts()
    assert first["Product"] == len(products()) + sum(len(product.items) for product in products())
    assert stock_differences() == []
    pieces = StockRecord.objects.aggregate(n=Sum("num_in_stock"))["n"]
    assert pieces == sum(item.stock for product in products() for item in product.items)
    assert {site.code for site in Site.objects.all()} == {"main", "laden"}
    assert set(Bin.KINDS) - {(bin.kind, bin.get_kind_display()) for bin in Bin.objects.all()} == {
        kind for kind in Bin.KINDS if kind[0] == "transit"
    }
    assert BinStock.objects.filter(bin__site__code="laden", quantity__gt=0).count() > 20
    for pack in Barcode.objects.all():
        found = find_article(pack.code)
        assert ean.is_valid(pack.code) and found is not None and found.pieces == pack.pieces > 1
    first_lot, second_lot = Lot.objects.filter(stockrecord__handling__tracking="lot")
    assert first_lot.best_before < second_lot.best_before
    _every_piece_of_one_article_has_a_serial_number()
    sites = Site.objects.values_list("pk", flat=True)
    assert promises(list(sites)) and picked_on() is not None, "product pages promise a day"
    # every rule of law is tried on it, and holds: with the pictures, which are drawn in a test of their own
    drawn = ProductImage.objects.bulk_create(
        ProductImage(product=one, original=f"images/{one.pk}.png")
        for one in Product.objects.filter(parent=None)
    )
    call_command("legal_check", "--complete", stdout=StringIO())
    ProductImage.objects.filter(pk__in=[one.pk for one in drawn]).delete()
    changed = StockRecord.objects.order_by("pk").first()
    assert changed is not None
    StockRecord.objects.filter(pk=changed.pk).update(price=1)
    seed(demo=True)
    assert counts() == first
    changed.refresh_from_db()
    assert changed.price == 1  # a price that staff have set is left alone
    assert StockRecord.objects.aggregate(n=Sum("num_in_stock"))["n"] == pieces
    _everybody_may_sign_in()
    _texts_are_there_in_both_languages()


def _every_piece_of_one_article_has_a_serial_number() -> None:
    (numbered,) = [product for product in products() if product.slug == "schuhspanner-nummeriert"]
    records = StockRecord.objects.filter(handling__tracking="serial")
    assert {record.partner_sku for record in records} == {item.sku for item in numbered.items}
    for record in records:
        serials = LotStock.objects.filter(lot__stockrecord=record, quantity=1, bin__kind="pick")
        assert serials.count() == record.num_in_stock == 4
        assert serials.filter(lot__is_serial=True, lot__code__startswith="BE").count() == 4
        assert record.handling.length_mm > 0


def _everybody_may_sign_in() -> None:
    for role, email, password in demo_logins():
        user = User.objects.get(email=email)
        assert user.check_password(password)
        assert user.is_staff == (role != "shopper")
        assert role == "shopper" or user.groups.filter(name=role).exists()
    assert CustomerCredit.objects.filter(released=True).count() == 1


def _texts_are_there_in_both_languages() -> None:
    parents = Product.objects.filter(parent=None)
    assert not [
        p.slug for p in parents if not p.texts["en"]["description"] or not p.description or not p.search_text
    ]
    assert set(HomePage.objects.values_list("locale__language_code", flat=True)) == {"de", "en"}
    keys = {"shipping", "withdrawal", "terms", "privacy", "accessibility", "imprint"}
    for language in ("de", "en"):
        assert keys <= set(
            ContentPage.objects.filter(locale__language_code=language).values_list("key", flat=True)
        )


@pytest.mark.django_db
def test_price_history_in_the_database_agrees_with_the_rule_for_reductions() -> None:
    goods.seed_goods()
    reduced = StockRecord.objects.exclude(reference_price_minor=None).order_by("pk")[::29]
    assert len(reduced) > 3
    for record in reduced:
        present = record.price_periods.get(valid_to=None)
        assert present.gross_minor == record.price_minor
        before = lowest_before(record, present.valid_from)
        assert record.reference_price_minor == before
        assert before is not None
        assert before > record.price_minor
    gaps = PricePeriod.objects.values("stockrecord").annotate(n=Count("id")).filter(n__gt=3)
    assert not gaps.exists()


@pytest.mark.django_db
def test_bulk_products_are_in_bins_priced_searchable_and_may_be_added_to() -> None:
    seed(products=7)
    seed(products=5)
    bulk = Product.objects.filter(parent=None, slug__regex=r"-\d+$")
    assert bulk.count() == 12
    assert Product.objects.filter(parent__in=bulk).count() == 24
    assert not bulk.filter(search_text="").exists()
    assert stock_differences() == []
    records = StockRecord.objects.filter(product__parent__in=bulk)
    assert records.filter(num_in_stock__gt=0).count() == 24
    assert PricePeriod.objects.filter(stockrecord__in=records, valid_to=None).count() == 24


@pytest.mark.django_db
def test_bulk_orders_reserve_stock_tell_the_house_once_and_add_up() -> None:
    seed(products=6)
    seed(orders=25, no_drain=True)
    assert Order.objects.count() == 25
    assert stock_differences() == []  # reserved = open reservations
    paid = Order.objects.filter(status="confirmed")
    assert paid.count() == 22
    assert Message.objects.filter(name="OrderConfirmed").count() == 22
    assert Message.objects.filter(name="PaymentCaptured").count() == 22
    assert Message.objects.filter(name="OrderPlaced").count() == 25
    for order in Order.objects.all():
        goods_minor = Line.objects.filter(order=order).aggregate(n=Sum("gross_minor"))["n"]
        assert order.total_minor == goods_minor + order.shipping_minor
        payment = Payment.objects.get(order=order)
        assert payment.amount_minor == order.total_minor
        assert (payment.state == "captured") == (order.status == "confirmed")
    assert not StockRecord.objects.filter(num_allocated__gt=F("num_in_stock")).exists()


@pytest.mark.django_db
def test_the_house_does_its_part_for_bulk_orders() -> None:
    from fulfilment.warehouse.picking.models import PickList

    seed(products=6)
    seed(orders=10)
    assert PickList.objects.count() == Order.objects.filter(status="confirmed").count() == 9
    call_command("verify", verbosity=0, stdout=StringIO())  # exits with 1 when one invariant does not hold
    assert not Delivery.objects.exclude(state="done").exists()
    assert stock_differences() == []


@pytest.mark.django_db
def test_orders_without_stock_and_a_seed_of_nothing_are_refused_in_words() -> None:
    with pytest.raises(CommandError, match="Say what to make"):
        seed()
    with pytest.raises(CommandError, match="Nothing is in stock"):
        seed(orders=1)
    with pytest.raises(CommandError, match="from 1 on"):
        seed(products=-1)
    seed(products=1)
    with pytest.raises(CommandError, match="used up"):
        seed(orders=500)


@pytest.mark.django_db
def test_pictures_are_drawn_once_and_kept(
    settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.demo.seeding import pictures

    settings.MEDIA_ROOT = tmp_path
    some = products()[:2]
    monkeypatch.setattr(pictures.data, "products", lambda: some)
    monkeypatch.setattr(goods, "_related", lambda parents: None)
    monkeypatch.setattr(goods, "FEATURED", (some[0].slug,))
    parents = goods.seed_goods()
    shelf = pictures.data.categories()[0]
    monkeypatch.setattr(pictures.data, "categories", lambda: (shelf,))
    wanted = sum(len(product.shades) for product in some) * 2
    assert pictures.seed_pictures(parents) == wanted
    assert ProductImage.objects.count() == wanted
    assert len(list(tmp_path.rglob("*@400.webp"))) == wanted + 1, "and of the category"
    assert CategoryPicture.objects.get().widths == [200, 400, 800]
    assert pictures.seed_pictures(parents) == 0
    assert ProductImage.objects.count() == wanted
