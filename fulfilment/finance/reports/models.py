"""Balances kept so that a report need not read every line: per account and day, and per sub-account.

No posting ever touches a balance: a trigger notes its number in ``NewEntry`` (append only, so nobody waits for
anybody), and ``actions.roll_up`` adds noted entries to the balances, each exactly once. Reports read balances plus what
is still noted, in one statement (``balances.py``), so they are right to the last entry at any moment.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

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
    """What all lines of a sub-account add up to (debit positive), whatever their day; minor units."""

    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "subject", "currency"], name="reports_subject_once")
        ]
        indexes = [
            models.Index(
                fields=["account", "currency"], condition=~Q(balance_minor=0), name="reports_subject_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.balance_minor}"
