"""``manage.py backup [FOLDER]``: the whole shop as a folder with checksums, while it runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from shop.kernel.backups import Refused, backup, folder_of_now, keep_newest
from shop.kernel.nightly_backups import clear_leftovers
from shop.kernel.restore_tests import try_restore


class Command(BaseCommand):
    """Exit status 1 with one sentence when it could not be made."""

    help = "Write database, media and documents into a new folder with a manifest. Safe while the shop runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where, how many are kept, whether it is tried at once."""
        parser.add_argument("folder", nargs="?", default="", help="must not exist (BACKUP_DIR and the time)")
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help="of those in BACKUP_DIR keep the newest N"
        )
        parser.add_argument(
            "--test", action="store_true", help="restore it beside the shop and verify it there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, try it, and take away old ones only then."""
        home = Path(settings.BACKUP_DIR)
        folder = Path(options["folder"]) if options["folder"] else folder_of_now()
        clear_leftovers(home)
        try:
            made = backup(folder.absolute())
            self.stdout.write(f"{made.files} files, {made.size_bytes:,} bytes in {made.where}")
            if options["test"]:
                try_restore(folder.absolute())
                self.stdout.write("restored beside the shop and verified")
        except Refused as error:
            raise CommandError(str(error)) from error
        if options["keep"] > 0:
            for old in keep_newest(home, options["keep"], folder):
                self.stdout.write(f"removed {old}")
