"""What the demo shop needs beyond every shop's base data: its own address, its store, its bins."""

from __future__ import annotations

from checkout.basedata import PICKUP_DESCRIPTION
from checkout.shipping.models import DeliveryMethod
from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.invoicing.models import MerchantProfile
from fulfilment.finance.ledger.models import Account
from fulfilment.warehouse.dispatch.models import Carton
from fulfilment.warehouse.stock.actions import default_site, packing_place, place_zone
from fulfilment.warehouse.stock.models import Bin, Site, Zone
from shop.demo.merchant import MERCHANT
from shop.demo.seeding import warehouse

#: Bins beside the shelves: code, zone, kind, turn on the walk.
EXTRA_BINS = (
    ("WE-01", "W", "receiving", 1),
    ("R-01", "R", "reserve", 800_000),
    ("RETOURE-01", "X", "returns", 960_000),
    ("SPERR-01", "X", "quarantine", 960_010),
    ("B-WARE-01", "X", "b_stock", 960_020),
)
#: What the zones are called where they are no shelves of a category.
ZONE_NAMES = {
    "W": "Wareneingang",
    "R": "Reserve",
    "P": "Packplatz",
    "X": "Gesperrt und zurück",
    "L": "Verkaufsfläche",
}


#: Cartons of the demo's packing table: code, name, inner measures in mm, own weight and limit in g.
CARTONS = (
    ("K-S", "Päckchen", (250, 175, 100), 120, 5_000),
    ("K-M", "Schuhkarton", (350, 250, 140), 250, 8_000),
    ("K-L", "Zwei Paar", (380, 300, 280), 420, 15_000),
    ("K-XL", "Großer Karton", (600, 400, 400), 900, 31_500),
)


def seed_basics() -> None:
    """The demo's seller, its store, site and common bins. Countries, VAT, delivery and payment rules every shop has
    from its first migration on (catalogue/partner/basedata.py, checkout/basedata.py)."""
    _store()
    _seller()
    _bank_account()
    site()
    warehouse.store()
    warehouse.visits()
    _name_zones()
    _cartons()


def _cartons() -> None:
    """The packing table's cartons, unless staff have entered theirs."""
    if Carton.objects.exists():
        return
    Carton.objects.bulk_create(
        Carton(
            code=code, name=name, length_mm=sides[0], width_mm=sides[1], height_mm=sides[2],
            weight_g=weight, max_weight_g=most,
        )
        for code, name, sides, weight, most in CARTONS
    )  # fmt: skip


def _store() -> None:
    """Where to fetch things, unless staff have said otherwise."""
    texts = {
        "en": {
            "name": "Collect in the shop",
            "description": "We write to you as soon as it is ready",
        }
    }
    DeliveryMethod.objects.filter(code="pickup", description=PICKUP_DESCRIPTION).update(
        description="Wir schreiben Ihnen, sobald alles bereitliegt", texts=texts
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


def _bank_account() -> None:
    """The account that stands on the demo's invoices, as main account; its statements can be imported at once."""
    facts = {
        "name": "Girokonto",
        "bic": MERCHANT.bic,
        "bank_name": MERCHANT.bank_name,
        "ledger_account": Account.objects.get(role="bank"),
        "is_default": not BankAccount.objects.filter(is_default=True).exists(),
    }
    BankAccount.objects.get_or_create(iban=MERCHANT.iban, defaults=facts)


def site() -> Site:
    """The warehouse, with the seller as sender of its parcels, and its common bins."""
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


def _name_zones() -> None:
    """Names for zones that have none; what staff call them stays."""
    for code, name in ZONE_NAMES.items():
        Zone.objects.filter(code=code, name="").update(name=name)
