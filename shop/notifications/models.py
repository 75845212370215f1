"""Mails as rows: written in the transaction of the fact they tell, sent afterwards, kept with what became of them."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.kernel.claims import Claimed
from shop.kernel.clock import now

from .states import ISSUE

KINDS = [
    ("order_placed", _("Bank details for prepayment")),
    ("order_pay_link", _("Link to pay")),
    ("order_confirmed", _("Order confirmation")),
    ("order_cancelled", _("Order cancelled")),
    ("order_amended", _("Order changed")),
    ("shortage_asked", _("Question about missing goods")),
    ("order_link", _("Link to the order")),
    ("parcel_dispatched", _("Parcel on its way")),
    ("parcel_delivered", _("Parcel has arrived")),
    ("parcel_lost", _("Parcel lost")),
    ("parcel_returned", _("Parcel comes back")),
    ("invoice_issued", _("Invoice")),
    ("payment_reminder", _("Reminder of a prepayment")),
    ("refund_succeeded", _("Refund")),
    ("dunning_notice", _("Payment reminder")),
    ("customer_statement", _("Statement of account")),
    ("payer_asked", _("Question about a transfer")),
    ("withdrawal_received", _("Receipt of a withdrawal")),
    ("return_explained", _("How to send a return")),
    ("case_received", _("Receipt of a request")),
    ("case_answered", _("Answer to a request")),
    ("voucher_given", _("Voucher")),
    ("recall_notice", _("Recall")),
    ("review_refused", _("Review not published")),
    ("stock_alert", _("Confirm a wish to be told")),
    ("back_in_stock", _("Article is back")),
    ("newsletter_asked", _("Confirm the newsletter")),
    ("newsletter", _("Newsletter")),
    ("account", _("Account")),
]


OUR_EXCEPTIONS = re.compile(r"^(GiveUp|ServerDown|NotThereYet): ")


class OutgoingMail(Claimed):
    """One mail to one person. Written once per ``source``; the text is that of the moment the fact happened."""

    kind = models.CharField(_("Kind"), max_length=30, choices=KINDS)
    source = models.CharField(max_length=120, unique=True, help_text="the fact it tells: never told twice")
    order = models.ForeignKey(
        "order.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="mails"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="mails"
    )
    recipient = models.CharField(_("To"), max_length=254)
    subject = models.CharField(_("Subject"), max_length=200)
    html = models.TextField()
    text = models.TextField()
    language = models.CharField(max_length=8, default="de")
    message_id = models.CharField(max_length=160, unique=True)
    confidential = models.BooleanField(
        default=False, help_text="holds a link that opens an account: staff do not see the text"
    )
    unsubscribe_url = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="of a newsletter: one click there ends it (RFC 8058)",
    )
    correlation_id = models.CharField(max_length=64, null=True, blank=True)
    created_at = models.DateTimeField(_("Written"), default=now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="notifications_mail_due",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["-created_at", "-id"], name="notifications_mail_newest"),
            models.Index(fields=["state", "-created_at"], name="notifications_mail_state"),
        ]
        permissions = [
            ("view_mails", "May see mails that were sent to customers"),
            ("retry_mails", "May send failed mails again"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient} ({self.shown_state})"

    @property
    def shown_state(self) -> str:
        """The word for people: queued, retrying, sent, failed."""
        if self.state == self.PENDING:
            return "retrying" if self.last_error else "queued"
        return "sent" if self.state == self.DONE else "failed"

    @property
    def reason(self) -> str:
        """Why the last attempt failed, without the name of our own exception before it; "" when it did not."""
        return OUR_EXCEPTIONS.sub("", self.last_error)

    @property
    def sent_at(self) -> object:
        """When the mail server took it; None before."""
        return self.done_at


class NewsletterIssue(models.Model):
    """One letter to everybody who confirmed the newsletter, in German, English or both."""

    machine = ISSUE

    subject_de = models.CharField(max_length=150, blank=True)
    text_de = models.TextField(blank=True)
    subject_en = models.CharField(max_length=150, blank=True)
    text_en = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=ISSUE.choices, default=ISSUE.initial)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    tested_at = models.DateTimeField(
        null=True, blank=True, help_text="tried on its author, with the words it has"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="all copies are written")
    subscribers = models.PositiveIntegerField(default=0, help_text="how many there were when it began")
    cursor = models.BigIntegerField(default=0, help_text="the last consent that was come to")
    were_sent = models.PositiveIntegerField(default=0, help_text="copies that were sent and forgotten since")
    were_failed = models.PositiveIntegerField(default=0, help_text="copies that failed and were forgotten")

    class Meta:
        ordering = ["-created_at", "-pk"]
        permissions = [("send_newsletters", "May write and send the newsletter")]

    def __str__(self) -> str:
        return f"newsletter {self.pk} ({self.state})"

    @property
    def languages(self) -> list[str]:
        """The languages it is written in."""
        return [code for code in ("de", "en") if getattr(self, f"text_{code}")]

    @property
    def subject(self) -> str:
        """What staff call it."""
        return self.subject_de or self.subject_en

    def language_for(self, wanted: str) -> str:
        """The subscriber's language where it is written in it, else the one it has."""
        return wanted if wanted in self.languages else self.languages[0]


class NewsletterCopy(models.Model):
    """That an issue was written to an address: once."""

    issue = models.ForeignKey(NewsletterIssue, on_delete=models.CASCADE, related_name="copies")
    email = models.CharField(max_length=254, help_text="in small letters")
    mail = models.OneToOneField(OutgoingMail, on_delete=models.CASCADE, related_name="copy")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["issue", "email"], name="notifications_newsletter_once")
        ]
        indexes = [models.Index(fields=["email"], name="notifications_copy_email")]

    def __str__(self) -> str:
        return f"copy of {self.issue_id}"


class KeptContent(models.Model):
    """Content of attachments, once per content: which terms a customer was sent can be shown for ever."""

    sha256 = models.CharField(max_length=64, unique=True)
    mime = models.CharField(max_length=60)
    body = models.BinaryField()
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.mime} {self.sha256[:12]}"


class OutgoingAttachment(models.Model):
    """A file of a mail, named by where it comes from; fetched when the mail is sent (see attachments.py).

    ``source``: ``invoice:<id>``, ``dunning:<id>``, ``kept:<sha256>``, ``legal:<language>:<sha256>``
    (kept HTML, sent as PDF), ``file:<storage key>``, ``picture:<name>``.
    """

    mail = models.ForeignKey(OutgoingMail, on_delete=models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=120)
    mime = models.CharField(max_length=60)
    source = models.CharField(max_length=250)
    content_id = models.CharField(
        max_length=40, blank=True, help_text="shown inside the HTML as cid:..., not listed as a file"
    )

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name
