"""Addresses of other systems, and what was and is to be pushed to them."""

from __future__ import annotations

import re
import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.kernel.claims import Claimed
from shop.kernel.clock import now
from shop.kernel.sealed import SealedField

ORDER_CONFIRMED, INVOICE_ISSUED, TEST = "order.confirmed", "invoice.issued", "test"
EVENTS = [(ORDER_CONFIRMED, _("Order confirmed")), (INVOICE_ISSUED, _("Invoice issued"))]


OUR_EXCEPTIONS = re.compile(r"^(GiveUp|NotReached|NotAcknowledged): ")


class Endpoint(models.Model):
    """An address of a warehouse or accounting system, and what it wants to hear."""

    name = models.CharField(_("Name"), max_length=80, unique=True)
    url = models.URLField(_("Address"), max_length=500)
    events = models.JSONField(_("Events"), default=list)
    active = models.BooleanField(_("Active"), default=True)
    secret = SealedField(purpose="push")
    previous_secret = SealedField(purpose="push", blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["name"]
        permissions = [
            ("manage_endpoints", "May enter addresses of other systems and see their secrets once")
        ]

    def __str__(self) -> str:
        return self.name

    def secrets(self) -> list[str]:
        """What pushes are signed with: the present secret, and the one before until its time is over."""
        still = self.previous_secret and self.previous_until and self.previous_until > now()
        return [self.secret, *([self.previous_secret] if still else [])]


class Push(Claimed):
    """One event for one endpoint: the body exactly as it is signed and sent, and how it was acknowledged."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="pushes")
    delivery_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    event = models.CharField(_("Event"), max_length=40, choices=[*EVENTS, (TEST, _("Test"))])
    source = models.CharField(max_length=120, help_text="the fact it tells, once per endpoint")
    subject = models.CharField(_("About"), max_length=80, blank=True, help_text="order or invoice number")
    body = models.TextField()
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_body = models.TextField(blank=True)
    correlation_id = models.CharField(max_length=64, null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "source"], name="connect_push_once")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="connect_push_due", condition=models.Q(state="pending")
            ),
            models.Index(fields=["-created_at", "-id"], name="connect_push_newest"),
            models.Index(fields=["correlation_id"], name="connect_push_thread"),
        ]
        permissions = [
            ("view_pushes", "May see what was pushed to other systems"),
            ("retry_pushes", "May push again"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject} to {self.endpoint_id} ({self.shown_state})"

    @property
    def reason(self) -> str:
        """Why the last attempt failed, without the name of our own exception before it; "" when it did not."""
        return OUR_EXCEPTIONS.sub("", self.last_error)

    @property
    def shown_state(self) -> str:
        """The word for people: queued, held, retrying, done, dead."""
        if self.state != self.PENDING:
            return self.state
        if not self.endpoint.active:
            return "held"
        return "retrying" if self.last_error else "queued"


class PushAttempt(models.Model):
    """One try: when, how long, what came back. Append-only."""

    push = models.ForeignKey(Push, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(default=now)
    took_ms = models.PositiveIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=500)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.at}: {self.outcome}"
