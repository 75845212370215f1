"""Who wants to be told of which article."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalogue.models import Product
from shop.kernel.clock import now

from .states import ALERT, UNCONFIRMED, WAITING


def new_key() -> str:
    """What stands in the links of the mails: nobody can guess it."""
    return secrets.token_urlsafe(24)


class StockAlert(models.Model):
    """One wish of one address to be told of one variant. ``key`` opens its page."""

    machine = ALERT

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField()
    language = models.CharField(max_length=8, default="de")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(max_length=40, unique=True, default=new_key)
    state = models.CharField(max_length=12, choices=ALERT.choices, default=ALERT.initial)
    asked_at = models.DateTimeField(default=now)
    mailed_at = models.DateTimeField(default=now, help_text="when the mail with the link was asked for last")
    mails = models.PositiveSmallIntegerField(default=1, db_default=1, help_text="such mails so far")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "email"],
                condition=Q(state__in=(UNCONFIRMED, WAITING)),
                name="stock_alert_once",
            )
        ]
        indexes = [models.Index(fields=["product"], condition=Q(state=WAITING), name="stock_alert_waiting")]

    def __str__(self) -> str:
        return f"{self.product_id} ({self.state})"
