"""Declarations of withdrawal as they were made, and what became of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now

from .states import OPEN_STATES, WITHDRAWAL

NAME_MAX, CONTRACT_MAX, EMAIL_MAX = 150, 2000, 254
REFUND_DAYS = 14  #: § 357 (1) BGB: money goes back within 14 days of the declaration's arrival


class Withdrawal(models.Model):
    """One declaration. What was declared never changes; only the order it belongs to and its state do."""

    machine = WITHDRAWAL

    number = models.CharField(_("Number"), max_length=20, unique=True)
    key = models.CharField(
        max_length=64, unique=True, help_text="one declaration per form sent: a double click finds it"
    )
    name = models.CharField(_("Name"), max_length=NAME_MAX)
    contract = models.TextField(_("Contract"), max_length=CONTRACT_MAX, help_text="as it was typed")
    email = models.CharField(_("E-mail address"), max_length=EMAIL_MAX)
    language = models.CharField(max_length=8, default="de")
    received_at = models.DateTimeField(_("Received"), help_text="to the second")
    lines = models.JSONField(
        default=list, help_text="chosen lines: order_line_id, sku, title, quantity, ordered; empty: the whole"
    )
    content = models.JSONField(help_text="the declaration as the receipt repeats it")
    sha256 = models.CharField(max_length=64, help_text="of the content, see digest()")
    state = models.CharField(
        _("State"), max_length=20, choices=WITHDRAWAL.choices, default=WITHDRAWAL.initial
    )
    order = models.ForeignKey(
        "order.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="withdrawals"
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    assigned_at = models.DateTimeField(null=True, blank=True)
    goods_back_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when the first return of its order was unpacked: the money may no longer wait",
    )
    receipt_mail_id = models.BigIntegerField(null=True, help_text="pushed down by notifications")

    class Meta:
        ordering = ["-received_at", "-pk"]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="withdrawals_newest"),
            models.Index(fields=["state", "-received_at"], name="withdrawals_by_state"),
            models.Index(fields=["email", "-received_at"], name="withdrawals_by_email"),
        ]
        permissions = [("handle_withdrawals", "May see and handle withdrawals")]

    def __str__(self) -> str:
        return f"{self.number} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in OPEN_STATES

    @property
    def is_whole_order(self) -> bool:
        """Whether an order was shown and the whole of it chosen. Otherwise lines or the text say what is meant."""
        return bool(self.content.get("order_number")) and not self.lines

    @property
    def refund_by(self) -> dt.date:
        """The last day for the refund, § 357 (1) BGB."""
        return timezone.localtime(self.received_at).date() + dt.timedelta(days=REFUND_DAYS)

    @staticmethod
    def digest(content: dict[str, Any]) -> str:
        """SHA-256 (hex) of a content, written in one canonical way."""
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: a declaration is part of the contract's history."""
        raise ProtectedError("withdrawals are closed, never deleted", {self})


class HeldInvoice(models.Model):
    """An invoice this withdrawal keeps from dunning, and with which words: only our own hold is released again."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.CASCADE, related_name="held")
    invoice = models.ForeignKey("invoicing.Invoice", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    held_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["withdrawal", "invoice"], name="withdrawals_held_once")
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} held by {self.withdrawal_id}"
