"""``manage.py legal_texts``: the default texts of the legal pages, filled with the seller's base data."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from shop.pages.legal_texts import write_defaults


class Command(BaseCommand):
    """Safe to repeat: pages that are there stay as they are."""

    help = "Write the legal pages that are missing, in German and English, with the seller's base data filled in."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say what has to be filled in."""
        made = write_defaults()
        for key, published in made.items():
            state = "published" if published else "draft: fill in what stands in [[ ]] and publish it"
            self.stdout.write(f"{key}: {state}")
        if not made:
            self.stdout.write("every legal page is there already")
