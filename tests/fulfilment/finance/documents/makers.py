"""Makers of invoices for the tests of documents: none of them touches a database."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

from fulfilment.finance.invoicing.einvoice import (
    AllowanceCharge,
    EInvoice,
    InvoiceReference,
    Kind,
    Line,
    Party,
    PaymentInstructions,
    VatCategory,
    spread,
    totals,
)

SELLER = Party(
    name="Petersen & Söhne Schuhhandel GmbH",
    street="Am Sandtorkai 12",
    postcode="20457",
    city="Hamburg",
    vat_id="DE123456789",
    tax_number="48/123/45678",
    register="Amtsgericht Hamburg, HRB 98765",
    managers="Geschäftsführung: Hanna Petersen",
    email="kontor@example.org",
    phone="+49 40 123456",
    trading_name="Kontor",
)
BUYER = Party(name="Erika Mustermann", street="Bahrenfelder Straße 7", postcode="22765", city="Hamburg")
TRANSFER = PaymentInstructions(
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    account_name="Petersen & Söhne",
    reference="R2026-000123",
)
CARD = PaymentInstructions(means="48", text="Visa ending in 4242", card_digits="4242")
DAY = dt.date(2026, 11, 20)

#: VAT rates in basis points that a shop in Germany meets: at home, and by OSS in the countries it ships to.
RATES = {
    "DE": (1900, 700),
    "AT": (2000, 1000, 1300),
    "FR": (2000, 1000, 550, 210),
    "DK": (2500,),
    "HU": (2700, 1800, 500),
    "LU": (1700, 800, 300),
    "FI": (2550, 1400, 1000),
    "IE": (2300, 1350, 900, 480),
}
WITHOUT_VAT = (
    VatCategory.REVERSE_CHARGE,
    VatCategory.INTRA_COMMUNITY,
    VatCategory.EXPORT,
    VatCategory.EXEMPT,
)


def invoice(**changes) -> EInvoice:
    """A plain invoice over two rates with shipping and a voucher; ``changes`` replace its facts."""
    lines = (
        Line(
            "Schnürstiefel Elbe", 2, 38_980, discount_minor=1000, discount_reason="Treuerabatt", sku="ELB-42"
        ),
        Line("Schuhwachs, 75 ml", 3, 2997, attributes=(("Farbe", "farblos"),)),
        Line("Buch: Schuhe richtig pflegen", 1, 1499, rate_bp=700),
    )
    facts = {
        "number": "R2026-000123",
        "issue_date": DAY,
        "seller": SELLER,
        "buyer": BUYER,
        "lines": lines,
        "allowances_charges": (
            AllowanceCharge(True, 495, "Versand", reason_code="DL"),
            *spread(is_charge=False, gross_minor=500, reason="Gutschein", over=lines, reason_code="95"),
        ),
        "delivery_date": DAY,
        "due_date": DAY + dt.timedelta(days=14),
        "payment": TRANSFER,
        "order_number": "100001",
    }
    return EInvoice(**{**facts, **changes})


def random_invoice(seed: int) -> EInvoice:
    """One of endlessly many orders: countries and rates, discounts, shipping, kinds, prepaid amounts,
    business abroad."""
    rng = random.Random(seed)
    country = rng.choice(list(RATES))
    category = rng.choice(WITHOUT_VAT) if seed % 5 == 0 else VatCategory.STANDARD
    rates = RATES[country] if category == VatCategory.STANDARD else (0,)
    lines = tuple(_random_line(rng, category, rng.choice(rates)) for _ in range(rng.randint(1, 12)))
    goods = sum(line.gross_minor for line in lines)
    extras: tuple[AllowanceCharge, ...] = ()
    if rng.random() < 0.7:
        extras += (
            AllowanceCharge(
                True, rng.choice((0, 395, 495, 1290)), "Versand", lines[0].rate_bp, category, "DL"
            ),
        )
    if rng.random() < 0.5:
        voucher = rng.randint(0, goods)
        extras += spread(
            is_charge=False, gross_minor=voucher, reason="Gutschein", over=lines, reason_code="95"
        )
    kind = rng.choice((Kind.INVOICE, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.CANCELLATION))
    business = category != VatCategory.STANDARD
    buyer = Party(
        name="Käufer & Co <KG>" if business else "Zoë O'Neill",
        street="Rue 1",
        postcode="1000",
        city="Ort",
        country="CH" if category == VatCategory.EXPORT else country,
        vat_id="ATU12345675" if business else "",
    )
    draft = EInvoice(
        number=f"R2026-{seed:06}",
        issue_date=DAY,
        seller=SELLER,
        buyer=buyer,
        lines=lines,
        kind=kind,
        allowances_charges=extras,
        delivery_date=DAY,
        due_date=DAY + dt.timedelta(days=14),
        payment=rng.choice((TRANSFER, CARD, None)),
        prepaid_minor=0,
        ship_to=rng.choice(
            (None, Party("Lager", "Kai 5", postcode="2000", city="Hafen", country=buyer.country))
        ),
        preceding=None if kind is Kind.INVOICE else InvoiceReference("R2026-000001", DAY),
        order_number=str(100_000 + seed),
        exemption_reason="Kleinunternehmer, § 19 UStG" if category == VatCategory.EXEMPT else "",
        notes=("Danke!",) if rng.random() < 0.5 else (),
    )
    return _with_prepaid(draft, rng)


def _random_line(rng: random.Random, category: VatCategory, rate_bp: int) -> Line:
    quantity = rng.choice((1, 1, 2, 3, 7, 12, 250))
    before = rng.choice((0, 1, 4995, 9995, rng.randint(1, 100_000))) * quantity
    discount = rng.choice((0, 0, rng.randint(0, before)))
    return Line(
        name=rng.choice(("Stiefel", "Größe <42> & mehr", "Wachs", "Bürste 'Alster'")),
        quantity=quantity,
        gross_minor=before - discount,
        discount_minor=discount,
        rate_bp=rate_bp,
        category=category,
        sku=rng.choice(("", "SKU-1")),
        ean=rng.choice(("", "4006381333931")),
        attributes=rng.choice(((), (("Größe", "42"), ("Farbe", "Navy")))),
    )


def _with_prepaid(draft: EInvoice, rng: random.Random) -> EInvoice:
    gross = totals(draft).gross_minor
    return replace(draft, prepaid_minor=rng.choice((0, gross, gross // 2)) if gross > 0 else 0)
