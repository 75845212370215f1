"""How far a customer may buy on account: the formula as data, and each customer's limit. Amounts in minor units."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from shop.kernel.clock import now


def default_steps() -> list[list[int]]:
    """From so many points on, this limit in cents: below the first step nothing."""
    return [[15, 10_000], [25, 30_000], [40, 80_000], [70, 150_000]]


class CreditFormula(models.Model):
    """One row: how payment behaviour becomes points, and points a limit."""

    active = models.BooleanField(_("Limits by payment behaviour"), default=True)
    start_points = models.SmallIntegerField(_("Points to begin with"), default=40)
    paid_on_time_points = models.SmallIntegerField(_("Per invoice paid in time"), default=5)
    paid_on_time_most = models.SmallIntegerField(_("At most for paying in time"), default=40)
    late_day_points = models.SmallIntegerField(_("Per day late, on average"), default=-1)
    late_day_most = models.SmallIntegerField(_("At most for paying late"), default=-40)
    dunning_level_points = models.SmallIntegerField(_("Per dunning level now"), default=-15)
    overdue_points = models.SmallIntegerField(_("When something is overdue now"), default=-10)
    year_points = models.SmallIntegerField(_("Per year as a customer"), default=4)
    year_most = models.SmallIntegerField(_("At most for years as a customer"), default=12)
    written_off_points = models.SmallIntegerField(_("When a claim had to be written off"), default=-60)
    steps = models.JSONField(_("Limits"), default=default_steps, help_text=_("points and limit, one a line"))

    history = HistoricalRecords()

    def __str__(self) -> str:
        return "credit formula"


class CustomerLimit(models.Model):
    """A customer's points, the limit that follows, and what staff set instead, with the reason."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="account_limit"
    )
    points = models.SmallIntegerField(default=0)
    reasons = models.JSONField(default=list, help_text="name, figure and points of each part of the score")
    computed_minor = models.PositiveBigIntegerField(default=0)
    override_minor = models.PositiveBigIntegerField(null=True, blank=True)
    override_why = models.CharField(max_length=300, blank=True)
    computed_at = models.DateTimeField(default=now)

    history = HistoricalRecords(excluded_fields=["reasons", "computed_at"])

    class Meta:
        indexes = [models.Index(fields=["points"], name="dunning_limit_points")]
        permissions = [
            ("view_limits", "May see limits of purchase on account"),
            ("change_limits", "May set limits of purchase on account"),
        ]

    def __str__(self) -> str:
        return f"limit of {self.user_id}: {self.limit_minor}"

    @property
    def limit_minor(self) -> int:
        """What counts at the checkout."""
        return self.computed_minor if self.override_minor is None else self.override_minor
