"""What was asked of whoever may have sent money that nobody can explain."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now

from .money import Receipt


class PayerQuestion(models.Model):
    """A mail that asks what a receipt was for. The answer comes by mail; who got it notes it at the workbench."""

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="questions")
    number = models.PositiveSmallIntegerField(help_text="which one about this receipt, from 1")
    email = models.EmailField(_("E-mail"))
    name = models.CharField(_("Name"), max_length=140, blank=True)
    language = models.CharField(_("Language"), max_length=8, default="de")
    words = models.CharField(_("Sentence of your own"), max_length=500, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["receipt", "number"], name="reconciliation_asked_one_by_one")
        ]

    def __str__(self) -> str:
        return f"question {self.number} about receipt {self.receipt_id} to {self.email}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what was asked is kept."""
        raise ProtectedError("questions to payers are kept", {self})
