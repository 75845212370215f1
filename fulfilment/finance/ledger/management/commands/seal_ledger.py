"""``manage.py seal_ledger``: seal what was posted until the end of yesterday, or of another day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fulfilment.finance.ledger.actions import TooEarly, seal
from shop.kernel import clock


class Command(BaseCommand):
    help = "Seal what was posted until the end of a day (default: yesterday). A retry changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """The day."""
        parser.add_argument("--day", type=dt.date.fromisoformat, help="such as 2026-11-22")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal and say what was sealed."""
        try:
            made = seal(day=options["day"] or clock.today() - dt.timedelta(days=1))
        except TooEarly as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"seal {made.number} of {made.day}: {made.entries} entries, {made.sha256}")
