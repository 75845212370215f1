"""What the EU's register (VIES) answered about a VAT id, as proof (§ 18e UStG, § 6a (4) UStG)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now


class ProofIsKept(ValueError):
    """An answer of the register is never changed; a later question makes a further row."""


class VatIdCheck(models.Model):
    """One question to the register and its answer. Rows are only added."""

    VALID, INVALID, UNANSWERED = "valid", "invalid", "unanswered"
    OUTCOMES = [
        (VALID, _("valid")),
        (INVALID, _("not valid")),
        (UNANSWERED, _("no answer")),
    ]

    vat_id = models.CharField(_("VAT id"), max_length=20)
    requester = models.CharField(max_length=20, blank=True, help_text="our own VAT id, with which we asked")
    outcome = models.CharField(_("Answer"), max_length=12, choices=OUTCOMES)
    asked_at = models.DateTimeField(_("Asked"), default=now)
    consultation = models.CharField(
        _("Consultation number"),
        max_length=60,
        blank=True,
        help_text="the register's own proof of the question",
    )
    answered_name = models.CharField(max_length=300, blank=True)
    answered_address = models.CharField(max_length=500, blank=True)
    answer = models.TextField(blank=True, help_text="as it came, at most 4,000 characters")
    detail = models.CharField(max_length=300, blank=True, help_text="why there was no answer")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["vat_id", "-asked_at"], name="vat_ids_of_one")]

    def __str__(self) -> str:
        return f"{self.vat_id}: {self.outcome}"

    @property
    def is_valid(self) -> bool:
        """Whether the register said that the VAT id is valid."""
        return self.outcome == self.VALID

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Create only; raises ProofIsKept afterwards."""
        if self.pk and not self._state.adding:
            raise ProofIsKept("an answer of the register is kept as it came")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: the proof is kept as long as the invoice (§ 147 AO)."""
        raise ProtectedError("answers of the register are kept with the invoices they explain", {self})
