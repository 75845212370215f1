"""What every shop needs before it can sell: countries, VAT, delivery, ways to pay, its own address, bins."""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import cache
from typing import Any

from oscar.apps.address.models import Country

from catalogue.partner import vat
from catalogue.partner.models import VatRate
from checkout.payment.models import MethodRule
from checkout.shipping.models import DeliveryCharge, DeliveryMethod
from fulfilment.finance.invoicing.models import MerchantProfile
from fulfilment.warehouse.stock.actions import default_site, packing_place
from fulfilment.warehouse.stock.models import Bin, Site
from shop.demo.merchant import MERCHANT
from shop.demo.range import DATA

#: Bins beside the shelves: code, zone, kind, turn on the walk.
EXTRA_BINS = (
    ("WE-01", "W", "receiving", 1),
    ("R-01", "R", "reserve", 800_000),
    ("LADEN", "L", "shop_floor", 850_000),
)


@cache
def trade() -> dict[str, Any]:
    """The trade terms of the demo shop."""
    return tomllib.loads((DATA / "trade.toml").read_text(encoding="utf-8"))


def seed_basics() -> None:
    """Countries with VAT, delivery methods, payment rules, seller, site and common bins."""
    _countries()
    _delivery()
    _payment_rules()
    _seller()
    site()


def _countries() -> None:
    for row in trade()["countries"]:
        names = {"name": row["name"], "printable_name": row["name"], "is_shipping_country": True}
        names["display_order"] = 1 if row["code"] == "DE" else 0
        Country.objects.update_or_create(iso_3166_1_a2=row["code"], defaults=names)
        rates = [*row["vat"], {"class": "zero", "bp": 0, "from": "2000-01-01"}]
        for rate in rates:
            VatRate.objects.get_or_create(
                country=row["code"],
                vat_class=rate["class"],
                valid_from=dt.date.fromisoformat(rate["from"]),
                defaults={"rate_bp": rate["bp"], "source": row["source"]},
            )
    vat.forget()


def _delivery() -> None:
    for position, row in enumerate(trade()["methods"]):
        facts = {
            "kind": row["kind"],
            "name": row["name"],
            "description": row["description"],
            "texts": {"en": row["en"]},
            "carrier": row["carrier"],
            "days_min": row["days"][0],
            "days_max": row["days"][1],
            "position": position,
        }
        method, made = DeliveryMethod.objects.get_or_create(code=row["code"], defaults=facts)
        if not made:
            continue  # staff may have changed it
        DeliveryCharge.objects.bulk_create(
            DeliveryCharge(
                method=method,
                country=country,
                weight_to_g=grams,
                gross_minor=cents,
                free_from_minor=free or None,
            )
            for country, grams, cents, free in row["charges"]
        )


def _payment_rules() -> None:
    for row in trade()["payment"]:
        MethodRule.objects.get_or_create(
            method=row["method"], defaults={key: value for key, value in row.items() if key != "method"}
        )


def _seller() -> None:
    """The merchant's own row, unless somebody has entered a real one."""
    facts = {
        "name": MERCHANT.company,
        "trading_name": MERCHANT.brand,
        "street": MERCHANT.street,
        "postcode": MERCHANT.postcode,
        "city": MERCHANT.city,
        "country": MERCHANT.country,
        "vat_id": MERCHANT.vat_id,
        "tax_number": MERCHANT.tax_number,
        "register": f"{MERCHANT.register_court}, {MERCHANT.register_number}",
        "managers": ", ".join(MERCHANT.directors),
        "iban": MERCHANT.iban,
        "bic": MERCHANT.bic,
        "bank_name": MERCHANT.bank_name,
        "email": MERCHANT.email,
        "phone": MERCHANT.phone,
        "website": MERCHANT.website,
    }
    from fulfilment.finance.invoicing.merchant import DEFAULT

    profile, made = MerchantProfile.objects.get_or_create(pk=1, defaults=facts)
    if not made and profile.name == DEFAULT["name"]:
        MerchantProfile.objects.filter(pk=1).update(**facts)


def site() -> Site:
    """The one warehouse, with the seller as sender of its parcels, and its common bins."""
    place = default_site()
    if not place.company:
        place.name = "Lager am Musterfleet"
        place.company, place.street = MERCHANT.company, MERCHANT.street
        place.postcode, place.city = MERCHANT.postcode, MERCHANT.city
        place.email, place.phone = MERCHANT.email, MERCHANT.phone
        place.save()
    packing_place()
    for code, zone, kind, sequence in EXTRA_BINS:
        Bin.objects.get_or_create(
            code=code, defaults={"site": place, "zone": zone, "kind": kind, "sequence": sequence}
        )
    return place
