"""``manage.py seed``: the demo shop, and large shops for measuring."""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from shop.demo.logins import demo_logins
from shop.demo.seeding.basics import seed_basics
from shop.demo.seeding.goods import seed_goods
from shop.demo.seeding.pages import seed_pages
from shop.demo.seeding.people import seed_people
from shop.demo.seeding.pictures import seed_pictures


class Command(BaseCommand):
    """Safe to repeat: ``--demo`` adds what is missing, ``--products`` and ``--orders`` add that many."""

    help = "Make the demo shop (--demo) or a large one (--products N --orders M)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to make."""
        parser.add_argument(
            "--demo", action="store_true", help="range, pictures, stock, pages, customers and staff"
        )
        parser.add_argument("--products", type=int, default=0, metavar="N", help="further products, in bulk")
        parser.add_argument(
            "--orders", type=int, default=0, metavar="M", help="orders, in bulk; the house hears of each"
        )
        parser.add_argument("--no-pictures", action="store_true", help="leave out the pictures")
        parser.add_argument("--no-drain", action="store_true", help="leave the orders' events to the worker")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps asked for, saying how long each took."""
        products, orders = options["products"], options["orders"]
        if not (options["demo"] or products or orders):
            raise CommandError("Say what to make: --demo, --products N, --orders M.")
        if products < 0 or orders < 0:
            raise CommandError("N and M are numbers from 1 on.")
        self.quiet = options["verbosity"] == 0
        for chatty in ("wagtail", "django_tasks", "celery"):  # a line per page is for the log of a server
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._step("seller, store, bins", seed_basics)
        if options["demo"]:
            self._demo(pictures=not options["no_pictures"])
        if products:
            from shop.demo.seeding.bulk_products import seed_products

            self._step(f"{products} products", seed_products, products, bar=self._bar)
        if orders:
            from shop.demo.seeding.bulk_orders import seed_orders

            self._step(f"{orders} orders", seed_orders, orders, bar=self._bar, drain=not options["no_drain"])

    def _demo(self, *, pictures: bool) -> None:
        parents = self._step("products, prices, stock", seed_goods)
        if pictures:
            self._step("pictures", seed_pictures, parents, bar=self._bar)
        self._step("customers and staff", seed_people)
        self._step("pages", seed_pages, pictures=pictures)
        if not self.quiet:
            for role, email, password in demo_logins():
                self.stdout.write(f"  {role:<14} {email:<34} {password}")

    def _step(self, name: str, work: Any, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        result = work(*args, **kwargs)
        if not self.quiet:
            self.stdout.write(f"{name}: {time.perf_counter() - start:.1f} s")
        return result

    def _bar(self, items: Iterable[Any] | None = None, **kwargs: Any) -> Any:
        return tqdm(items, disable=self.quiet, **kwargs)
