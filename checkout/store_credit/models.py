"""What a customer has with us, and every movement of it. Amounts in minor units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now

REFUNDED, SPENT, RETURNED, MERGED = "refunded", "spent", "returned", "merged"
KINDS = [
    (REFUNDED, _("Money back, as credit")),
    (SPENT, _("Paid an order")),
    (RETURNED, _("Back from an order that it had paid")),
    (MERGED, _("Moved with a merged account")),
]


class CreditAccount(models.Model):
    """The balance of one customer in one currency: the sum of its movements, kept beside them so that the database can
    hold that it never falls below zero."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="store_credits")
    currency = models.CharField(max_length=3, default="EUR")
    balance_minor = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "currency"], name="store_credit_one_account"),
            models.CheckConstraint(condition=Q(balance_minor__gte=0), name="store_credit_never_below_zero"),
        ]

    def __str__(self) -> str:
        return f"credit of {self.user_id}: {self.balance_minor} {self.currency}"


class Movement(models.Model):
    """One change of a balance. Append-only: the database refuses to change or delete it (``triggers.py``)."""

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=10, choices=KINDS)
    amount_minor = models.BigIntegerField(help_text="positive: came in; negative: went out")
    cause = models.CharField(
        max_length=100, unique=True, help_text="the fact behind it: a retry finds the row"
    )
    order = models.ForeignKey(
        "order.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="credit_movements"
    )
    why = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="store_credit_moves_something")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} ({self.cause})"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it is part of the books."""
        raise ProtectedError("movements of store credit are kept", {self})
