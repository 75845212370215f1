"""Who may sign in to the demo shop. Written here once: the seed makes them, the start of the shop prints them."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "Moin-Kontor-26"  # noqa: S105  a demo password, printed at every start


@dataclass(frozen=True)
class Person:
    """Somebody of the demo shop; ``role`` is the name of a group, or "shopper"."""

    role: str
    first_name: str
    last_name: str
    email: str
    language: str = "de"
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = "DE"
    on_account: bool = False


SHOPPERS = (
    Person(
        "shopper",
        "Enno",
        "Beispielsen",
        "enno@kundschaft.example",
        street="Probestieg 7",
        postcode="20999",
        city="Hamburg",
        on_account=True,
    ),
    Person(
        "shopper",
        "Mareike",
        "Mustermoor",
        "mareike@kundschaft.example",
        street="Am Versuchsdeich 21",
        postcode="28999",
        city="Bremen",
    ),
    Person(
        "shopper",
        "Tess",
        "Sample",
        "tess@customers.example",
        "en",
        "Voorbeeldkade 3",
        "1199 ZZ",
        "Amsterdam",
        "NL",
    ),
)
STAFF = (
    Person("service", "Svenja", "Hilfsbereit", "service@kiekschuh.example"),
    Person("warehouse", "Lasse", "Regalmann", "lager@kiekschuh.example"),
    Person("finance", "Birte", "Sollundhaben", "buchhaltung@kiekschuh.example"),
    Person("marketing", "Momme", "Schaufenster", "marketing@kiekschuh.example"),
    Person("manager", "Wiebke", "Muster", "leitung@kiekschuh.example"),
    Person("administrator", "Jonte", "Beispiel", "admin@kiekschuh.example"),
)


def demo_logins() -> list[tuple[str, str, str]]:
    """Role, e-mail address and password of everybody, staff first."""
    return [(person.role, person.email, PASSWORD) for person in (*STAFF, *SHOPPERS)]
