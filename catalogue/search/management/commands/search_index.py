"""``manage.py search_index``: what the index holds; ``--rebuild`` builds it anew, with progress."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalogue.search.actions import RebuildFailed, rebuild
from catalogue.search.documents import shown
from catalogue.search.models import Changed, ChangedMany
from catalogue.search.port import SearchUnavailable, engine


class Command(BaseCommand):
    help = "Say what the search index holds; --rebuild builds a new one, counts and compares it, then swaps."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--rebuild", action="store_true", help="build a new index beside the present one")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rebuild"]:
            self._rebuild(quiet=options["verbosity"] == 0)
        try:
            held = engine().size()
        except SearchUnavailable as error:
            raise CommandError(
                f"The search does not answer: {error}. Build it: manage.py search_index --rebuild"
            )
        waiting = Changed.objects.filter(applied=False).count() + ChangedMany.objects.count()
        self.stdout.write(
            f"{held} products in the index, {shown().count()} in the shop, {waiting} changes waiting"
        )

    def _rebuild(self, *, quiet: bool) -> None:
        with tqdm(total=shown().count(), unit=" products", disable=quiet) as bar:

            def tell(done: int, total: int) -> None:
                bar.update(done - bar.n)

            try:
                row = rebuild(tell=tell)
            except (RebuildFailed, SearchUnavailable) as error:
                raise CommandError(str(error))
        self.stdout.write(f"index {row.version}: {row.done} products, counted and compared, in use now")
