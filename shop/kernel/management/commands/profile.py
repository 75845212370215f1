"""``manage.py profile``: what each capability of this shop stands on, as the settings came out."""

from typing import Any

from django.core.management.base import BaseCommand

from shop.kernel.profile import capabilities


class Command(BaseCommand):
    help = (
        "Print for each capability whether it is embedded or scaled, and where it is. Secrets are not shown."
    )
    requires_system_checks: list[str] = []  # to be read especially when something is wrong

    def handle(self, *args: Any, **options: Any) -> None:
        rows = capabilities()
        widths = [max(len(getattr(row, name)) for row in rows) for name in ("name", "half", "where")]
        for row in rows:
            cells = zip((row.name, row.half, row.where), widths, strict=True)
            self.stdout.write("  ".join(text.ljust(width) for text, width in cells) + f"  {row.variable}")
