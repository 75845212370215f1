"""``manage.py restore FOLDER``: bring a backup back into an empty shop; ``--test``: only try it, beside this one."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.kernel.backups import Refused, restore
from shop.kernel.restore_tests import try_restore


class Command(BaseCommand):
    """Exit status 1 with one sentence when it was refused; then nothing was changed."""

    help = "Bring a backup back. Refuses a shop that is not empty and a backup whose checksums do not agree."
    requires_system_checks: list[str] = []  # the database is empty

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which backup, and whether it is a test."""
        parser.add_argument("folder", help="the folder that `manage.py backup` made")
        parser.add_argument(
            "--test", action="store_true", help="into a place that is thrown away, then verify there"
        )
        parser.add_argument(
            "--unsealed", action="store_true", help="also one without a seal, though there is a BACKUP_KEY"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what comes next."""
        folder = Path(options["folder"]).absolute()
        try:
            if options["test"]:
                try_restore(folder, unsealed=options["unsealed"])
                self.stdout.write("restored beside the shop and verified; this shop was not touched")
                return
            files = restore(folder, unsealed=options["unsealed"])
        except Refused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"the database and {files} files are back. Next: manage.py migrate, manage.py verify, "
            "manage.py search_index --rebuild, manage.py end_sessions --everybody"
        )
