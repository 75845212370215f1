"""``manage.py dunning --date D [--dry-run]``: the nightly run by hand, for any day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fulfilment.finance.dunning.actions import run
from shop.kernel.clock import today
from shop.kernel.money import Money


class Command(BaseCommand):
    help = (
        "Write the payment reminders and dunning notices of a day. --dry-run does the same and rolls it back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--date", default="", help="the day as YYYY-MM-DD (default: today)")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would be written, change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            day = dt.date.fromisoformat(options["date"]) if options["date"] else today()
        except ValueError as error:
            raise CommandError(f"{options['date']!r} is no date of the form YYYY-MM-DD") from error
        result = run(day=day, dry_run=options["dry_run"])
        if result.stopped:
            self.stdout.write(self.style.WARNING(str(result.stopped)))
        for notice in result.notices:
            total = Money(notice.total_minor, notice.currency)
            self.stdout.write(f"{notice.number}  level {notice.level}  {notice.email}  {total}")
        for held in result.held:
            self.stdout.write(f"held  {held.invoice.number}  {held.why}")
        unseen = result.written - len(result.letters) + result.held_back - len(result.held)
        if unseen:
            self.stdout.write(f"and {unseen} more")
        for failure in result.failures:
            self.stderr.write(self.style.ERROR(failure))
        verb = "would be written" if options["dry_run"] else "written"
        self.stdout.write(f"{result.written} {verb}, {result.held_back} held back")
        if result.failures:
            raise CommandError(f"{len(result.failures)} letter(s) failed")
