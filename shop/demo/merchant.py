"""The invented merchant of the demo shop. Every number is well formed and evidently nobody's.

The telephone number is from the range the Bundesnetzagentur keeps for films and books, mail addresses end in
``.example`` (RFC 2606), the postcode is not in use, the bank code 999 999 99 is no bank's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Merchant:
    """Seller's data as imprint, invoice and letters need them."""

    brand: str = "Kiekschuh"
    company: str = "Kiekschuh Handelskontor GmbH (Demo)"
    street: str = "Am Musterfleet 11"
    postcode: str = "20999"
    city: str = "Hamburg"
    country: str = "DE"
    email: str = "moin@kiekschuh.example"
    phone: str = "+49 40 66969 123"
    website: str = "https://kiekschuh.example"
    directors: tuple[str, ...] = ("Wiebke Muster", "Jonte Beispiel")
    register_court: str = "Amtsgericht Hamburg"
    register_number: str = "HRB 999999 (Demo)"
    vat_id: str = "DE999999995"
    tax_number: str = "00/000/00000"
    account_holder: str = "Kiekschuh Handelskontor GmbH (Demo)"
    bank_name: str = "Musterbank (Demo)"
    iban: str = "DE17999999990000000011"
    bic: str = "DEMODEHHXXX"
    claim_de: str = "Schuhe für nasse Wege und lange Tage"
    claim_en: str = "Shoes for wet streets and long days"
    opening_hours_de: str = "Montag bis Samstag, 10 bis 18 Uhr"
    opening_hours_en: str = "Monday to Saturday, 10 am to 6 pm"

    @property
    def address_lines(self) -> tuple[str, ...]:
        """The postal address, line by line."""
        return self.company, self.street, f"{self.postcode} {self.city}", "Deutschland"


MERCHANT = Merchant()
