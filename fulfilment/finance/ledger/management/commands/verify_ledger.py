"""``manage.py verify_ledger``: recompute balances, sub-ledgers and seals; exit status 1 when one is broken."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fulfilment.finance.ledger.models import Seal
from shop.kernel.invariants import SHOWN_MAX, checks


class Command(BaseCommand):
    help = (
        "Recompute every balance, sub-ledger and seal of finance from zero and name the first broken entry."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """A seal that was noted outside, to compare with."""
        parser.add_argument(
            "--seal-was", metavar="NUMBER:SHA256", help="a seal as it was written down elsewhere"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks of the rooms of finance."""
        broken = 0
        for label, name, check in checks("fulfilment.finance."):
            breaches = check()
            broken += bool(breaches)
            self.stdout.write(f"{'BROKEN' if breaches else 'ok':<7} {label}: {name}")
            for sentence in breaches[:SHOWN_MAX]:
                self.stdout.write(f"        {sentence}")
        broken += self._compare(options["seal_was"])
        newest = Seal.objects.order_by("-number").first()
        if newest is not None:
            self.stdout.write(f"newest seal {newest.number} of {newest.day}: {newest.sha256}")
        if broken:
            sys.exit(1)

    def _compare(self, noted: str | None) -> bool:
        if not noted:
            return False
        number, _colon, sha256 = noted.partition(":")
        found = Seal.objects.filter(number=int(number)).first() if number.isdecimal() else None
        differs = found is None or found.sha256 != sha256.strip().lower()
        self.stdout.write(f"{'BROKEN' if differs else 'ok':<7} seal {number} is the one that was noted")
        return differs
