"""Print the link with which somebody in the office sets up their first second factor, where no mail goes out yet."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.customers import first_factor, second_factor
from shop.customers.models import User


class Command(BaseCommand):
    """For whoever has the machine anyhow: what they print here they could read from the mails as well."""

    help = "print the link to the first second factor of somebody in the office"

    def add_arguments(self, parser: CommandParser) -> None:
        """The address."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError for an address that is nobody's here, or of somebody who has a factor."""
        person = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if person is None or not (person.is_staff or person.is_superuser):
            raise CommandError(f"{options['email']} is nobody in the office")
        if second_factor.has_one(person):
            raise CommandError(f"{options['email']} has a second factor; a colleague may take it away")
        self.stdout.write(first_factor.link_of(person))
