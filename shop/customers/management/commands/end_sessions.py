"""Sign somebody out everywhere, or everybody: after a theft, a lost device, a key that became known."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.customers.models import PersonSession, User
from shop.customers.sessions import end_sessions


class Command(BaseCommand):
    """For whoever has the machine. Nobody loses anything but their being signed in; guests lose the checkout begun."""

    help = "sign a person out everywhere (their address), or everybody (--everybody)"

    def add_arguments(self, parser: CommandParser) -> None:
        """An address, or the word for all."""
        parser.add_argument("email", nargs="?", default="")
        parser.add_argument("--everybody", action="store_true", help="all people, and all sessions of guests")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError without one of both, with both, and for an address that is nobody's."""
        email, everybody = options["email"], options["everybody"]
        if bool(email) == everybody:
            raise CommandError("name an address, or say --everybody")
        people = User.objects.all() if everybody else User.objects.filter(email__iexact=email)
        done = end_sessions(people.values_list("pk", flat=True))
        if not done and not everybody:
            raise CommandError(f"{email} has no account")
        if everybody:
            PersonSession.objects.all().delete()
        self.stdout.write(f"signed out everywhere: {done}")
