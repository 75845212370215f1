"""People: customers and staff are users; staff have roles (groups)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from oscar.apps.customer.abstract_models import AbstractUser

from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError

SESSIONS_SALT = "shop.customers.sessions"
RIGHTS = ("is_staff", "is_superuser", "is_active")
NOTE_MAX = 2_000  #: characters of one note


class User(AbstractUser):
    """A person with an account. The e-mail address is the name."""

    language = models.CharField(_("Language"), max_length=8, default="de")
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    closed_reason = models.CharField(
        _("Why the account is closed"), max_length=300, blank=True, help_text="with is_active off"
    )
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
        verbose_name=_("Merged into"),
        help_text="the account of the same person that goes on; this one is closed for good",
    )
    sessions_version = models.PositiveIntegerField(
        default=0,
        help_text="part of what each session is checked against: one more, and all of them have ended",
    )

    class Meta(AbstractUser.Meta):
        permissions = [
            ("merge_customers", "May merge two accounts of one customer"),
            ("reset_second_factors", "May take away a colleague's lost second factor"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(is_active=False), name="customer_merged_is_closed"
            )
        ]

    def __str__(self) -> str:
        return self.email

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any) -> User:
        """As Django does, and remember what decides about rights: ``save`` compares."""
        person = super().from_db(db, field_names, values)
        person._rights_read = {name: person.__dict__[name] for name in RIGHTS if name in person.__dict__}  # type: ignore[attr-defined]
        return person

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """As Django does; what was read of the rights is read anew."""
        super().refresh_from_db(*args, **kwargs)
        fields = kwargs.get("fields") or (args[1] if len(args) > 1 else None)
        read = {name: self.__dict__[name] for name in RIGHTS if name in self.__dict__}
        anew = {name: is_so for name, is_so in read.items() if fields is None or name in fields}
        self._rights_read = {**getattr(self, "_rights_read", {}), **anew}

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django does. Other rights end the person's sessions; ``sessions_version`` itself is only counted up in the
        database (sessions.py): a row read before must not bring ended sessions back."""
        read: dict[str, bool] = getattr(self, "_rights_read", {})
        changed = any(getattr(self, name) != was for name, was in read.items())
        if not self._state.adding and not args and not kwargs.get("force_insert"):
            given = kwargs.get("update_fields")
            names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            names -= self.get_deferred_fields() | {"sessions_version"}
            kwargs["update_fields"] = names if given is None else set(given) - {"sessions_version"}
        super().save(*args, **kwargs)
        if changed:
            self._rights_read = {name: getattr(self, name) for name in read}
            from .sessions import end_sessions

            end_sessions([self.pk], of=self)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What each session is checked against: the password, and how often all were ended (sessions.py)."""
        known = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # Django's stubs leave it out
        if not self.sessions_version:
            return str(known)
        return salted_hmac(
            SESSIONS_SALT, f"{known}:{self.sessions_version}", secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def name(self) -> str:
        """How staff and letters call the person; the address where no name is known."""
        return self.get_full_name() or self.email


class CustomerNote(models.Model):
    """What staff should know about a customer. Its words never change; it may be pinned to the top of the file."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="notes"
    )
    email = models.CharField(
        max_length=254, blank=True, help_text="of a guest, in small letters; empty: an account"
    )
    text = models.TextField(_("Note"), max_length=NOTE_MAX)
    facts = models.JSONField(default=dict, help_text="of a note that the house wrote: what it was about")
    pinned = models.BooleanField(_("Keep at the top"), default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["email", "-id"], name="customer_note_guest", condition=~Q(email=""))]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, email="") | (Q(user=None) & ~Q(email="")),
                name="customer_note_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("a note is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: notes are kept."""
        raise AppendOnlyError("a note is never deleted")


class DistinctCustomers(models.Model):
    """Staff looked at two accounts that seemed to be one person's, and they are not: nobody is asked again."""

    first = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    why = models.CharField(max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="customer_distinct_once"),
            models.CheckConstraint(
                condition=Q(first__lt=models.F("second")), name="customer_distinct_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} is not {self.second_id}"


class NewsletterConsent(models.Model):
    """One step of somebody's consent to the newsletter, kept as proof (Art. 7 (1) GDPR, § 7 (2) no. 2 UWG): who, when,
    from where (shortened), to which words. Append-only; what holds today is the newest row of an address."""

    ASKED, CONFIRMED, WITHDRAWN = "asked", "confirmed", "withdrawn"
    KINDS = [
        (ASKED, _("asked for")),
        (CONFIRMED, _("confirmed by the link in the mail")),
        (WITHDRAWN, _("withdrawn")),
    ]

    email = models.CharField(_("E-mail"), max_length=254, help_text="in small letters")
    kind = models.CharField(_("Step"), max_length=10, choices=KINDS)
    at = models.DateTimeField(_("When"), default=now)
    place = models.CharField(
        _("From where"),
        max_length=45,
        blank=True,
        help_text="network of the visitor, never the whole address",
    )
    version = models.CharField(_("Version of the words"), max_length=12)
    words = models.TextField(_("Words"), help_text="as they were shown")
    language = models.CharField(max_length=8, default="de")
    via = models.CharField(_("How"), max_length=20, help_text="page, account, link, one-click, deletion")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["email", "-id"], name="customer_consent_newest")]

    def __str__(self) -> str:
        return f"newsletter {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("a consent is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it is the proof."""
        raise AppendOnlyError("a consent is never deleted")


class AccountDeletion(models.Model):
    """Somebody wants their account deleted. Until ``due_at`` it can be taken back; then a task does it for good."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deletions")
    asked_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(taken_back_at=None, done_at=None),
                name="customer_deletion_one_open",
            ),
            models.CheckConstraint(
                condition=Q(taken_back_at=None) | Q(done_at=None), name="customer_deletion_one_end"
            ),
        ]

    def __str__(self) -> str:
        return f"deletion of account {self.user_id} due {self.due_at:%Y-%m-%d}"


class PersonSessions(BaseSessionManager["PersonSession"]):
    """Rows bring their person along: who asks for a session asks next who is signed in in it."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[PersonSession]:
        """With the person, in the same query."""
        return super().get_queryset().select_related("user")


class PersonSession(AbstractBaseSession):
    """A session and whose it is. Written by ``session_store`` alone; what is in it is signed text, as Django's."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        help_text="who is signed in in it; empty: nobody yet",
    )
    seen_at = models.DateTimeField(default=now, help_text="when it was last used, within some minutes")

    objects = PersonSessions()  # type: ignore[assignment,misc]

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()
        indexes = [models.Index(fields=["user"], name="customer_session_of", condition=~Q(user=None))]

    @classmethod
    def get_session_store_class(cls) -> Any:
        """What reads and writes it."""
        from .session_store import SessionStore

        return SessionStore


from oscar.apps.customer.models import *  # noqa: E402, F403
