"""Taking a file: its bytes are kept as they came, a row says so, a worker reads it."""

from __future__ import annotations

import hashlib
import logging
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import IntegrityError, transaction

from fulfilment.finance.bank.models import CsvMapping, StatementFile
from fulfilment.finance.bank.parsers import MAX_BYTES, Refused
from shop.kernel import clock
from shop.kernel.states import StaleState, move
from shop.kernel.text import clean_line
from shop.kernel.transactions import forbid_network_in_transaction, retrying

log = logging.getLogger(__name__)


def refuse_size(size_bytes: int) -> None:
    """Refused for a file that is too large, before anybody reads it."""
    if size_bytes > MAX_BYTES:
        raise Refused("too_large", None, most_mb=MAX_BYTES // 1_000_000)


def take_file(
    *, name: str, content: bytes, mapping: CsvMapping | None = None, by: Any = None
) -> tuple[StatementFile, bool]:
    """Keep a file of the bank and ask a worker to read it. Returns it and whether it is new.

    The same bytes are the same file: one that was imported stays as it is, one that was refused is read again.
    Refused when it is too large or empty. Must run outside a transaction (the bytes go to the storage).
    """
    refuse_size(len(content))
    if not content.strip():
        raise Refused("empty", None)
    forbid_network_in_transaction("storing a file of the bank")
    digest = hashlib.sha256(content).hexdigest()
    known = StatementFile.objects.filter(sha256=digest).first()
    if known is not None:
        return _again(known, mapping, by), False
    key = _store(digest, content)

    def work() -> StatementFile:
        with transaction.atomic():
            made = StatementFile.objects.create(
                name=clean_line(PurePath(name).name)[:200] or digest[:12],
                sha256=digest,
                size_bytes=len(content),
                key=key,
                mapping=mapping,
                uploaded_by=by if getattr(by, "pk", None) else None,
            )
        transaction.on_commit(lambda: nudge(made.pk), robust=True)
        return made

    try:
        return retrying(work), True
    except IntegrityError:  # a colleague was faster with the same bytes
        return _again(StatementFile.objects.get(sha256=digest), mapping, by), False


def read_again(*, file: StatementFile, mapping: CsvMapping | None = None, by: Any = None) -> bool:
    """A refused file waits to be read once more: what was missing is there now. False when it was not refused."""

    def work() -> bool:
        file.refresh_from_db()
        if file.state != "refused":
            return False
        also: dict[str, Any] = {"mapping": mapping} if mapping is not None else {}
        move(
            file,
            to="waiting",
            by=by,
            why="read again",
            refused_code="",
            refused_facts={},
            refused_line=None,
            claimed_until=None,
            finished_at=None,
            **also,
        )
        transaction.on_commit(lambda: nudge(file.pk), robust=True)
        return True

    try:
        return retrying(work)
    except StaleState:
        return False


def nudge(file_id: int) -> None:
    """Ask a worker to read the file now. A broken queue is no error: the sweep comes by."""
    from fulfilment.finance.bank.tasks import read_file

    try:
        read_file.delay(file_id)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, bank file %s waits for the sweep: %s", file_id, error)


def _again(known: StatementFile, mapping: CsvMapping | None, by: Any) -> StatementFile:
    read_again(file=known, mapping=mapping, by=by)
    return known


def _store(digest: str, content: bytes) -> str:
    """The key under which the bytes lie; it carries their hash, so two at once cannot harm each other."""
    store = storages["documents"]
    key = f"bank/{clock.today().year}/{digest[:24]}"
    return key if store.exists(key) else str(store.save(key, ContentFile(content)))
