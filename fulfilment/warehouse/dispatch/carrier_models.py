"""What we and carriers tell each other about parcels on their way: manifests and tracking states."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.kernel.clock import now

from .carriers import DELIVERED, LOST, ON_ITS_WAY, RETURNED, UNKNOWN


class Manifest(models.Model):
    """The list of parcels a carrier took on one day, signed by its driver. Never changed afterwards."""

    number = models.CharField(_("Number"), max_length=20, unique=True)
    carrier = models.CharField(_("Carrier"), max_length=40)
    day = models.DateField(_("Day"))
    parcel_count = models.PositiveIntegerField(_("Parcels"))
    weight_g = models.PositiveBigIntegerField(_("Weight in grams"))
    closed_at = models.DateTimeField(default=now)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        indexes = [models.Index(fields=["-day", "carrier"], name="dispatch_manifest_day")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.number

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: a driver signed it."""
        raise models.ProtectedError("manifests are never deleted", {self})


class TrackingState(models.Model):
    """One tracking state as a carrier told it, and what we made of it. Told twice it is kept once."""

    APPLIED, NO_CHANGE, OLDER = "applied", "no_change", "older"
    NO_PARCEL, NOT_UNDERSTOOD, NOT_LEFT, UNREADABLE = "no_parcel", "not_understood", "not_left", "unreadable"
    OUTCOMES = [
        (APPLIED, pgettext_lazy("tracking", "moved the parcel")),
        (NO_CHANGE, pgettext_lazy("tracking", "noted")),
        (OLDER, pgettext_lazy("tracking", "noted; something newer was known")),
        (NO_PARCEL, pgettext_lazy("tracking", "no parcel has this number")),
        (NOT_UNDERSTOOD, pgettext_lazy("tracking", "the state is not known")),
        (NOT_LEFT, pgettext_lazy("tracking", "by our books the parcel has not left")),
        (UNREADABLE, pgettext_lazy("tracking", "could not be read")),
    ]
    #: What a person has to look at.
    QUESTIONS = (NO_PARCEL, NOT_UNDERSTOOD, NOT_LEFT, UNREADABLE)
    MEANINGS = [
        (ON_ITS_WAY, pgettext_lazy("tracking", "on its way")),
        (DELIVERED, pgettext_lazy("tracking", "delivered")),
        (LOST, pgettext_lazy("tracking", "lost")),
        (RETURNED, pgettext_lazy("tracking", "returned")),
        (UNKNOWN, pgettext_lazy("tracking", "unknown")),
    ]

    carrier = models.CharField(_("Carrier"), max_length=20)
    tracking_number = models.CharField(_("Tracking number"), max_length=40)
    code = models.CharField(_("Code"), max_length=40)
    meaning = models.CharField(max_length=12, choices=MEANINGS, default=UNKNOWN)
    text = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    parcel = models.ForeignKey(
        "dispatch.Parcel", null=True, blank=True, on_delete=models.PROTECT, related_name="tracking"
    )
    outcome = models.CharField(max_length=16, choices=OUTCOMES)
    received_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "tracking_number", "code", "at"], name="dispatch_tracking_told_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["-received_at"],
                name="dispatch_tracking_open",
                condition=Q(
                    settled_at=None, outcome__in=["no_parcel", "not_understood", "not_left", "unreadable"]
                ),
            )
        ]
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.tracking_number}: {self.code}"

    @property
    def is_question(self) -> bool:
        """Whether a person has still to look at it."""
        return self.settled_at is None and self.outcome in self.QUESTIONS
