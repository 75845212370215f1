"""The merchant's own data: one row, there from the first migrate, edited by staff."""

from __future__ import annotations

from .models import MerchantProfile

#: A made-up merchant until somebody enters the real one. The IBAN is the example of the EPC's guidelines.
DEFAULT = {
    "name": "Kontor Musterhandel GmbH",
    "trading_name": "Kontor",
    "street": "Musterkai 1",
    "postcode": "20457",
    "city": "Hamburg",
    "country": "DE",
    "vat_id": "DE123456788",
    "tax_number": "22/123/45678",
    "register": "Amtsgericht Hamburg, HRB 00000",
    "managers": "",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "bank_name": "",
    "email": "kontor@example.com",
    "phone": "+49 40 0000000",
    "website": "",
}


def ensure(using: str = "default") -> None:
    """Make the merchant's row when it is not there; never change one that is."""
    MerchantProfile.objects.using(using).get_or_create(pk=1, defaults=DEFAULT)


def profile() -> MerchantProfile:
    """The merchant's data as they are today."""
    found, _made = MerchantProfile.objects.get_or_create(pk=1, defaults=DEFAULT)
    return found
