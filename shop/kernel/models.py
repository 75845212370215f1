"""Tables of the kernel: the audit of states, outbox, inbox and number series."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from .clock import now


class AppendOnlyError(Exception):
    """Somebody tried to change or delete a row of an append-only table."""


class StateChange(models.Model):
    """One move of one thing. Append-only: the history a person reads when asking "why is it so?"."""

    WHY_MAX_CHARS = 500

    machine = models.CharField(max_length=60)
    thing_id = models.BigIntegerField()
    old = models.CharField(max_length=40)
    new = models.CharField(max_length=40)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    why = models.CharField(max_length=WHY_MAX_CHARS, blank=True)
    correlation_id = models.CharField(max_length=64, null=True, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["machine", "thing_id", "id"], name="kernel_statechange_thing")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.machine} {self.thing_id}: {self.old} -> {self.new}"

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refused: history is kept."""
        raise AppendOnlyError("state changes are never deleted")


class NumberSeries(models.Model):
    """The counter of one number series and year (year 0: the series does not restart)."""

    series = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField(default=0)
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="kernel_series_once_a_year")]

    def __str__(self) -> str:
        return f"{self.series}/{self.year}: {self.last}"


class Attempted(models.Model):
    """Work that is tried until done, with limits: outbox deliveries, inbox messages, mails and pushes.

    Not a ``Machine``: these rows move by the thousand, and attempts, cause and times are their own audit.
    Only ``attempts.py`` writes them.
    """

    PENDING, DONE, DEAD = "pending", "done", "dead"

    state = models.CharField(
        max_length=10, choices=[(PENDING, PENDING), (DONE, DONE), (DEAD, DEAD)], default=PENDING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=now)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Message(models.Model):
    """An event as it was recorded, in the transaction in which it happened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60, db_index=True)
    payload = models.JSONField()
    correlation_id = models.CharField(max_length=64, blank=True, db_index=True)
    recorded_at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        ordering = ["recorded_at"]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class Delivery(Attempted):
    """What one subscriber still has to do, or has done, about one message."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    subscriber = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "subscriber"], name="kernel_delivery_once")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="kernel_delivery_due", condition=models.Q(state="pending")
            ),
            models.Index(fields=["state", "id"], name="kernel_delivery_state"),
        ]
        permissions = [("view_operations", "May see outbox, inbox and failures and retry them")]

    def __str__(self) -> str:
        return f"{self.subscriber}: {self.state}"


class InboxMessage(Attempted):
    """What others told us: stored first, handled later, once per (source, external id)."""

    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=100, blank=True)
    body = models.TextField()
    received_at = models.DateTimeField(default=now)
    times_received = models.PositiveIntegerField(default=1)
    correlation_id = models.CharField(max_length=64, null=True, blank=True, help_text="of what it was about")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="kernel_inbox_once")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="kernel_inbox_due", condition=models.Q(state="pending")
            ),
            models.Index(fields=["correlation_id"], name="kernel_inbox_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}: {self.state}"


class Change(models.Model):
    """Something that shared pages show was changed. Triggers write it, in the transaction of the change; see
    ``sharing.py``. A row only says "since then": the last one of a name is enough, older ones are cleared away."""

    name = models.CharField(max_length=20, help_text="what kind of thing: words, offer")

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class Tally(models.Model):
    """How often somebody tried something lately; see ``tries.py``. In the database, so that all workers count as one.
    What was tried and by whom stands in the key as a keyed hash: the row names nobody."""

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(help_text="the first try that still counts")
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.count} tries since {self.since:%H:%M}"


class TaskTrouble(models.Model):
    """A task by the clock that failed, since it last went well. It rests until ``next_at``; ``work.py`` writes it. One
    that runs seldom has a row without a failure while it is at work: what is left of it says that it was killed."""

    task = models.CharField(max_length=100, unique=True)
    begun_at = models.DateTimeField(null=True, blank=True, help_text="at work since then, if it still lives")
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    since = models.DateTimeField(default=now)
    last_at = models.DateTimeField(default=now)
    next_at = models.DateTimeField(default=now, help_text="not tried again before")
    last_error = models.TextField(blank=True)
    correlation_id = models.CharField(max_length=64, blank=True, help_text="of its lines in the log")

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return f"{self.task}: {self.failures} failures"


class QueuePulse(models.Model):
    """The last sign of life of one queue: when it was sent by the clock, and when a worker came to it."""

    queue = models.CharField(max_length=40, unique=True)
    sent_at = models.DateTimeField(default=now)
    ran_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.queue} {self.ran_at:%Y-%m-%d %H:%M:%S}"


class KeptFigure(models.Model):
    """Figures that are too dear to be reckoned at each question, as a task by the clock found them; shop/figures.py."""

    name = models.CharField(max_length=40, unique=True, help_text="which of the takings")
    samples = models.JSONField(help_text="figure -> list of (labels, value)")
    taken_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.name} {self.taken_at:%Y-%m-%d %H:%M:%S}"


class Upkeep(models.Model):
    """What keeps the shop from losing all: a backup that was made, a restore that was tried. Append-only by use."""

    BACKUP, RESTORE_TEST = "backup", "restore_test"

    kind = models.CharField(max_length=20)
    begun_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(default=now)
    ok = models.BooleanField(default=True)
    where = models.CharField(max_length=500, blank=True, help_text="folder of the backup")
    size_bytes = models.PositiveBigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of its manifest")
    cause = models.TextField(blank=True, help_text="why it failed")

    class Meta:
        indexes = [models.Index(fields=["kind", "-ended_at"], name="kernel_upkeep_last")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ended_at:%Y-%m-%d %H:%M}"
