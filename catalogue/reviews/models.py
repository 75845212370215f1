"""Reviews, and what readers report about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.reviews.abstract_models import AbstractProductReview

from shop.kernel.clock import now

from .states import PUBLISHED, REVIEW

BEST = 5  #: stars
TITLE_MAX, NAME_MAX, BODY_MAX, WORDS_MAX = 100, 60, 4_000, 1_000
LINE_FORGOTTEN = 0  #: it was bought here; by which order is forgotten with its author's account


class ProductReview(AbstractProductReview):
    """What one person says of one product. ``verified_line_id`` is the order line it was bought with (a plain number:
    orders live upstairs); empty: nothing is known of a purchase, and nothing is claimed. Without ``user`` and ``name``:
    its author's account was deleted."""

    machine = REVIEW

    status = homepage = code = email = None  # Oscar's own; a machine and an account stand in their place
    score = models.SmallIntegerField(_("Stars"), validators=[MinValueValidator(1), MaxValueValidator(BEST)])
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="reviews"
    )
    state = models.CharField(max_length=10, choices=REVIEW.choices, default=REVIEW.initial)
    language = models.CharField(max_length=8, default="de")
    verified_line_id = models.BigIntegerField(null=True, blank=True)
    written_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_why = models.CharField(max_length=WORDS_MAX, blank=True, help_text="as its author reads it")

    objects: Any = models.Manager()

    class Meta(AbstractProductReview.Meta):
        abstract = False
        ordering = ["-written_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=BEST), name="review_one_to_five"),
        ]
        indexes = [
            models.Index(
                fields=["product", "-written_at"], condition=Q(state=PUBLISHED), name="review_shown"
            ),
            models.Index(fields=["state", "written_at"], name="review_queue"),
        ]
        permissions = [("moderate_reviews", "May read and decide reviews")]

    def clean(self) -> None:
        """Nothing: Oscar's asks those without an account for an e-mail address, and here everybody has an account."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves and nothing else: the product's average is counted by the actions."""
        models.Model.save(self, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Deletes and nothing else, see ``save``."""
        return models.Model.delete(self, *args, **kwargs)

    @property
    def is_verified(self) -> bool:
        """Whether the author is known to have bought it here."""
        return self.verified_line_id is not None

    @property
    def author(self) -> str:
        """The name to show, in the reader's language where the author has none any more."""
        return self.name or gettext("a former customer")

    @property
    def stars(self) -> str:
        """For the eye; the number is said beside it."""
        return "★" * self.score + "☆" * (BEST - self.score)


class ReviewReport(models.Model):
    """A reader says that a review should not be there. ``upheld``: None as long as nobody decided."""

    REASONS = [
        ("false", _("It says things that are not true")),
        ("fake", _("It is not from a customer, or was paid for")),
        ("insult", _("It insults or threatens somebody")),
        ("private", _("It shows somebody's private data")),
        ("unlawful", _("It is unlawful for another reason")),
        ("elsewhere", _("It is about something else")),
    ]

    review = models.ForeignKey(ProductReview, on_delete=models.CASCADE, related_name="reports")
    reason = models.CharField(_("What is wrong"), max_length=10, choices=REASONS)
    words = models.CharField(_("In your words"), max_length=WORDS_MAX, blank=True)
    email = models.EmailField(_("Your e-mail address"), blank=True)
    created_at = models.DateTimeField(default=now)
    upheld = models.BooleanField(null=True, default=None)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["review"], condition=Q(upheld=None), name="review_report_open")]
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.reason} of review {self.review_id}"


from oscar.apps.catalogue.reviews.models import *  # noqa: E402, F403

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """For mypy alone: Oscar's remaining classes come by the star above, made at import time."""
