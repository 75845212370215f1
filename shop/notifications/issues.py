"""Verbs of a newsletter's issue: write it, try it on oneself, send it to whoever confirmed, stop and go on.

It goes out by the same table of mails as everything else, a chunk at a time, to each subscriber once: the row of a
copy is unique for issue and address. Where the sending stands is the last consent it has come to (``cursor``); of two
workers one moves it.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import translation
from django.utils.translation import gettext as _

from shop.customers import newsletter
from shop.customers.models import NewsletterConsent
from shop.kernel.clock import now
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from . import actions
from .letters import newsletter as letters
from .models import NewsletterCopy, NewsletterIssue, OutgoingMail
from .states import DRAFT, SENDING, SENT, STOPPED

CHUNK = (
    100  #: mails written in one go; the next go is half a minute later, so that no other mail waits for them
)
LANGUAGES = ("de", "en")


class NotPossible(ValueError):
    """It is not done; the message says why, for people. Nothing was changed."""


def save(*, issue: NewsletterIssue | None, texts: dict[str, str], by: Any) -> NewsletterIssue:
    """Write a new issue, or anew one that was not begun; it must then be tried again. Raises NotPossible."""
    if issue is None:
        return NewsletterIssue.objects.create(**texts, written_by=by)
    rows = NewsletterIssue.objects.filter(pk=issue.pk, state=DRAFT)
    if not rows.update(**texts, tested_at=None):
        raise NotPossible(_("The sending has begun; the words stay as they are."))
    issue.refresh_from_db()
    return issue


def drop(*, issue: NewsletterIssue, by: Any) -> None:
    """Delete an issue that was not begun. Raises NotPossible."""
    if not NewsletterIssue.objects.filter(pk=issue.pk, state=DRAFT).delete()[0]:
        raise NotPossible(_("The sending has begun; the issue stays as a record."))


def try_it(*, issue: NewsletterIssue, by: Any) -> int:
    """Send the issue to ``by`` alone, in each language it has. Returns how many mails that are."""

    def work() -> int:
        for language in issue.languages:
            with translation.override(language):
                actions.write(
                    letters.issue(issue, language, leave=""),
                    kind="newsletter",
                    source=f"newsletter_test:{issue.pk}:{uuid.uuid4().hex}",
                    recipient=by.email,
                    language=language,
                )
        NewsletterIssue.objects.filter(pk=issue.pk).update(tested_at=now())
        return len(issue.languages)

    return retrying(work)


def start(*, issue: NewsletterIssue, by: Any) -> None:
    """Begin to send. Raises NotPossible for words nobody has tried, without subscribers, and when it was begun."""
    many = newsletter.subscribers().count()
    if issue.state != DRAFT:
        raise NotPossible(_("The sending was begun already."))
    if issue.tested_at is None:
        raise NotPossible(_("Please send it to yourself first and look at it: it cannot be called back."))
    if not many:
        raise NotPossible(_("Nobody has confirmed the newsletter yet; there is nobody to send it to."))

    def work() -> None:
        seen = NewsletterIssue.objects.filter(pk=issue.pk, state=DRAFT, tested_at=issue.tested_at)
        if not seen.update(subscribers=many):  # written anew since it was tried
            raise NotPossible(_("Somebody else was faster. Please look at it again."))
        _move(issue, SENDING, by, "begun", started_at=now())

    retrying(work)


def stop(*, issue: NewsletterIssue, by: Any) -> int:
    """Write no more, and take back what was written and not sent yet. Returns how many mails were taken back."""

    def work() -> int:
        _move(issue, STOPPED, by, "stopped")
        return _take_back(Q(copy__issue=issue))

    return retrying(work)


def go_on(*, issue: NewsletterIssue, by: Any) -> None:
    """Go on after a stop: those get it who have none yet. Raises NotPossible for one that was not stopped."""
    if issue.state != STOPPED:
        raise NotPossible(_("This does not fit where the newsletter stands. Please look at it again."))
    _move(issue, SENDING, by, "goes on", cursor=0)


def forget_leaver(email: str) -> int:
    """Somebody left the newsletter: what was written to them and is not sent yet, goes. Returns how many mails."""
    return _take_back(Q(copy__email=email))


def write_due() -> int:
    """Write the next chunk of each issue that is being sent. Returns how many mails were written."""
    return sum(
        _write_some(pk) for pk in NewsletterIssue.objects.filter(state=SENDING).values_list("pk", flat=True)
    )


def counts(issue: NewsletterIssue) -> dict[str, int]:
    """What became of the copies: ``sent``, ``waiting``, ``failed``, also of those forgotten by now. One query."""
    found = NewsletterCopy.objects.filter(issue=issue).aggregate(
        sent=Count("pk", filter=Q(mail__state=OutgoingMail.DONE)),
        waiting=Count("pk", filter=Q(mail__state=OutgoingMail.PENDING)),
        failed=Count("pk", filter=Q(mail__state=OutgoingMail.DEAD)),
    )
    found["sent"] += issue.were_sent
    found["failed"] += issue.were_failed
    return found


def _write_some(pk: int) -> int:
    def work() -> int:
        issue = NewsletterIssue.objects.filter(pk=pk, state=SENDING).first()
        if issue is None:
            return 0
        rows = list(newsletter.subscribers().filter(pk__gt=issue.cursor)[:CHUNK])
        if not rows:
            move(issue, to=SENT, why="all are written", ended_at=now())
            return 0
        mine = NewsletterIssue.objects.filter(pk=pk, state=SENDING, cursor=issue.cursor)
        if not mine.update(cursor=rows[-1].pk):  # another worker took this chunk, or it was stopped
            return 0
        have = set(issue.copies.filter(email__in=[row.email for row in rows]).values_list("email", flat=True))
        new = [row for row in rows if row.email not in have]
        for consent in new:
            _write(issue, consent)
        return len(new)

    try:
        return retrying(work)
    except StaleState:
        return 0


def _write(issue: NewsletterIssue, consent: NewsletterConsent) -> None:
    language = issue.language_for(consent.language)
    with translation.override(language):
        leave = letters.leave_url(consent)
        mail = actions.write(
            letters.issue(issue, language, leave=leave),
            kind="newsletter",
            source=f"newsletter_issue:{issue.pk}:{consent.pk}",
            recipient=consent.email,
            language=language,
            unsubscribe_url=leave,
            at_leisure=True,
        )
    NewsletterCopy.objects.create(issue=issue, email=consent.email, mail=mail)


def _take_back(which: Q) -> int:
    """Delete mails of issues that are not sent and that no worker has in hand; their copies go with them."""
    unsent = Q(state=OutgoingMail.DEAD) | (
        Q(state=OutgoingMail.PENDING) & (Q(claimed_until=None) | Q(claimed_until__lte=now()))
    )
    rows = OutgoingMail.objects.filter(which & unsent, copy__isnull=False)
    return rows.delete()[1].get("notifications.OutgoingMail", 0)


def _move(issue: NewsletterIssue, to: str, by: Any, why: str, **also: Any) -> None:
    try:
        with transaction.atomic():
            move(issue, to=to, by=by, why=why, **also)
    except MoveNotAllowed:
        raise NotPossible(
            _("This does not fit where the newsletter stands. Please look at it again.")
        ) from None
    except StaleState:
        raise NotPossible(_("Somebody else was faster. Please look at it again.")) from None
