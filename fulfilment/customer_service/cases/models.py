"""Cases, their messages and pictures, what staff may say in ready words, and by when service must answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.business_days import GERMAN_STATES
from shop.kernel.clock import now

from . import kinds
from .hours import OpeningHours
from .states import CASE, OPEN_STATES
from .words import folded

NAME_MAX, SUBJECT_MAX, EMAIL_MAX, BODY_MAX = 150, 150, 254, 10_000
LOW, NORMAL, HIGH, URGENT = 1, 2, 3, 4
PRIORITIES = [(LOW, _("Low")), (NORMAL, _("Normal")), (HIGH, _("High")), (URGENT, _("Urgent"))]


class Case(models.Model):
    """What one customer wants about one matter, until it is done."""

    machine = CASE

    number = models.CharField(_("Number"), max_length=20, unique=True)
    key = models.CharField(max_length=64, unique=True, help_text="one case per form sent")
    kind = models.CharField(_("Kind"), max_length=20, choices=kinds.CHOICES)
    reason = models.CharField(_("Reason"), max_length=20, choices=kinds.REASONS)
    wish = models.CharField(
        _("Wish"),
        max_length=20,
        blank=True,
        choices=list(kinds.REMEDIES.items()),
        help_text="what the customer asked for",
    )
    remedy = models.CharField(
        _("Remedy"),
        max_length=20,
        blank=True,
        choices=list(kinds.REMEDIES.items()),
        help_text="what was decided",
    )
    right_until = models.DateField(
        null=True, blank=True, help_text="last day of the right, where there is one"
    )
    fault_presumed = models.BooleanField(default=False, help_text="§ 477 BGB")
    subject = models.CharField(_("Subject"), max_length=SUBJECT_MAX)
    name = models.CharField(_("Name"), max_length=NAME_MAX)
    email = models.CharField(_("E-mail address"), max_length=EMAIL_MAX)
    language = models.CharField(max_length=8, default="de")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="cases"
    )
    order = models.ForeignKey(
        "order.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )
    lines = models.JSONField(
        default=list, help_text="order_line_id, sku, title, quantity, ordered; empty: the whole"
    )
    state = models.CharField(_("State"), max_length=24, choices=CASE.choices, default=CASE.initial)
    priority = models.PositiveSmallIntegerField(_("Priority"), choices=PRIORITIES, default=NORMAL)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    opened_at = models.DateTimeField(_("Opened"), default=now)
    answer_due_at = models.DateTimeField(
        null=True, blank=True, help_text="None: the customer is not waiting for words"
    )
    answered_at = models.DateTimeField(null=True, blank=True, help_text="the first answer")
    solve_due_at = models.DateTimeField()
    solved_at = models.DateTimeField(null=True, blank=True, help_text="when it was decided or closed first")
    touched_at = models.DateTimeField(default=now, help_text="last message")
    last_message_id = models.BigIntegerField(
        default=0, help_text="what a writer has seen is compared with it"
    )
    words = models.TextField(
        default="", editable=False, help_text="name, subject and address as the search knows them"
    )
    nonce = models.CharField(
        max_length=32, help_text="in the customer's link; a new one takes the old link away"
    )

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="cases_newest"),
            models.Index(
                F("priority").desc(),
                F("solve_due_at"),
                F("id"),
                condition=Q(state__in=OPEN_STATES),
                name="cases_queue",
            ),
            models.Index(fields=["assignee", "state", "solve_due_at"], name="cases_of_somebody"),
            models.Index(fields=["email", "-opened_at"], name="cases_by_email"),
            models.Index(fields=["state", "-opened_at"], name="cases_by_state"),
        ]
        permissions = [
            ("view_cases", "May see cases"),
            ("handle_cases", "May answer and decide cases"),
            ("change_macros", "May change ready answers and service hours"),
            ("view_figures", "May see reports of customer service"),
            ("see_people", "May see who sent how much money back"),
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self.state in OPEN_STATES

    @property
    def sort(self) -> kinds.Kind:
        """Its kind with duties and remedies."""
        return kinds.KINDS[self.kind]

    @property
    def due_at(self) -> dt.datetime | None:
        """What is due next: the answer, else the solution; None when nothing is."""
        if not self.is_open or self.solved_at is not None:
            return None
        return min(self.answer_due_at, self.solve_due_at) if self.answer_due_at else self.solve_due_at

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the words of its head beside it."""
        self.words = folded(f"{self.name} {self.subject} {self.email}")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: cases are closed."""
        raise ProtectedError("cases are closed, never deleted", {self})


class Message(models.Model):
    """One message of a case; never changed."""

    CUSTOMER, STAFF, NOTE = "customer", "staff", "note"
    SIDES = [(CUSTOMER, _("Customer")), (STAFF, _("Answer")), (NOTE, _("Internal note"))]

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField(max_length=10, choices=SIDES)
    body = models.TextField(max_length=BODY_MAX, help_text="plain text, shown as such")
    words = models.TextField(default="", editable=False, help_text="of the body, as the search knows them")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(default=now)
    key = models.CharField(max_length=64, unique=True, help_text="one message per form sent")
    mail_id = models.BigIntegerField(null=True, help_text="pushed down by notifications")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["case", "id"], name="cases_thread")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.side} in {self.case_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep its words beside it."""
        self.words = folded(self.body)
        super().save(*args, **kwargs)

    @property
    def is_internal(self) -> bool:
        """Whether only staff may read it."""
        return self.side == self.NOTE


