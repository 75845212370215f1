"""What the demo shop needs beyond every shop's base data: its own address, its store, its bins."""

from __future__ import annotations

from checkout.basedata import PICKUP_DESCRIPTION
from checkout.shipping.models import DeliveryMethod
from fulfilment.finance.invoicing.models import MerchantProfile
from fulfilment.warehouse.stock.actions import default_site, packing_place, place_zone
from fulfilment.warehouse.stock.models import Bin, Site
from shop.demo.merchant import MERCHANT

STORE = f"{MERCHANT.street}, {MERCHANT.city}"
#: Bins beside the shelves: code, zone, kind, turn on the walk.
EXTRA_BINS = (
    ("WE-01", "W", "receiving", 1),
    ("R-01", "R", "reserve", 800_000),
    ("LADEN", "L", "shop_floor", 850_000),
)


def seed_basics() -> None:
    """The demo's seller, its store, site and common bins. Countries, VAT, delivery and payment rules every shop has
    from its first migration on (catalogue/partner/basedata.py, checkout/basedata.py)."""
    _store()
    _seller()
    site()


def _store() -> None:
    """Where to fetch things, unless staff have said otherwise."""
    texts = {
        "en": {
            "name": "Collect in the shop",
            "description": f"{STORE}; we write to you as soon as it is ready",
        }
    }
    DeliveryMethod.objects.filter(code="pickup", description=PICKUP_DESCRIPTION).update(
        description=f"{STORE}; wir schreiben Ihnen, sobald alles bereitliegt", texts=texts
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
        row = place_zone(site=place, code=zone, sequence=sequence)
        facts = {"site": place, "zone": row, "kind": kind, "sequence": sequence}
        Bin.objects.get_or_create(code=code, defaults=facts)
    return place
