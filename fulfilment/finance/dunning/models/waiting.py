"""Why letters wait: a customer promised to pay, or somebody else collects. Amounts in minor units."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.dunning.states import PROMISE
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.clock import now

from .letters import DunningNotice


class PaymentPromise(models.Model):
    """A customer will pay this amount by a day; until then no letter. Kept or broken is seen by itself."""

    machine = PROMISE

    notice = models.ForeignKey(DunningNotice, on_delete=models.PROTECT, related_name="promises")
    amount_minor = models.PositiveBigIntegerField(_("Amount"))
    pay_on = models.DateField(_("Day"))
    paid_before_minor = models.BigIntegerField(
        help_text="paid on the notice's invoices when it was promised: what comes later keeps the promise"
    )
    state = models.CharField(_("State"), max_length=10, choices=PROMISE.choices, default=PROMISE.initial)
    by_customer = models.BooleanField(default=False, help_text="through the link of the letter")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["notice"], condition=Q(state="open"), name="dunning_one_open_promise"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dunning_promise_of_something"),
        ]
        indexes = [models.Index(fields=["pay_on"], condition=Q(state="open"), name="dunning_promise_due")]

    def __str__(self) -> str:
        return f"{self.amount_minor} by {self.pay_on}: {self.state}"


class Handover(models.Model):
    """An invoice somebody else collects: no further letters until it comes back."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="handovers")
    collector = models.CharField(_("Handed over to"), max_length=120)
    handed_on = models.DateField(_("Handed over on"))
    open_minor = models.PositiveBigIntegerField(help_text="principal on that day")
    claims_minor = models.PositiveBigIntegerField(
        default=0, help_text="interest, costs, lump sum on that day"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    back_on = models.DateField(null=True, blank=True)
    back_why = models.CharField(max_length=300, blank=True)
    back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-handed_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(back_on=None), name="dunning_handed_over_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} with {self.collector}"
