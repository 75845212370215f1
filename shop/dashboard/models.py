"""What staff did by hand in this house: one row per deed, append-only. State changes have their own log (kernel)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError
from shop.kernel.outbox import current_correlation_id, thread_of

ORDER, CUSTOMER, PRODUCT = "order", "customer", "product"


class StaffAction(models.Model):
    """A deed no state machine writes down: a hold, a mail sent again, a price, a credit released."""

    SUBJECTS = [(ORDER, _("Order")), (CUSTOMER, _("Customer")), (PRODUCT, _("Product"))]

    subject = models.CharField(max_length=20, choices=SUBJECTS)
    subject_id = models.BigIntegerField()
    what = models.CharField(
        max_length=40, help_text="the verb: hold, release_hold, resend_mail, set_price, ..."
    )
    facts = models.JSONField(default=dict, help_text="what it was about, as plain values")
    why = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    correlation_id = models.CharField(max_length=64, null=True, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["subject", "subject_id", "id"], name="dashboard_deeds_of")]
        permissions = [("enter", "May enter the back office")]

    def __str__(self) -> str:
        return f"{self.what} on {self.subject} {self.subject_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("what staff did is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: the log is kept."""
        raise AppendOnlyError("what staff did is never deleted")


def note(*, subject: str, subject_id: int, what: str, by: Any, why: str = "", **facts: Any) -> StaffAction:
    """Write a deed down, in the caller's transaction. ``facts``: plain values, amounts in minor units."""
    return StaffAction.objects.create(
        subject=subject,
        subject_id=subject_id,
        what=what,
        facts=facts,
        why=why.strip()[:300],
        by=by if getattr(by, "pk", None) else None,
        correlation_id=(thread_of("order_id", subject_id) if subject == ORDER else "")
        or current_correlation_id(),
    )
