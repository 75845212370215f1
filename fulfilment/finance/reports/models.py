"""Balances kept so that a report need not read every line: per account and day, and per sub-account.

No posting ever touches a balance: a trigger notes its number in ``NewEntry`` (append only, so nobody waits for
anybody), and ``actions.roll_up`` adds noted entries to the balances, each exactly once. Reports read balances plus what
is still noted, in one statement (``balances.py``), so they are right to the last entry at any moment.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q

from shop.kernel.clock import now

NO_RATE = -1  #: a line without a VAT rate; NULL would not be equal to itself in a unique constraint


class NewEntry(models.Model):
    """A posted entry that is not in the balances yet. Written by the database's own trigger, with the posting."""

    entry_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return f"entry {self.entry_id}"


class DayBalance(models.Model):
    """What was posted to an account on a day, per currency, VAT country and rate; minor units."""

    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    currency = models.CharField(max_length=3)
    vat_country = models.CharField(max_length=2, blank=True)
    vat_rate_bp = models.IntegerField(default=NO_RATE)
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    base_minor = models.BigIntegerField(default=0, help_text="net taxed, of VAT lines")
    lines = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "day", "currency", "vat_country", "vat_rate_bp"], name="reports_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"


class SubjectBalance(models.Model):
    """What all lines of a sub-account add up to (debit positive), whatever their day, and between which days they lie:
    at the end of a day before or after all of them the balance is known without a look at them. Minor units."""

    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    first_day = models.DateField()
    last_day = models.DateField()

    class Meta:
        constraints = [
            # The subject first: what an order cost is asked of several accounts at once.
            models.UniqueConstraint(
                fields=["subject", "account", "currency"], name="reports_one_balance_per_subject"
            )
        ]
        indexes = [
            # All that is asked of those not at zero: their rows lie scattered among everything that was paid.
            models.Index(
                fields=["account", "currency", "last_day", "subject", "balance_minor"],
                condition=~Q(balance_minor=0),
                name="reports_subject_not_zero",
            ),
            models.Index(
                fields=["account", "currency", "last_day", "first_day"], name="reports_subject_by_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.balance_minor}"


class CustomerStatement(models.Model):
    """An account that was sent to its customer, as it was printed: what a later booking changes does not change it."""

    key = models.UUIDField(unique=True, help_text="of the form it was sent by: a second click finds it")
    customer = models.CharField(max_length=200, help_text='"user:5" or "mail:a@b.de"')
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=200)
    email = models.EmailField()
    language = models.CharField(max_length=8)
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField()
    balance_minor = models.BigIntegerField()
    printed = models.JSONField(help_text="what the letter prints, see customers.py")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        permissions = [("send_statements", "May send customers their account")]

    def __str__(self) -> str:
        return f"{self.name} until {self.last_day}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what we wrote to somebody is kept (§ 147 AO, letters sent)."""
        raise ProtectedError("statements that were sent are kept", {self})
