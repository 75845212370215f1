"""Goods that cannot be withdrawn from, each with the law's reason: § 312g (2) BGB. Data, no database.

The shopper is told before the order (Art. 246a § 1 (3) EGBGB); an order line keeps what was said then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True)
class Exclusion:
    """One exclusion: its code, the number in § 312g (2) BGB, why in words, and whether it begins with a broken seal."""

    code: str
    number: int
    why: Any
    by_seal: bool = False

    @property
    def text(self) -> str:
        """What the shopper reads."""
        words = {"why": self.why, "number": self.number}
        if self.by_seal:
            return (
                _("No right of withdrawal once its seal is broken: %(why)s (§ 312g (2) no. %(number)d BGB).")
                % words
            )
        return _("No right of withdrawal: %(why)s (§ 312g (2) no. %(number)d BGB).") % words


MADE_TO_ORDER = "made_to_order"
EXCLUSIONS: dict[str, Exclusion] = {
    one.code: one
    for one in (
        Exclusion(MADE_TO_ORDER, 1, gettext_lazy("it is made to your own wishes")),
        Exclusion("perishable", 2, gettext_lazy("it spoils quickly")),
        Exclusion("sealed_hygiene", 3, gettext_lazy("health and hygiene"), by_seal=True),
        Exclusion("mixed", 4, gettext_lazy("it is mixed with other goods for good")),
        Exclusion("sealed_media", 6, gettext_lazy("sound, film or software"), by_seal=True),
        Exclusion("periodical", 7, gettext_lazy("it is a newspaper or magazine")),
    )
}
CHOICES = [
    (MADE_TO_ORDER, gettext_lazy("made to the customer's wishes (no. 1)")),
    ("perishable", gettext_lazy("spoils quickly (no. 2)")),
    ("sealed_hygiene", gettext_lazy("sealed for health or hygiene (no. 3)")),
    ("mixed", gettext_lazy("mixed with other goods for good (no. 4)")),
    ("sealed_media", gettext_lazy("sealed sound, film or software (no. 6)")),
    ("periodical", gettext_lazy("newspaper or magazine (no. 7)")),
]


def exclusion_text(code: str) -> str:
    """What the shopper reads for a code, "" where nothing is left out."""
    found = EXCLUSIONS.get(code)
    return found.text if found else ""
