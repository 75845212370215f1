"""The access log. One row per look, file or change; never changed, deleted only after ``KEPT_DAYS``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError

LOOK, LIST, EXPORT, CHANGE, PURGE = "look", "list", "export", "change", "purge"
DEEDS = [
    (LOOK, _("looked at")),
    (LIST, _("list looked at")),
    (EXPORT, _("taken as a file")),
    (CHANGE, _("changed")),
    (PURGE, _("old rows deleted")),
]


class Access(models.Model):
    """Somebody of staff saw, took or changed data of a person.

    It holds no copy of what was seen. A person is their account, and a mark of their e-mail address that shows nothing
    and finds it again (``marks.py``). ``by`` names a row that may be gone one day; ``by_name`` stays.
    """

    deed = models.CharField(_("What"), max_length=10, choices=DEEDS)
    kind = models.CharField(_("Of what"), max_length=30, help_text="order, customer, case, ... or list")
    key = models.CharField(
        _("Which"), max_length=100, blank=True, help_text="its number or id, as in addresses"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False,
        db_index=False, related_name="+",
    )  # fmt: skip
    by_name = models.CharField(_("Who"), max_length=254, blank=True)
    person_id = models.BigIntegerField(null=True, blank=True, help_text="the account whose data it is")
    person_mark = models.CharField(max_length=32, blank=True, help_text="of the e-mail address, see marks.py")
    page = models.CharField(max_length=100, blank=True, help_text="name of the address")
    path = models.CharField(_("Page"), max_length=300, blank=True)
    rows = models.PositiveIntegerField(_("Rows"), null=True, blank=True)
    facts = models.JSONField(default=dict, help_text="filters of a list; old and new of a change")
    correlation_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(_("When"), default=now)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["kind", "key", "-id"], name="audit_of_thing"),
            models.Index(fields=["by", "-id"], name="audit_by"),
            models.Index(
                fields=["person_id", "-id"], name="audit_of_account", condition=Q(person_id__isnull=False)
            ),
            models.Index(fields=["person_mark", "-id"], name="audit_of_mark", condition=~Q(person_mark="")),
            models.Index(fields=["at"], name="audit_at"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(deed__in=(CHANGE, PURGE)) | Q(by__isnull=False), name="audit_looks_have_somebody"
            ),
        ]
        permissions = [("see_accesses", "May see who looked at and changed personal data")]

    def __str__(self) -> str:
        return f"{self.by_name or '-'}: {self.deed} {self.kind} {self.key}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("the access log is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: only the purge deletes, and only what is old enough."""
        raise AppendOnlyError("the access log is never deleted by hand")
