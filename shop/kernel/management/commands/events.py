"""``manage.py events``: who tells what to whom."""

from typing import Any

from django.core.management.base import BaseCommand

from shop.kernel.outbox import EVENTS, SUBSCRIBERS


class Command(BaseCommand):
    help = "Print every event, the room that tells it, and the subscribers that hear it."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, cls in sorted(EVENTS.items(), key=lambda item: (item[1].__module__, item[0])):
            self.stdout.write(f"{name}  (told by {cls.__module__.removesuffix('.events')})")
            for subscriber, handler in sorted(SUBSCRIBERS[name].items()):
                self.stdout.write(f"    -> {subscriber}  ({handler.__module__}.{handler.__name__})")
            if not SUBSCRIBERS[name]:
                self.stdout.write("    -> nobody")
