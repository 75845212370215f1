"""An order in the making on the phone. What becomes of it is told by its basket, so nothing is told twice."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from checkout.basket.models import Basket
from checkout.order.models import Order
from checkout.session import Draft
from shop.kernel.clock import now


class PhoneOrder(models.Model):
    """A basket that a colleague fills for somebody on the phone, with what that person has said so far.

    Open as long as its basket is; placed when an order was made of the basket. One that is dropped is deleted: nothing
    was agreed, so nothing is kept of the person.
    """

    basket = models.OneToOneField(
        "basket.Basket", on_delete=models.PROTECT, related_name="phone_order", verbose_name=_("Basket")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="phone_orders",
        verbose_name=_("Customer"),
        help_text="who buys; empty: a guest without an account",
    )
    language = models.CharField(_("Language"), max_length=8, default="de")
    facts = models.JSONField(default=dict, help_text="the fields of checkout.session.Draft")
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("Taken by")
    )
    started_at = models.DateTimeField(_("Begun"), default=now)

    class Meta:
        ordering = ["-pk"]
        permissions = [("take_orders", "May take orders by phone")]

    def __str__(self) -> str:
        return f"phone order {self.pk}"

    @property
    def draft(self) -> Draft:
        """What was said so far; an account's e-mail address is that of the account."""
        names = Draft.__dataclass_fields__
        draft = Draft(**{key: value for key, value in self.facts.items() if key in names})
        if self.user is not None:
            draft.email = self.user.email
        return draft

    @property
    def name(self) -> str:
        """How staff call it: by the customer."""
        if self.user is not None:
            return self.user.name
        address = self.facts.get("billing") or {}
        return f"{address.get('first_name', '')} {address.get('last_name', '')}".strip() or self.draft.email

    @property
    def buyer(self) -> Any:
        """Who buys, as offers and payment rules want to know it."""
        return self.user or AnonymousUser()

    @property
    def is_open(self) -> bool:
        """Whether it may still be changed."""
        return self.basket.status == Basket.OPEN

    @property
    def order(self) -> Order | None:
        """The order that was made of it, if any. One query."""
        return Order.objects.filter(placement_key=f"basket:{self.basket_id}").first()
