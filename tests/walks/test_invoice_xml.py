"""Two hundred orders, the whole way from basket to XML: valid by EN 16931, and added up by somebody else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from lxml import etree

from catalogue.partner import vat
from catalogue.partner.models import StockRecord
from checkout.basket.offers import apply_offers
from checkout.order.actions import place
from checkout.order.models import Line, Order
from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.invoicing.einvoice import to_xml, validate_many
from fulfilment.finance.invoicing.einvoice.cii import NAMESPACES
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import einvoice_for
from shop.kernel.clock import today
from tests.factories.offers import make_offer, make_voucher
from tests.factories.orders import make_country
from tests.factories.shopping import make_basket, make_placement, make_variant

ORDERS = 200
COUNTRIES = ("DE", "AT", "FR", "NL", "DK", "ES", "HU", "LU", "PL", "IT", "BE")
PRICES = (1, 99, 333, 1_190, 4_995, 8_990, 11_999, 26_900, 100_001)
SHIPPING = (0, 1, 490, 895)


@dataclass(frozen=True)
class Issued:
    """An invoice with the order it came from and its XML."""

    invoice: Invoice
    order: Order
    pieces: dict[int, int]
    carries_shipping: bool
    xml: bytes


def shelf() -> list[StockRecord]:
    """Goods at every price and in every VAT class (a printed book is taxed at the reduced rate)."""
    return [
        make_variant(
            price_minor=price, stock=100_000, vat_class=rate, title="Buch" if rate == "reduced" else "Schuh"
        )
        for price in PRICES
        for rate in ("standard", "reduced", "zero")
    ]


def order_of(dice: random.Random, goods: list[StockRecord], vouchers: list[Any]) -> Order:
    """A random basket, with offers and sometimes a voucher, placed as the checkout places it."""
    chosen = dice.sample(goods, dice.randint(1, 6))
    basket = make_basket(*[(record, dice.choice((1, 1, 2, 3, 7))) for record in chosen])
    if dice.random() < 0.4:
        basket.vouchers.add(dice.choice(vouchers))
    apply_offers(basket, AnonymousUser())
    country = dice.choice(COUNTRIES)
    pick_up = country == "DE" and dice.random() < 0.2
    return place(
        make_placement(
            basket,
            method=dice.choice(("invoice", "prepayment", "card")),
            country=country,
            shipping_minor=0 if pick_up else dice.choice(SHIPPING),
            language=dice.choice(("de", "en")),
            delivery_code="store" if pick_up else "home",
        )
    )


def parcels_of(dice: random.Random, order: Order) -> list[dict[int, int]]:
    """All pieces of an order in one to three parcels."""
    parcels: list[dict[int, int]] = [{} for _ in range(dice.choice((1, 1, 2, 3)))]
    for line in order.lines.all():
        for _ in range(line.quantity):
            parcel = dice.choice(parcels)
            parcel[line.pk] = parcel.get(line.pk, 0) + 1
    return [parcel for parcel in parcels if parcel]


def issue(dice: random.Random, order: Order) -> Iterator[Issued]:
    for number, pieces in enumerate(parcels_of(dice, order)):
        invoice = issue_for_parcel(
            parcel_id=order.pk * 10 + number, order_id=order.pk, quantities=pieces, dispatched_on=today()
        )
        yield Issued(invoice, order, pieces, number == 0, to_xml(einvoice_for(invoice)))


@pytest.fixture(scope="module")
def issued(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Issued]]:
    """Every invoice of 200 orders; made once, taken back when the module is done."""
    with django_db_blocker.unblock():
        vat.forget()
        dice = random.Random(16_931)
        try:
            with transaction.atomic():
                for code in COUNTRIES:
                    make_country(code, code)
                make_offer("Drei Paar", percent=7, at_least=3)
                vouchers = [make_voucher("ZEHN", percent=10), make_voucher("FUENFER", minor=500)]
                goods = shelf()
                orders = [order_of(dice, goods, vouchers) for _ in range(ORDERS)]
                yield [document for order in orders for document in issue(dice, order)]
                transaction.set_rollback(True)
        finally:
            vat.forget()


def value(root: etree._Element, path: str) -> Fraction:
    """A decimal amount of the XML, exactly."""
    return Fraction(root.xpath(f"string((//{path})[1])", namespaces=NAMESPACES))


def half_up(amount: Fraction) -> int:
    """Whole cents, halves upwards; amounts here are not negative."""
    return int(amount + Fraction(1, 2))


def vat_inside(gross: Fraction, rate_bp: int) -> Fraction:
    return gross * rate_bp / (10_000 + rate_bp)


def gross_of(document: Issued, lines: dict[int, Line]) -> Fraction:
    """What the parcel's pieces cost by the order, unrounded: its share of each line, and the shipping charge once."""
    goods = sum(
        (
            Fraction(lines[pk].gross_minor * count, lines[pk].quantity)
            for pk, count in document.pieces.items()
        ),
        Fraction(0),
    )
    return goods + (document.order.shipping_minor if document.carries_shipping else 0)


