"""Labels: one booking at a carrier, its files, and how often it was tried."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.claims import Claimed
from shop.kernel.clock import now

from .states import AT_WORK, LABEL, LIVE_STAGES

PDF, ZPL = "pdf", "zpl"
CONSENT = "consent"  #: the shopper agreed that the carrier gets e-mail address and phone number
CONTACT_REASON_MAX_CHARS = 200


class Label(Claimed):
    """A booking of a parcel. ``stage`` says how far it is (its machine), ``state`` whether a task still has to ask the
    carrier (the kernel's claims): they are pending together with the stages ``wanted`` and ``cancelling``."""

    machine = LABEL

    parcel = models.ForeignKey("dispatch.Parcel", on_delete=models.PROTECT, related_name="labels")
    reference = models.CharField(max_length=35, unique=True, help_text="ours, told to the carrier")
    stage = models.CharField(max_length=12, choices=LABEL.choices, default=LABEL.initial)
    connector = models.CharField(max_length=20, help_text="which code booked it: own, dhl")
    tracking_number = models.CharField(max_length=40, blank=True)
    recipient = models.JSONField(default=dict, help_text="where it goes, as booked")
    contact_given_for = models.CharField(
        max_length=CONTACT_REASON_MAX_CHARS,
        blank=True,
        help_text="why the carrier got e-mail address and phone: consent, or what the setting says; empty: it did not",
    )
    reason = models.CharField(_("Reason"), max_length=500, blank=True, help_text="why it was refused")
    about = models.CharField(max_length=10, blank=True, help_text="address, parcel, other")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="first asked; the answer may be lost")
    rebook = models.BooleanField(default=False, help_text="a new one is wanted when this is cancelled")
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    correlation_id = models.CharField(max_length=64, null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parcel"], condition=Q(stage__in=LIVE_STAGES), name="dispatch_one_live_label"
            )
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="dispatch_label_due", condition=Q(state="pending")),
            models.Index(fields=["stage", "created_at"], name="dispatch_label_stage"),
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.reference} ({self.stage})"

    @property
    def is_at_work(self) -> bool:
        """Whether a task has still to ask the carrier, and will."""
        return self.stage in AT_WORK and self.state == self.PENDING

    @property
    def is_stuck(self) -> bool:
        """Whether the tries are used up, and a person has to decide."""
        return self.stage in AT_WORK and self.state == self.DEAD

    @property
    def cause(self) -> str:
        """Why the last try failed, without the name of our own exception before it."""
        return self.last_error.partition(": ")[2] or self.last_error

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: a label is cancelled, never deleted."""
        raise models.ProtectedError("labels are cancelled, never deleted", {self})


class LabelFile(models.Model):
    """A label as its carrier made it. In a table of its own: lists never load it."""

    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="files")
    form = models.CharField(max_length=4, choices=[(PDF, "PDF"), (ZPL, "ZPL")])
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["label", "form"], name="dispatch_one_file_per_form")]

    def __str__(self) -> str:
        return f"{self.form} of {self.label_id}"
