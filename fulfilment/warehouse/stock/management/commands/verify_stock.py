"""``manage.py verify_stock``: recompute stock from its movements."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fulfilment.warehouse.stock.queries import stock_differences


class Command(BaseCommand):
    help = "Recompute stock and reservations from zero; exit status 1 when something does not agree."

    def handle(self, *args: Any, **options: Any) -> None:
        differences = stock_differences()
        for difference in differences:
            self.stderr.write(difference)
        if differences:
            raise CommandError(f"{len(differences)} differences in stock")
        self.stdout.write("stock: sum of movements, reservations and bins agree")
