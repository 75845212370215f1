"""Sending what waits, outside of any transaction, each mail by one worker at a time (see shop/kernel/claims.py).

The one window: the mail server took the mail and the worker died before it could write that down. Then the mail goes
out a second time with the same Message-ID, by which mailboxes recognise and drop the double.
"""

from __future__ import annotations

import logging
import smtplib
from email.header import Header
from email.message import Message as MimeMessage
from email.mime.image import MIMEImage
from email.utils import format_datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, SafeMIMEMultipart, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from shop.kernel import claims
from shop.kernel.attempts import GiveUp
from shop.kernel.text import clean_line
from shop.kernel.transactions import forbid_network_in_transaction

from .attachments import File, Lost, fetch
from .keys import without_keys
from .models import OutgoingMail

log = logging.getLogger(__name__)

BATCH = 50  #: mails of one sweep
PERMANENT = 500  #: SMTP answers from here on are meant for ever (RFC 5321, 4.2.1)


class ServerDown(Exception):
    """The mail server cannot be reached; there is no point in trying the next mail now."""


def send_due(limit: int = BATCH) -> int:
    """Send what is due over one connection. Returns how many went out. Stops at the first sign that the server is down:
    that mail's attempt is counted, the others keep theirs."""
    waiting = list(claims.waiting(OutgoingMail, limit).values_list("pk", flat=True))
    if not waiting:
        return 0
    sent = 0
    connection = get_connection()
    try:
        for pk in waiting:
            sent += send(pk, connection=connection)
    except ServerDown as error:
        log.warning("mail server not reachable, %d mails wait: %s", len(waiting) - sent, error)
    finally:
        _close(connection)
    return sent


def send(mail_id: int, *, connection: BaseEmailBackend | None = None) -> bool:
    """Send one mail if it is due and nobody else is at it. Returns whether this call sent it.

    A failure is written down with its reason and the time of the next attempt; ServerDown is raised after that when the
    server itself was the reason.
    """
    forbid_network_in_transaction("mail")
    mail = claims.take(OutgoingMail, mail_id)
    if mail is None:
        return False
    try:
        message = compose(mail)
    except Exception as error:  # a file that is not there or cannot be read is no word about the mail server
        claims.fail(mail, error)
        return False
    try:
        message.connection = connection or get_connection()
        if connection is not None:
            connection.open()  # kept open for the mails that follow; nothing happens when it is
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        claims.fail(mail, _refused(error))
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
        reason = f"the mail server answered {error.smtp_code}: {_words(error.smtp_error)}"
        claims.fail(mail, GiveUp(reason) if error.smtp_code >= PERMANENT else ServerDown(reason))
    except OSError as error:  # also every other SMTPException: no connection, wrong greeting, wrong password
        claims.fail(mail, error)
        raise ServerDown(str(error)) from error
    except Exception as error:
        claims.fail(mail, error)
    else:
        return claims.finish(mail, **_forgotten(mail))
    return False


def _forgotten(mail: OutgoingMail) -> dict[str, str]:
    """What a mail that opens an account or an order is kept as once it was sent."""
    if not mail.confidential:
        return {}
    return {name: without_keys(getattr(mail, name)) for name in ("html", "text", "unsubscribe_url")}


class Message(EmailMultiAlternatives):
    """A mail whose pictures belong to its HTML (multipart/related), so that no program lists them as files."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pictures: list[MIMEImage] = []

    def message(self, **options: Any) -> Any:
        """As Django makes it, but with a long subject that begins on its own line: Django leaves that line empty."""
        made = super().message(**options)
        words = clean_line(str(self.subject))
        subject = Header(words, "us-ascii" if words.isascii() else "utf-8", header_name="Subject")
        del made["Subject"]
        MimeMessage.__setitem__(made, "Subject", subject)  # type: ignore[arg-type]
        return made

    def _create_alternatives(self, msg: Any) -> Any:
        made = super()._create_alternatives(msg)  # type: ignore[misc]
        if not self.pictures:
            return made
        *others, html = made.get_payload()
        related = SafeMIMEMultipart(_subtype="related", encoding=self.encoding or settings.DEFAULT_CHARSET)
        for part in (html, *self.pictures):
            related.attach(part)
        made.set_payload([*others, related])
        return made


def compose(mail: OutgoingMail) -> Message:
    """The mail as it goes out: both bodies, pictures shown inside, files. May raise NotThereYet."""
    message = Message(
        subject=mail.subject,
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.recipient],
        headers={
            "Message-ID": mail.message_id,
            "Date": format_datetime(timezone.localtime(mail.created_at)),
            "Auto-Submitted": "auto-generated",
            "Content-Language": mail.language,
            "X-Kontor-Kind": mail.kind,
        },
    )
    if mail.unsubscribe_url:  # RFC 2369 and RFC 8058: the mail program ends it by one POST
        message.extra_headers["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.attach_alternative(mail.html, "text/html")
    for attachment in mail.attachments.all():
        try:
            _attach(message, fetch(attachment))
        except Lost as lost:
            log.warning("mail %d goes without the picture %s: it is not there any more", mail.pk, lost)
    return message


def _attach(message: Message, file: File) -> None:
    if not file.content_id:
        message.attach(file.name, file.body, file.mime)
        return
    picture = MIMEImage(file.body, _subtype=file.mime.partition("/")[2])
    picture.add_header("Content-ID", f"<{file.content_id}>")
    picture.add_header("Content-Disposition", "inline", filename=file.name)
    message.pictures.append(picture)


def _refused(error: smtplib.SMTPRecipientsRefused) -> Exception:
    answers = list(error.recipients.values())
    reason = "; ".join(
        f"the mail server refuses the address ({code}: {_words(text)})" for code, text in answers
    )
    return GiveUp(reason) if all(code >= PERMANENT for code, _text in answers) else ServerDown(reason)


def _words(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except Exception as error:  # the mails are sent; a bad goodbye changes nothing
        log.info("mail server said no goodbye: %s", error)
