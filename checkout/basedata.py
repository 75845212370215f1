"""Facts that every shop needs from the first minute: countries, ways to deliver, ways to pay. All of it is data that
staff may change; this only enters what is missing."""

from __future__ import annotations

from django.db import transaction
from oscar.apps.address.models import Country

from checkout.payment.models import CARD, INVOICE, PREPAYMENT, MethodRule
from checkout.shipping.models import HOME, PICKUP, DeliveryCharge, DeliveryMethod

#: ISO code, alpha-3, name as in the country itself's neighbourhood, in the order shown.
COUNTRIES = [
    ("DE", "DEU", "Deutschland"),
    ("AT", "AUT", "Österreich"),
    ("BE", "BEL", "Belgien"),
    ("DK", "DNK", "Dänemark"),
    ("ES", "ESP", "Spanien"),
    ("FR", "FRA", "Frankreich"),
    ("HU", "HUN", "Ungarn"),
    ("IT", "ITA", "Italien"),
    ("LU", "LUX", "Luxemburg"),
    ("NL", "NLD", "Niederlande"),
    ("PL", "POL", "Polen"),
]
#: Home delivery: weight up to (g) -> gross charge (cents), at home and abroad.
BANDS_HOME = [(2_000, 490), (5_000, 590), (10_000, 790), (31_500, 1690)]
BANDS_ABROAD = [(2_000, 990), (5_000, 1290), (10_000, 1790), (31_500, 3490)]
PICKUP_DESCRIPTION = "Wir legen alles bereit und schreiben Ihnen"
FREE_FROM_MINOR = 10_000  #: free delivery at home from this goods total


def ensure() -> None:
    """Enter what is missing. Idempotent, runs after every migrate."""
    with transaction.atomic():
        _countries()
        _delivery()
        _payment()


def _countries() -> None:
    known = set(Country.objects.values_list("pk", flat=True))
    Country.objects.bulk_create(
        [
            Country(
                iso_3166_1_a2=code,
                iso_3166_1_a3=alpha3,
                printable_name=name,
                name=name,
                display_order=len(COUNTRIES) - position,
                is_shipping_country=True,
            )
            for position, (code, alpha3, name) in enumerate(COUNTRIES)
            if code not in known
        ]
    )


def _delivery() -> None:
    if DeliveryMethod.objects.exists():
        return
    home = DeliveryMethod.objects.create(
        code="home",
        kind=HOME,
        name="Lieferung nach Hause",
        description="Mit dem Paketdienst an Ihre Adresse",
        texts={"en": {"name": "Home delivery", "description": "By parcel service to your address"}},
        carrier="Paketdienst",
        days_min=2,
        days_max=3,
        position=1,
    )
    shop = DeliveryMethod.objects.create(
        code="pickup",
        kind=PICKUP,
        name="Abholung im Laden",
        description=PICKUP_DESCRIPTION,
        texts={
            "en": {"name": "Pick-up in the store", "description": "We put everything aside and write to you"}
        },
        days_min=0,
        days_max=1,
        position=2,
    )
    charges = [DeliveryCharge(method=shop, country="DE", weight_to_g=1_000_000, gross_minor=0)]
    for code, _alpha3, _name in COUNTRIES:
        for weight_g, gross in BANDS_HOME if code == "DE" else BANDS_ABROAD:
            charges.append(
                DeliveryCharge(
                    method=home,
                    country=code,
                    weight_to_g=weight_g,
                    gross_minor=gross,
                    free_from_minor=FREE_FROM_MINOR if code == "DE" else None,
                )
            )
    DeliveryCharge.objects.bulk_create(charges)


def _payment() -> None:
    defaults: dict[str, dict[str, object]] = {
        CARD: {"due_days": 0},
        PREPAYMENT: {"due_days": 7},
        # A free deferral of 14 days by the seller itself is no credit, Directive (EU) 2023/2225 Art. 2 (2) (h).
        INVOICE: {
            "countries": "DE",
            "maximum_minor": 50_000,
            "registered_only": True,
            "paid_orders_needed": 1,
            "exposure_limit_minor": 80_000,
            "dunning_level_below": 2,
            "same_country": True,
            "due_days": 14,
        },
    }
    for method, values in defaults.items():
        MethodRule.objects.get_or_create(method=method, defaults=values)