def lines_by_id(documents: list[Issued]) -> dict[int, Line]:
    return {line.pk: line for line in Line.objects.filter(order__in={one.order.pk for one in documents})}


def test_the_generated_orders_meet_every_case(issued: list[Issued]) -> None:
    orders = {one.order.pk: one.order for one in issued}.values()
    lines = lines_by_id(issued).values()
    assert len(orders) == ORDERS
    assert {order.vat_country for order in orders} == set(COUNTRIES)
    assert len({line.vat_rate_bp for line in lines}) > 10
    assert sum(line.gross_minor < line.gross_before_discount_minor for line in lines) > 50
    assert any(order.shipping_minor == 0 for order in orders)
    assert any(order.shipping_minor for order in orders)
    assert len(issued) > ORDERS + 50, "some orders leave in several parcels"
    assert any(len(one.invoice.taxes) > 2 for one in issued)


def test_every_invoice_of_two_hundred_orders_is_valid_and_a_broken_one_is_not(issued: list[Issued]) -> None:
    broken = etree.fromstring(issued[0].xml)
    total = broken.find(".//{*}GrandTotalAmount")
    total.text = str(float(total.text) + 0.01)
    *reports, of_broken = validate_many([*[one.xml for one in issued], etree.tostring(broken)])
    faults = {
        one.invoice.number: [f"{found.rule}: {found.text}" for found in report if found.severity == "fatal"]
        for one, report in zip(issued, reports, strict=True)
    }
    assert {number: found for number, found in faults.items() if found} == {}
    assert "BR-CO-15" in {found.rule for found in of_broken}


def test_the_invoices_of_an_order_add_up_to_what_was_agreed(issued: list[Issued]) -> None:
    sums: dict[int, Fraction] = {}
    for one in issued:
        asked = value(etree.fromstring(one.xml), "ram:GrandTotalAmount") * 100
        sums[one.order.pk] = sums.get(one.order.pk, Fraction(0)) + asked
    assert sums == {one.order.pk: one.order.total_minor for one in issued}


def test_each_invoice_asks_its_share_of_the_order_to_the_cent_per_line(issued: list[Issued]) -> None:
    lines = lines_by_id(issued)
    for one in issued:
        root = etree.fromstring(one.xml)
        asked = value(root, "ram:GrandTotalAmount") * 100
        assert abs(asked - gross_of(one, lines)) < len(one.pieces), one.invoice.number
        if sum(one.pieces.values()) == sum(line.quantity for line in one.order.lines.all()):
            assert asked == one.order.total_minor


def test_net_and_vat_per_rate_are_those_an_accountant_recomputes_from_the_order(issued: list[Issued]) -> None:
    lines = lines_by_id(issued)
    for one in issued:
        root = etree.fromstring(one.xml)
        rates: dict[int, tuple[Fraction, int]] = {}
        for pk, count in one.pieces.items():
            line = lines[pk]
            gross, roundings = rates.get(line.vat_rate_bp, (Fraction(0), 0))
            rates[line.vat_rate_bp] = (
                gross + Fraction(line.gross_minor * count, line.quantity),
                roundings + 1,
            )
        if one.carries_shipping and one.order.shipping_minor:
            gross, roundings = rates.get(one.order.shipping_rate_bp, (Fraction(0), 0))
            rates[one.order.shipping_rate_bp] = (gross + one.order.shipping_minor, roundings + 1)
        told = root.xpath(
            "//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax", namespaces=NAMESPACES
        )
        assert len(told) == len(rates), one.invoice.number
        for tax in told:
            rate = int(Fraction(tax.findtext("{*}RateApplicablePercent") or "0") * 100)
            gross, roundings = rates[rate]
            amount, basis = (
                Fraction(tax.findtext(f"{{*}}{name}")) * 100 for name in ("CalculatedAmount", "BasisAmount")
            )
            # each line is rounded for itself, so the sum may be off by under a cent per line and never more
            assert abs(amount - vat_inside(gross, rate)) < roundings, (one.invoice.number, rate)
            assert abs(amount + basis - gross) < roundings, (one.invoice.number, rate)


def test_an_order_in_one_parcel_carries_the_vat_of_its_lines_rounded_once_each(issued: list[Issued]) -> None:
    whole = [
        one for one in issued if sum(one.pieces.values()) == sum(x.quantity for x in one.order.lines.all())
    ]
    assert len(whole) > 50
    for one in whole:
        order, root = one.order, etree.fromstring(one.xml)
        expected = sum(half_up(vat_inside(Fraction(x.gross_minor), x.vat_rate_bp)) for x in order.lines.all())
        expected += half_up(vat_inside(Fraction(order.shipping_minor), order.shipping_rate_bp))
        assert value(root, "ram:TaxTotalAmount") * 100 == expected, one.invoice.number
