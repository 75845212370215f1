"""What returns are worth, and what was done about it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.claims import Claimed
from shop.kernel.clock import now

from .states import EXCHANGE, SETTLEMENT

CUSTOMER, SHOP = "customer", "shop"
PAYERS = [(CUSTOMER, _("the customer")), (SHOP, _("the shop"))]
TRACKING_MAX = 40


class Settlement(models.Model):
    """The money for one return. One per return; amounts are written when it is carried out."""

    machine = SETTLEMENT

    returning = models.OneToOneField("receiving.Return", on_delete=models.PROTECT, related_name="settlement")
    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="settlements")
    cause = models.CharField(max_length=80, blank=True, help_text="as of the return: withdrawal:W10001, dock")
    state = models.CharField(
        _("State"), max_length=16, choices=SETTLEMENT.choices, default=SETTLEMENT.initial
    )
    lines = models.JSONField(
        help_text="accepted pieces: order_line_id, title, sku, quantity, grade, value_minor"
    )
    kept = models.JSONField(
        default=dict, help_text="order line id (text) -> gross minor units that are not credited"
    )
    kept_why = models.CharField(max_length=300, blank=True)
    with_shipping = models.BooleanField(default=False)
    currency = models.CharField(max_length=3, default="EUR")
    credited_minor = models.PositiveBigIntegerField(default=0, help_text="sum of its credit notes")
    refunded_minor = models.PositiveBigIntegerField(default=0, help_text="sum of the refunds it asked for")
    left_minor = models.PositiveBigIntegerField(
        default=0, help_text="the customer's credit for which no payment could be sent back"
    )
    credit_notes = models.JSONField(default=list, help_text="numbers")
    waits_because = models.CharField(
        max_length=40, blank=True, help_text="why it was not carried out by itself"
    )
    proposed_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        indexes = [
            models.Index(fields=["state", "proposed_at"], name="returns_by_state"),
            models.Index(fields=["-proposed_at", "-id"], name="returns_newest"),
        ]
        default_permissions = ()
        permissions = [("settle_money", "May decide what is paid back for a return")]

    def __str__(self) -> str:
        return f"settlement of return {self.returning_id} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether somebody must decide."""
        return self.state == SETTLEMENT.initial

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it says where money went."""
        raise ProtectedError("settlements are decided, never deleted", {self})


class PostageRule(models.Model):
    """Who pays for the way back, per reason, where the shop decided otherwise than usual (``postage.USUAL``)."""

    reason = models.CharField(max_length=20, unique=True)
    payer = models.CharField(max_length=10, choices=PAYERS)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.reason}: {self.payer}"


class Authorisation(models.Model):
    """What the customer was told about sending a return: by when, and at whose cost; and what they said of its way."""

    returning = models.OneToOneField(
        "receiving.Return", on_delete=models.PROTECT, related_name="authorisation"
    )
    payer = models.CharField(max_length=10, choices=PAYERS)
    payer_source = models.CharField(max_length=40, blank=True, help_text="where it stands, § 357 (5) BGB")
    send_by = models.DateField()
    told_at = models.DateTimeField(default=now)
    carrier = models.CharField(max_length=40, blank=True, help_text="as the customer says")
    tracking_number = models.CharField(max_length=TRACKING_MAX, blank=True)
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="when the customer said that it is on its way"
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"authorisation of return {self.returning_id}"


class CarrierLabel(Claimed):
    """A carrier's label for one return, wanted by its customer: ``state`` says whether a task still has to ask for it
    (the kernel's claims). Once per return; our own slip stays beside it."""

    returning = models.OneToOneField(
        "receiving.Return", on_delete=models.PROTECT, related_name="carrier_label"
    )
    connector = models.CharField(max_length=20, help_text="which carrier: dhl")
    tracking_number = models.CharField(max_length=40, blank=True, db_index=True)
    refused = models.CharField(
        max_length=500, blank=True, help_text="why the carrier makes none, in its words"
    )
    pdf = models.BinaryField(default=bytes, blank=True)
    qr_png = models.BinaryField(
        default=bytes, blank=True, help_text="shown where it is handed in without label"
    )
    has_code = models.BooleanField(default=False)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="when its carrier was asked where it is")
    wanted_at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["next_attempt_at"], name="returns_label_due", condition=Q(state="pending"))
        ]

    def __str__(self) -> str:
        return f"carrier's label of return {self.returning_id} ({self.state})"

    @property
    def is_there(self) -> bool:
        """Whether the customer can have it."""
        return bool(self.tracking_number)

    @property
    def has_failed(self) -> bool:
        """Whether there will be none: the carrier refuses, or did not answer for hours."""
        return self.state == self.DEAD or bool(self.refused)


class RefundWish(models.Model):
    """How a customer wants the money of a return: as it was paid, or as store credit (§ 357 (3) BGB: only where they
    expressly say so). Append-only; the last one counts, and without any it goes back as it was paid."""

    returning = models.ForeignKey("receiving.Return", on_delete=models.PROTECT, related_name="refund_wishes")
    as_credit = models.BooleanField()
    words = models.CharField(max_length=300, help_text="what they agreed to, as it was shown")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"return {self.returning_id}: {'credit' if self.as_credit else 'as paid'}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it is the proof of what they agreed to."""
        raise ProtectedError("wishes about refunds are kept", {self})


class Exchange(models.Model):
    """Pieces that come back for others: the order without money that sends the new ones, and the return of the old."""

    machine = EXCHANGE

    key = models.CharField(max_length=40, unique=True, help_text="of the form: a second click finds it")
    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="exchanges")
    made = models.OneToOneField("order.Order", on_delete=models.PROTECT, related_name="exchange")
    returning = models.OneToOneField("receiving.Return", on_delete=models.PROTECT, related_name="exchange")
    lines = models.JSONField(
        help_text="order_line_id, stockrecord_id, quantity, title, new_title, back_minor, more_minor each"
    )
    more_minor = models.PositiveBigIntegerField(
        default=0,
        help_text="is paid before, where a new size is dearer: the total of the order that sends it",
    )
    back_minor = models.PositiveBigIntegerField(
        default=0, help_text="goes back when the old pieces are accepted"
    )
    held_as = models.CharField(
        max_length=300,
        blank=True,
        help_text="the hold's reason: one that somebody set for another is not lifted",
    )
    state = models.CharField(_("State"), max_length=12, choices=EXCHANGE.choices, default=EXCHANGE.initial)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["state", "at"], name="returns_exchange_by_state")]

    def __str__(self) -> str:
        return f"exchange {self.pk} of order {self.order_id} ({self.state})"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it says why goods went out without money."""
        raise ProtectedError("exchanges are called off, never deleted", {self})
