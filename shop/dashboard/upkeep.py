"""Signs of the house's health on the operations page: how far behind it is, when what was done last, and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Max, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from catalogue.search.actions import SILENT_AFTER_S
from catalogue.search.models import Rebuild
from fulfilment.finance.bank.models import StatementFile
from fulfilment.finance.ledger.models import Seal
from shop.kernel import clock
from shop.kernel.models import Delivery, QueuePulse, Upkeep

BEHIND_S = 300  #: outbox or a queue that far behind: somebody should look
BACKUP_AFTER = dt.timedelta(hours=26)  #: a night and two hours
RESTORE_TEST_AFTER = dt.timedelta(days=35)
SEAL_AFTER = dt.timedelta(days=2)  #: the seal of yesterday is made this night
BANK_AFTER = dt.timedelta(days=4)  #: a long weekend

GOOD, WARN, BAD, PLAIN = "good", "warn", "bad", ""


@dataclass(frozen=True)
class Sign:
    """One sign: what, since when or what instead, how it looks, the safe thing to do, and where."""

    label: str
    at: dt.datetime | None
    text: str
    tone: str
    note: str
    url: str = ""


def signs(person: Any) -> list[Sign]:
    """All of them, by seven queries; links only to pages that this person may open."""
    return [_outbox(), _queues(), _bank(person), _seal(person), *_backups(), _search()]


def _outbox() -> Sign:
    oldest = Delivery.objects.filter(state=Delivery.PENDING).aggregate(at=Min("message__recorded_at"))["at"]
    late = oldest is not None and clock.now() - oldest > dt.timedelta(seconds=BEHIND_S)
    note = _("Older than a few minutes: is the worker running? Starting it again is safe.")
    return Sign(_("Oldest news not yet heard"), oldest, _("none"), WARN if late else GOOD, note)


def _queues() -> Sign:
    """The queue that is furthest behind. A worker that never came is as bad as one that went."""
    seen = {row.queue: row for row in QueuePulse.objects.all()}
    label = _("Queue that is furthest behind")
    if not seen:
        return Sign(label, None, _("no worker yet"), WARN, _("Start worker and clock: “make run” does both."))
    silent = [name for name in settings.QUEUES if name not in seen]
    behind = {name: _behind(row) for name, row in seen.items() if name in settings.QUEUES}
    worst = silent[0] if silent else max(behind, key=lambda name: behind[name])
    late = bool(silent) or behind[worst] > BEHIND_S
    text = _("%(queue)s: no worker") % {"queue": worst} if silent else _lag(worst, behind[worst])
    note = _("Starting the worker of this queue again is safe: nothing is lost and nothing is done twice.")
    return Sign(label, None, text, BAD if late else GOOD, note)


def _behind(row: QueuePulse) -> float:
    overdue = (clock.now() - row.ran_at).total_seconds() - settings.PULSE_EVERY_S
    return max(0.0, (row.ran_at - row.sent_at).total_seconds(), overdue)


def _lag(name: str, seconds: float) -> str:
    if seconds < 60:
        return _("%(queue)s: %(n)d s") % {"queue": name, "n": round(seconds)}
    return _("%(queue)s: %(n)d min") % {"queue": name, "n": round(seconds / 60)}


def _bank(person: Any) -> Sign:
    last = StatementFile.objects.filter(state="imported").aggregate(at=Max("finished_at"))["at"]
    late = last is not None and clock.now() - last > BANK_AFTER
    note = _("Safe: upload the file again; a line that is known is not booked twice.")
    return Sign(_("Last file of the bank"), last, _("none yet"), WARN if late else PLAIN, note,
                reverse("finance:bank-files") if person.has_perm("bank.view_statements") else "")  # fmt: skip


def _seal(person: Any) -> Sign:
    last = Seal.objects.aggregate(at=Max("sealed_at"))["at"]
    late = last is not None and clock.now() - last > SEAL_AFTER
    note = _("Made each night. Missing: is the clock running? The next night seals what was left out.")
    return Sign(_("Last seal of the books"), last, _("none yet"), WARN if late else PLAIN, note,
                reverse("finance:seals") if person.has_perm("ledger.view_ledger") else "")  # fmt: skip


def _backups() -> Iterator[Sign]:
    rows: dict[str, Any] = {}
    for row in Upkeep.objects.filter(pk__in=Upkeep.objects.values("kind").annotate(m=Max("pk")).values("m")):
        rows[row.kind] = row
    good = dict(Upkeep.objects.filter(ok=True).order_by().values_list("kind").annotate(at=Max("ended_at")))
    how = _("“manage.py backup --test”: safe while the shop runs, and tries the backup at once.")
    yield _kept(_("Last backup"), rows.get(Upkeep.BACKUP), good.get(Upkeep.BACKUP), BACKUP_AFTER,
                f"{_scheduled()} {how}")  # fmt: skip
    yield _kept(_("Last restore test"), rows.get(Upkeep.RESTORE_TEST), good.get(Upkeep.RESTORE_TEST),
                RESTORE_TEST_AFTER,
                _("“manage.py restore FOLDER --test”: restores beside the shop, verifies there."))  # fmt: skip


def _scheduled() -> str:
    """What the settings want: by the clock or not, sealed or not."""
    when = (
        _("Made each night by the clock.")
        if settings.BACKUP_NIGHTLY
        else _("Not scheduled (BACKUP_NIGHTLY).")
    )
    return when if settings.BACKUP_KEY else f"{when} {_('Not encrypted (BACKUP_KEY).')}"


def _kept(label: str, last: Any, good: dt.datetime | None, after: dt.timedelta, note: str) -> Sign:
    if last is not None and not last.ok:
        failed = _("Failed: %(cause)s") % {"cause": last.cause[:160]}
        return Sign(label, good, _("never well"), BAD, f"{failed} {note}")
    late = good is None or clock.now() - good > after
    return Sign(label, good, _("never"), WARN if late else GOOD, note)


def _search() -> Sign:
    """How the search's index was built last; while it is being built, how far that is."""
    label = _("Index of the search")
    note = _("Built anew by itself when it has to be. “manage.py search_index --rebuild” is safe: the present index "
             "answers meanwhile.")  # fmt: skip
    last = Rebuild.objects.order_by("-pk").first()
    if last is None:
        return Sign(label, None, _("not built yet"), WARN, note)
    if last.state == Rebuild.DONE:
        return Sign(label, last.seen_at, "", GOOD, note)
    if last.state == Rebuild.FAILED:
        cause = _("Failed: %(cause)s") % {"cause": last.error[:160]}
        return Sign(label, None, _("failed"), WARN, f"{cause} {note}")
    silent = clock.now() - last.seen_at > dt.timedelta(seconds=SILENT_AFTER_S)
    far = _("%(done)d of %(total)d products") % {"done": last.done, "total": last.total}
    return Sign(label, None, far, WARN if silent else PLAIN, note)
