"""Asking for an export, which fixes what it holds."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from fulfilment.finance.exports import datev
from fulfilment.finance.exports.models import DATEV, JOURNAL, Z3, Export
from fulfilment.finance.ledger import charts
from fulfilment.finance.ledger.models import Account, Entry, EntryLine
from shop.kernel.transactions import retrying

log = logging.getLogger(__name__)

BOOKS_CURRENCY = "EUR"
ONE_DAY = dt.timedelta(days=1)

# An entry that a batch has already is passed over, also when that batch commits in this very moment.
TAKE = """
INSERT INTO exports_batchentry (entry_id, export_id)
SELECT e.id, %s FROM ledger_entry e
WHERE e.posted_at IS NOT NULL AND e.booked_on BETWEEN %s AND %s
  AND NOT EXISTS (SELECT 1 FROM exports_batchentry b WHERE b.entry_id = e.id)
ORDER BY e.id
ON CONFLICT (entry_id) DO NOTHING
"""


class Refused(Exception):
    """The export cannot be made; says why in the reader's language."""


def ask_for_datev(
    *,
    first_day: dt.date,
    last_day: dt.date,
    consultant: int,
    client: int,
    year_month: int,
    is_final: bool,
    by: Any,
) -> Export:
    """A DATEV batch of all entries of these days that no batch has yet; from now on they are in this one.

    consultant, client: DATEV's numbers; year_month: month (1 to 12) in which fiscal years begin; is_final:
    DATEV may not change the rows. Raises Refused when the days are of two fiscal years (rows carry no year), when there
    is nothing new, or when an entry is in another currency. Made by a worker afterwards.
    """
    if datev.fiscal_year(first_day, year_month) != datev.fiscal_year(last_day, year_month):
        raise Refused(_("A DATEV batch lies in one fiscal year. Please choose days of the same year."))
    facts = {
        "consultant": consultant,
        "client": client,
        "year_month": year_month,
        "is_final": is_final,
        "account_length": charts.NUMBER_LENGTH,
        "chart": charts.kept().removeprefix("skr"),
        "clearing": Account.objects.get(role="unexplained").number,
    }

    def work() -> Export:
        with transaction.atomic():
            export = _create(DATEV, first_day, last_day, facts, by)
            with connection.cursor() as cursor:
                cursor.execute(TAKE, [export.pk, first_day, last_day])
                export.entries = cursor.rowcount
            _refuse_batch(export)
            export.save(update_fields=["entries"])
        return export

    return told(retrying(work))


def ask_for_journal(*, first_day: dt.date, last_day: dt.date, by: Any) -> Export:
    """The journal of these days as JSON lines, made by a worker afterwards."""
    return told(retrying(lambda: _create(JOURNAL, first_day, last_day, {}, by)))


def ask_for_z3(*, first_day: dt.date, last_day: dt.date, by: Any) -> Export:
    """The books of whole months for the tax office (GoBD Z3), made by a worker afterwards.

    Raises Refused when the days are not whole months, or when nothing was booked on them.
    """
    if first_day.day != 1 or (last_day + ONE_DAY).day != 1:
        raise Refused(
            _("The tax office gets whole months: from the first day of a month to the last day of a month.")
        )
    if not Entry.objects.filter(posted_at__isnull=False, booked_on__range=(first_day, last_day)).exists():
        raise Refused(_("Nothing was booked in these months."))
    return told(retrying(lambda: _create(Z3, first_day, last_day, {}, by)))


def told(export: Export) -> Export:
    """Ask a worker to make it now. A broken queue is no error: the sweep comes by."""
    from fulfilment.finance.exports.tasks import make_export

    try:
        make_export.delay(export.pk)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, export %s waits for the sweep: %s", export.pk, error)
    return export


def _create(kind: str, first: dt.date, last: dt.date, facts: dict[str, Any], by: Any) -> Export:
    return Export.objects.create(
        kind=kind,
        first_day=first,
        last_day=last,
        facts=facts,
        created_by=by if getattr(by, "pk", None) else None,
    )


def _refuse_batch(export: Export) -> None:
    if not export.entries:
        raise Refused(_("There is nothing new in these days: every entry is in a DATEV batch already."))
    other = (
        EntryLine.objects.filter(entry__datev_batch__export=export)
        .exclude(currency=BOOKS_CURRENCY)
        .values_list("entry_id", flat=True)
        .first()
    )
    if other is not None:
        raise Refused(
            _("Entry %(pk)d is not in euros; DATEV needs a rate for it. Please leave its day out.")
            % {"pk": other}
        )
