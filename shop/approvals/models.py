"""Requests that wait for a second person, and the limits above which one is needed. Amounts in minor units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from shop.kernel.clock import now

from .states import APPROVAL


class Approval(models.Model):
    """Something one person asked for and another decides. Kept for ever: it is evidence."""

    machine = APPROVAL

    kind = models.CharField(_("Kind"), max_length=40)
    key = models.CharField(max_length=120, help_text="the fact: while it waits it is asked for once")
    title = models.CharField(_("What"), max_length=200)
    amount_minor = models.PositiveBigIntegerField(_("Amount"))
    currency = models.CharField(max_length=3, default="EUR")
    facts = models.JSONField(default=dict, help_text="plain values that the kind's run() needs")
    consequences = models.JSONField(default=list, help_text="sentences: what will happen when it is approved")
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(_("Reason"), max_length=300)
    state = models.CharField(_("State"), max_length=12, choices=APPROVAL.choices, default=APPROVAL.initial)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approvals_requested",
        help_text="empty: the house itself, by a rule of the shop",
    )
    requested_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approvals_decided",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=300, blank=True, help_text="of who decided")
    result = models.CharField(max_length=300, blank=True)
    result_url = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(state="waiting"), name="approvals_waits_once"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("approved", "declined"))
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="approvals_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="approvals_waiting"),
            models.Index(fields=["-requested_at"], name="approvals_newest"),
            models.Index(fields=["kind", "key"], name="approvals_of_a_fact"),
        ]
        permissions = [
            ("view_approvals", "May see requests for approval"),
            ("change_limits", "May change the limits above which a second person is needed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.state}"

    @property
    def asker(self) -> str:
        """Who asked, in words."""
        return str(self.requested_by.name if self.requested_by else _("the shop's rule"))

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: who decided what is kept."""
        raise ProtectedError("requests for approval are kept", {self})


class ApprovalLimit(models.Model):
    """Up to this amount people of this role need nobody else. An empty role: everybody without a row of their own."""

    kind = models.CharField(max_length=40)
    role = models.CharField(max_length=40, blank=True)
    limit_minor = models.PositiveBigIntegerField(_("Without a second person up to"))

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "role"], name="approvals_one_limit")]

    def __str__(self) -> str:
        return f"{self.kind} {self.role or 'all'}: {self.limit_minor}"
