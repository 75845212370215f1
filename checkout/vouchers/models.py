"""Whose a voucher is, and what it is worth."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q

from shop.kernel.clock import now


class PersonalVoucher(models.Model):
    """A voucher that was given to one customer. Amount in minor units."""

    voucher = models.OneToOneField("voucher.Voucher", on_delete=models.PROTECT, related_name="personal")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="vouchers",
        help_text="empty: a guest's, for whoever has the code",
    )
    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="vouchers_given")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    source = models.CharField(
        max_length=80, unique=True, help_text="the fact behind it: a retry finds the row"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="vouchers_over_something")
        ]

    def __str__(self) -> str:
        return f"voucher {self.voucher_id} over {self.amount_minor}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it was promised."""
        raise ProtectedError("vouchers that were given are kept", {self})
