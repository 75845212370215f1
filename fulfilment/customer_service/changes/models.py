"""What was changed in an order, by whom, and what it cost before and after; or what waits for its payment."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from checkout.order.models import Order
from checkout.payment.models import Payment
from shop.kernel.clock import now

from .states import DONE, ORDER_CHANGE, WAITING

CANCEL, PIECES, ADDRESS, DELIVERY = "cancel", "pieces", "address", "delivery"
KINDS = [
    (CANCEL, _("order cancelled")),
    (PIECES, _("pieces changed")),
    (ADDRESS, _("address changed")),
    (DELIVERY, _("delivery changed")),
]
WHY = gettext_noop("the customer changed the order")  #: in histories, when nobody gave a reason
PREFIX = "change:"  #: of the names of these facts in amendments and refunds
CUSTOMER, STAFF = "customer", "staff"
VOICES = [(CUSTOMER, _("customer")), (STAFF, _("staff"))]


class OrderChange(models.Model):
    """One change of an order before it was picked, carried out whole; or, when a paid order would cost more, wished for
    and not carried out before the difference is paid. Never deleted."""

    machine = ORDER_CHANGE

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=KINDS)
    key = models.CharField(max_length=48, unique=True, help_text="one change per form sent")
    voice = models.CharField(max_length=10, choices=VOICES)
    state = models.CharField(max_length=10, choices=ORDER_CHANGE.choices, default=DONE)
    why = models.CharField(max_length=300, blank=True)
    before_minor = models.PositiveBigIntegerField(help_text="total of the order in minor units")
    after_minor = models.PositiveBigIntegerField()
    facts = models.JSONField(default=dict, help_text="delivery: its names before and after")
    wish = models.JSONField(default=dict, help_text="what is to be done when the payment has come")
    payment = models.OneToOneField(
        Payment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="order_change",
        help_text="pays the difference",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state=WAITING), name="changes_one_waits_per_order"
            ),
            models.CheckConstraint(
                condition=Q(state=DONE) | Q(payment__isnull=False), name="changes_wait_for_a_payment"
            ),
            models.CheckConstraint(
                condition=Q(voice=CUSTOMER) | Q(by__isnull=False), name="changes_staff_have_a_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id}: {self.before_minor} to {self.after_minor}"

    @classmethod
    def of_source(cls, source: str) -> OrderChange | None:
        """The change that this name of a fact means; None when it means another fact. One query at most."""
        if not source.startswith(PREFIX):
            return None
        return cls.objects.filter(key=source.removeprefix(PREFIX)).first()

    @property
    def source(self) -> str:
        """The name of this fact in the order's amendments and refunds."""
        return source_of(self.key)

    @property
    def less_minor(self) -> int:
        """By how much less the order costs since; negative: more."""
        return self.before_minor - self.after_minor

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it is part of the contract."""
        raise ProtectedError("changes of an order are kept", {self})


def source_of(key: str) -> str:
    """The name of a change in the order's amendments and refunds."""
    return f"{PREFIX}{key}"
