"""Questions about missing pieces, and the shop's rule for those that nobody answers."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from checkout.order.models import Line, Order
from shop.kernel.clock import now

from .states import SHORTAGE

WAIT, SEND, SUBSTITUTE, REFUND = "wait", "send", "substitute", "refund"
CUSTOMER, STAFF, RULE = "customer", "staff", "rule"
#: Questions in these states, with these answers, still wait for goods.
DECIDED = ("answered", "defaulted")
HOPES_FOR_GOODS = (WAIT, SEND)


def new_nonce() -> str:
    """What makes the link of a question impossible to guess, beside its signature."""
    return secrets.token_urlsafe(18)


class ShortagePolicy(models.Model):
    """How the shop deals with missing pieces. One row."""

    DEFAULTS = [
        (WAIT, _("wait for the goods")),
        (SEND, _("send the rest now, the missing pieces follow")),
        (REFUND, _("cancel the missing pieces and give the money back")),
    ]
    NOBODY, TRUSTED, EVERYBODY = "nobody", "trusted", "everybody"
    OFFERERS = [
        (NOBODY, _("nobody")),
        (TRUSTED, _("who has the permission for it")),
        (EVERYBODY, _("everybody who answers questions")),
    ]

    asks = models.BooleanField(_("Ask the customer"), default=True)
    hours = models.PositiveSmallIntegerField(_("Hours to answer"), default=48)
    default_answer = models.CharField(_("Without an answer"), max_length=10, choices=DEFAULTS, default=REFUND)
    offerers = models.CharField(
        _("Who may offer substitutes"), max_length=10, choices=OFFERERS, default=TRUSTED
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="shortages_one_policy"),
            models.CheckConstraint(condition=Q(hours__gte=1), name="shortages_time_to_answer"),
        ]

    def __str__(self) -> str:
        return f"{self.hours} h, then {self.default_answer}"

    @classmethod
    def current(cls) -> ShortagePolicy:
        """The policy; the usual one until somebody changes it."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class ShortageQuestion(models.Model):
    """Pieces of one order line that could not be found, and what shall become of them."""

    machine = SHORTAGE
    ANSWERS = [
        (WAIT, _("wait for the goods")),
        (SEND, _("send the rest now")),
        (SUBSTITUTE, _("take the substitute")),
        (REFUND, _("refund")),
    ]
    VOICES = [(CUSTOMER, _("the customer")), (STAFF, _("staff")), (RULE, _("the shop's rule"))]

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shortages")
    order_line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="shortages")
    pieces = models.PositiveIntegerField(help_text="missing when it was asked last")
    state = models.CharField(
        _("State"), max_length=10, choices=SHORTAGE.choices, default=SHORTAGE.initial, db_index=True
    )
    nonce = models.CharField(max_length=40, unique=True, default=new_nonce)
    version = models.PositiveSmallIntegerField(default=1, help_text="raised when the question changed")
    asked_at = models.DateTimeField(default=now)
    deadline = models.DateTimeField()
    substitute = models.ForeignKey(
        StockRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    substitute_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="price of one piece, gross in minor units"
    )
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answer = models.CharField(max_length=10, choices=ANSWERS, blank=True)
    answered_by_whom = models.CharField(max_length=10, choices=VOICES, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text="what staff wrote when they answered")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_line"], condition=Q(state="asked"), name="shortages_one_open_per_line"
            ),
            models.CheckConstraint(condition=Q(pieces__gt=0), name="shortages_something_is_missing"),
            models.CheckConstraint(
                condition=Q(substitute=None, substitute_minor=None)
                | Q(substitute__isnull=False, substitute_minor__isnull=False),
                name="shortages_substitute_has_a_price",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED) | ~Q(answer=""), name="shortages_decided_says_how"
            ),
        ]
        indexes = [
            models.Index(fields=["deadline"], condition=Q(state="asked"), name="shortages_to_be_decided")
        ]
        permissions = [
            ("answer_questions", "May see questions about missing pieces and answer for customers"),
            ("offer_substitutes", "May offer substitutes for missing pieces"),
            ("change_policy", "May change the rule for missing pieces"),
        ]
        ordering = ["deadline", "pk"]

    def __str__(self) -> str:
        return f"{self.pieces} of line {self.order_line_id} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether an answer is still awaited."""
        return self.state == "asked"

    @property
    def hopes(self) -> bool:
        """Whether goods that come would still be for it."""
        return self.is_open or (self.state in DECIDED and self.answer in HOPES_FOR_GOODS)

    @property
    def source(self) -> str:
        """Its name in the order's amendments: a retry finds what was done."""
        return f"shortage:{self.pk}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what was asked and answered is part of the order's story."""
        raise ProtectedError("questions are withdrawn, never deleted", {self})
