"""``manage.py seal_anew``: seal secrets in rows with the present SECRET_KEY; says how many are left."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.kernel import sealed


class Command(BaseCommand):
    """Exit status 1 while something is left that only a former key opens, or none."""

    help = "After SECRET_KEY was changed: seal secrets in rows with the new one. Each night does the same."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each kind, and whether SECRET_KEY_FALLBACKS may go as far as rows are concerned."""
        found = sealed.seal_all()
        for name, (done, left) in found.items():
            self.stdout.write(f"{name}: {done} sealed anew, {left} left")
        if any(left for _done, left in found.values()):
            raise CommandError("what is left opens with no key that is set; `manage.py verify` names it")
        self.stdout.write("no row needs SECRET_KEY_FALLBACKS any more; links of mails may, for 90 days")