class Picture(models.Model):
    """A picture that came with a message: drawn anew by us, kept in the private store under its hash."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="pictures")
    key = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text="bytes")

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["message", "sha256"], name="cases_picture_once_in_a_message")
        ]

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"


class Macro(models.Model):
    """An answer in ready words; ``{name}``, ``{case}``, ``{order}`` and ``{me}`` are filled in."""

    title = models.CharField(_("Title"), max_length=80)
    language = models.CharField(_("Language"), max_length=8, default="de")
    kind = models.CharField(
        _("Kind"), max_length=20, blank=True, choices=kinds.CHOICES, help_text="blank: every kind"
    )
    body = models.TextField(_("Text"), max_length=BODY_MAX)
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["title", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["title", "language"], name="cases_macro_title_once")]

    def __str__(self) -> str:
        return self.title


class Writing(models.Model):
    """Who has a case open to write in it right now: two people see each other."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="writing")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="cases_writing_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.case_id}"


class ServicePolicy(models.Model):
    """When service works and by when it answers. One row. Hours of business time, normal priority; see ``FACTORS``."""

    #: Share of the hours by priority, in percent.
    FACTORS = {LOW: 200, NORMAL: 100, HIGH: 50, URGENT: 25}

    opens = models.TimeField(_("Opens"), default=dt.time(9))
    closes = models.TimeField(_("Closes"), default=dt.time(17))
    holidays_of = models.CharField(
        _("Holidays of"), max_length=2, blank=True, choices=[(code, code) for code in GERMAN_STATES]
    )
    answer_hours = models.PositiveSmallIntegerField(
        _("Hours to the first answer"), default=8, validators=[MinValueValidator(1), MaxValueValidator(400)]
    )
    solve_hours = models.PositiveSmallIntegerField(
        _("Hours to the solution"), default=40, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    repair_weeks = models.PositiveSmallIntegerField(
        _("Weeks that a repair takes at most"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(26)],
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="cases_one_policy"),
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="cases_opens_before_it_closes"),
            models.CheckConstraint(
                condition=Q(answer_hours__gte=1, answer_hours__lte=F("solve_hours")),
                name="cases_answer_before_solution",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer_hours} h, {self.solve_hours} h"

    @classmethod
    def current(cls) -> ServicePolicy:
        """The policy; the usual one until somebody changes it."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def opening(self) -> OpeningHours:
        """When service works."""
        return OpeningHours(self.opens, self.closes, self.holidays_of)

    def minutes(self, hours: int, priority: int) -> int:
        """Business minutes for ``hours`` at a priority."""
        return hours * 60 * self.FACTORS[priority] // 100
