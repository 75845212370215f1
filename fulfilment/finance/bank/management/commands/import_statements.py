"""Import files of the bank: ``manage.py import_statements FILE... [--mapping NAME] [--dry-run]``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fulfilment.finance.bank import actions, reasons
from fulfilment.finance.bank.accounts import account_of, mapping_of
from fulfilment.finance.bank.models import CsvMapping, StatementFile
from fulfilment.finance.bank.parsers import Parsed, Refused, parse
from fulfilment.finance.bank.parsers.csv_file import Mapping


class Command(BaseCommand):
    help = "Import statements (CAMT.052/.053/.054, MT940, CSV). Exit status 1 when a file was refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--mapping", default="", help="name of the CSV mapping to read with")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be imported")

    def handle(self, *args: Any, **options: Any) -> None:
        mapping = None
        if options["mapping"]:
            mapping = CsvMapping.objects.select_related("account").filter(name=options["mapping"]).first()
            if mapping is None:
                raise CommandError(f"there is no CSV mapping called {options['mapping']!r}")
        refused = 0
        for path in options["files"]:
            try:
                said = self._look(path, mapping) if options["dry_run"] else self._take(path, mapping)
            except Refused as no:
                refused += 1
                said = reasons.words(no.code, no.facts, no.line)
            except OSError as error:
                refused += 1
                said = f"cannot be read: {error.strerror}"
            self.stdout.write(f"{path.name}: {said}")
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files refused")

    def _take(self, path: Path, mapping: CsvMapping | None) -> str:
        actions.refuse_size(path.stat().st_size)
        file, new = actions.take_file(name=path.name, content=path.read_bytes(), mapping=mapping)
        if not new and file.state == "imported":
            return "was imported before, nothing changed"
        file = actions.read(file.pk)
        if file.state == "refused":
            raise Refused(file.refused_code, file.refused_line, **file.refused_facts)
        if file.state != "imported":
            return "is being read by another worker"
        return f"{file.lines_total - file.lines_known} new lines, {file.lines_known} known"

    def _look(self, path: Path, mapping: CsvMapping | None) -> str:
        actions.refuse_size(path.stat().st_size)
        data = path.read_bytes()
        chosen = mapping_of(StatementFile(name=path.name, mapping=mapping), data)
        own = chosen.account if chosen else None
        parsed: Parsed = parse(
            data,
            mapping=Mapping.of(chosen.settings) if chosen else None,
            iban=own.iban if own else "",
            number_of_account=own.number if own else "",
        )
        names = sorted({account_of(statement).name for statement in parsed.statements})
        off = sum(statement.is_off for statement in parsed.statements)
        return f"{parsed.kind}, {parsed.lines_total} lines for {', '.join(names)}" + (
            f", {off} statements do not add up" if off else ""
        )
