"""``manage.py verify``: recompute from zero what must always hold; exit status 1 when something does not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from shop.kernel.invariants import SHOWN_MAX, verify


class Command(BaseCommand):
    help = "Recompute every invariant from zero and print one line for each. Exit status 1 when one does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for finding in verify():
            mark = self.style.SUCCESS("ok  ") if finding.holds else self.style.ERROR("FAIL")
            self.stdout.write(f"{mark} {finding.room}: {finding.name}")
            for breach in finding.breaches[:SHOWN_MAX]:
                self.stdout.write(f"       {breach}")
            if len(finding.breaches) > SHOWN_MAX:
                self.stdout.write(f"       ... and {len(finding.breaches) - SHOWN_MAX} more")
            broken += not finding.holds
        if broken:
            self.stderr.write(self.style.ERROR(f"{broken} invariant(s) do not hold"))
            sys.exit(1)
