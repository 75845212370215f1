"""The letterbox of a running Kontor, for the stories."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import default
from io import BytesIO

import pikepdf

from tests.support.kontor import Kontor


def mails_to(kontor: Kontor, address: str) -> list[EmailMessage]:
    """What lies in somebody's mailbox, oldest first."""
    found = [email.message_from_string(text, policy=default) for text in kontor.mails()]
    return [mail for mail in found if address in str(mail["To"])]


def mail_about(kontor: Kontor, address: str, words: str, number: str) -> EmailMessage:
    """The one mail whose subject says ``words`` and that names ``number``; waits for it."""

    def find() -> list[EmailMessage]:
        mails = [mail for mail in mails_to(kontor, address) if re.search(words, str(mail["Subject"]))]
        return [mail for mail in mails if number in str(mail["Subject"]) or number in text_of(mail)]

    found: list[EmailMessage] = kontor.wait_until(find, f"a mail about {words!r} {number} to {address}")
    assert len(found) == 1, [str(mail["Subject"]) for mail in found]
    return found[0]


def text_of(mail: EmailMessage) -> str:
    """Its plain text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def the_pdf_of(mail: EmailMessage) -> pikepdf.Pdf:
    """Its one attachment, opened."""
    (file,) = [part for part in mail.iter_attachments() if part.get_content_type() == "application/pdf"]
    return pikepdf.open(BytesIO(file.get_payload(decode=True)))  # type: ignore[arg-type]
