"""``manage.py legal_check [--date D]``: what the law asks, run on what the shop really shows; exit status 1 when
something is missing."""

from __future__ import annotations

import datetime as dt
import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.kernel.clock import today
from shop.legal.running import run

SHOWN_MAX = 5  #: faults shown per rule


class Command(BaseCommand):
    """Prints one line per rule. Names of broken rules stand in the last line."""

    help = "Run the rules of law on rendered pages, mails, documents and products. Exit status 1 when one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The day."""
        parser.add_argument(
            "--date", default="", metavar="YYYY-MM-DD", help="the rules in force on this day (today)"
        )

        parser.add_argument(
            "--complete", action="store_true", help="exit status 1 also when a rule had nothing to look at"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run and say."""
        day = _day(options["date"])
        logging.getLogger("django.request").setLevel(logging.ERROR)
        findings, found = run(day)
        for finding in findings:
            mark = "FAIL" if finding.faults else "--  " if finding.unseen or finding.lacking else "ok  "
            style = self.style.ERROR if finding.faults else self.style.SUCCESS
            self.stdout.write(f"{style(mark)} {finding.rule.name} ({finding.rule.source})")
            for fault in finding.faults[:SHOWN_MAX]:
                self.stdout.write(f"       {fault}")
            if len(finding.faults) > SHOWN_MAX:
                self.stdout.write(f"       ... and {len(finding.faults) - SHOWN_MAX} more")
            for text in finding.lacking:
                self.stdout.write(f"       to fill in: {text}")
        for text in found.unseen:
            self.stdout.write(f"not looked at: {text}")
        for text in found.broken:
            self.stdout.write(f"{self.style.ERROR('FAIL')} {text}")
        broken = [finding.rule.name for finding in findings if finding.faults]
        if found.broken:
            broken.append("pages that do not answer")
        if broken:
            raise CommandError(f"{len(broken)} rule(s) broken on {day}: {', '.join(broken)}")
        unseen = [finding.rule.name for finding in findings if finding.unseen]
        if unseen and options["complete"]:
            raise CommandError(
                f"{len(unseen)} rule(s) were not tried, there was nothing to look at: {', '.join(unseen)}"
            )
        tried = f", {len(unseen)} of them not tried" if unseen else ""
        lacking = [finding.rule.name for finding in findings if finding.lacking]
        left = f"; to fill in: {', '.join(lacking)}" if lacking else ""
        self.stdout.write(f"{len(findings)} rules in force on {day}{tried}: nothing found{left}")


def _day(text: str) -> dt.date:
    if not text:
        return today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is not a day; write it as 2026-11-26.") from None
