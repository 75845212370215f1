"""Mails leave through a real mail server: once, whole, and never lost."""

from __future__ import annotations

import datetime as dt
import io
import threading
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from django.db import transaction

from checkout.order.models import Order
from shop.kernel import claims
from shop.kernel.attempts import ATTEMPTS_MAX
from shop.kernel.clock import now
from shop.notifications import actions, attachments, sending
from shop.notifications.letter import Letter, Paragraph
from shop.notifications.models import OutgoingMail

from .conftest import MailServer

Ordered = Callable[..., Order]
MailOf = Callable[[Order, str], OutgoingMail]


def note(
    recipient: str = "erika@example.org", subject: str = "Guten Tag", source: str = "test:1"
) -> OutgoingMail:
    letter = Letter(subject, "", "Guten Tag", "", [Paragraph("Ein Brief.")])
    with transaction.atomic():
        return actions.write(letter, kind="account", source=source, recipient=recipient, language="de")


def test_the_confirmation_arrives_with_both_bodies_and_the_legal_texts_as_real_pdfs(
    ordered: Ordered, mail_of: MailOf, mail_server: MailServer
) -> None:
    order = ordered()
    mail = mail_of(order, "order_confirmed")
    assert sending.send_due() == 1
    (message,) = mail_server.received
    assert mail_server.recipients == [["erika@example.org"]]
    assert message["Subject"] == f"Ihre Bestellung {order.number} ist bestätigt"
    assert message["To"] == "erika@example.org"
    assert message["Message-ID"] == mail.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for body in (html, text):
        assert order.number in body
        assert "255,80" in body.replace("\xa0", " ")
    pdfs = [part for part in message.iter_attachments() if part.get_content_type() == "application/pdf"]
    assert [part.get_filename() for part in pdfs] == ["Widerrufsrecht.pdf"]
    with pikepdf.open(io.BytesIO(pdfs[0].get_content())) as pdf:
        assert len(pdf.pages) >= 1
    mail.refresh_from_db()
    assert (mail.shown_state, mail.attempts) == ("sent", 1)
    assert mail.done_at is not None


def test_a_prepaid_order_gets_the_bank_details_with_a_code_shown_inside(
    ordered: Ordered, mail_server: MailServer
) -> None:
    order = ordered(method="prepayment")
    assert sending.send_due() == 1
    (message,) = mail_server.received
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<transfer>"
    assert list(message.iter_attachments()) == [], "the code is part of the HTML, not a file beside it"
    assert picture.get_content().startswith(b"\x89PNG")
    assert 'src="cid:transfer"' in message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert f"Verwendungszweck: {order.number}" in " ".join(message.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]


def test_while_the_server_is_down_a_mail_waits_with_its_reason_and_then_goes_out_once(
    ordered: Ordered, mail_of: MailOf, stopped_server: MailServer, clock: Any
) -> None:
    order = ordered()
    mail = mail_of(order, "order_confirmed")
    assert sending.send_due() == 0
    mail.refresh_from_db()
    assert (mail.shown_state, mail.attempts) == ("retrying", 1)
    assert "refused" in mail.last_error.lower()
    assert sending.send_due() == 0, "not due again before its pause is over"
    assert mail.attempts == 1
    clock.advance(seconds=10)
    with stopped_server.running():
        assert sending.send_due() == 1
        assert sending.send_due() == 0
    assert len(stopped_server.received) == 1
    mail.refresh_from_db()
    assert (mail.shown_state, mail.last_error) == ("sent", "")


def test_a_server_that_is_down_costs_only_the_first_mail_an_attempt(
    db: None, stopped_server: MailServer
) -> None:
    mails = [note(source=f"test:{n}") for n in range(3)]
    sending.send_due()
    attempts = [OutgoingMail.objects.get(pk=mail.pk).attempts for mail in mails]
    assert attempts == [1, 0, 0]


def test_an_address_the_server_refuses_for_ever_is_given_up_and_the_next_mail_still_goes_out(
    db: None, mail_server: MailServer
) -> None:
    mail_server.answer_recipient = "550 no such user here"
    mail = note()
    assert sending.send_due() == 0
    mail.refresh_from_db()
    assert mail.shown_state == "failed"
    assert "no such user here" in mail.last_error
    mail_server.answer_recipient = "250 OK"
    note(source="test:2")
    assert sending.send_due() == 1


def test_a_server_that_is_busy_is_asked_again(db: None, mail_server: MailServer) -> None:
    mail_server.answer = "451 try again later"
    mail = note()
    assert sending.send_due() == 0
    mail.refresh_from_db()
    assert mail.shown_state == "retrying"
    assert "451" in mail.last_error


def test_the_retry_button_sends_a_given_up_mail_at_once(db: None, mail_server: MailServer) -> None:
    mail_server.answer = "554 looks like spam"
    mail = note()
    sending.send_due()
    mail.refresh_from_db()
    assert mail.shown_state == "failed"
    mail_server.answer = "250 OK"
    assert actions.retry(mail=mail, by=None)
    assert sending.send_due() == 1
    assert not actions.retry(mail=mail, by=None), "what was sent is not sent again"
    assert len(mail_server.received) == 1


def test_two_workers_at_once_send_one_mail(fresh_database: None, mail_server: MailServer) -> None:
    mail = note()
    barrier = threading.Barrier(4)
    sent: list[bool] = []

    def work() -> None:
        from django.db import connections

        barrier.wait()
        sent.append(sending.send(mail.pk))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [False, False, False, True]
    assert len(mail_server.received) == 1


def test_a_worker_that_died_holds_a_mail_only_until_its_lease_ends(
    db: None, mail_server: MailServer, clock: Any
) -> None:
    mail = note()
    clock.stop()
    assert claims.take(OutgoingMail, mail.pk) is not None  # and then the worker is killed
    assert sending.send_due() == 0
    with pytest.raises(actions.StillSending):
        actions.retry(mail=mail, by=None)
    clock.advance(seconds=claims.LEASE.total_seconds() + 1)
    assert sending.send_due() == 1
    assert mail_server.received[0]["Message-ID"] == mail.message_id


def test_a_mail_that_kills_every_worker_is_given_up(db: None, mail_server: MailServer, clock: Any) -> None:
    mail = note()
    clock.stop()
    for _ in range(ATTEMPTS_MAX + 1):
        claims.take(OutgoingMail, mail.pk)  # and the worker dies
        clock.advance(seconds=claims.LEASE.total_seconds() + 1)
    mail.refresh_from_db()
    assert mail.shown_state == "failed"
    assert sending.send_due() == 0


def test_who_comes_back_after_the_lease_changes_nothing_any_more(db: None, clock: Any) -> None:
    mail = note()
    clock.stop()
    slow = claims.take(OutgoingMail, mail.pk)
    assert slow is not None
    clock.advance(seconds=claims.LEASE.total_seconds() + 1)
    quick = claims.take(OutgoingMail, mail.pk)
    assert quick is not None
    claims.fail(slow, RuntimeError("too late"))
    mail.refresh_from_db()
    assert (mail.last_error, mail.is_claimed) == ("", True)
    assert claims.finish(quick)
    assert not claims.finish(slow)


def test_a_sent_mail_of_a_crashed_worker_goes_out_again_under_the_same_message_id(
    db: None, mail_server: MailServer, clock: Any, monkeypatch: Any
) -> None:
    class Killed(BaseException):
        pass

    def die(*args: object, **kwargs: object) -> None:
        raise Killed

    mail = note()
    clock.stop()
    with monkeypatch.context() as patch:
        patch.setattr(claims, "finish", die)
        with pytest.raises(Killed):
            sending.send(mail.pk)
    clock.advance(seconds=claims.LEASE.total_seconds() + 1)
    assert sending.send_due() == 1
    assert [message["Message-ID"] for message in mail_server.received] == [mail.message_id] * 2


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\nBcc: everybody@example.org",
        "a@example.org\r\nSubject: other",
        "a@example.org, b@example.org",
        "no address",
        "",
        "x" * 300 + "@example.org",
        "a@example.org\u2028Bcc: b@example.org",
    ],
)
def test_an_address_that_is_none_makes_a_failed_mail_that_staff_see(
    db: None, address: str, mail_server: MailServer
) -> None:
    mail = note(recipient=address)
    assert mail.shown_state == "failed"
    assert "no e-mail address" in mail.last_error
    assert "\n" not in mail.recipient
    assert not actions.retry(mail=mail, by=None)
    actions.retry_failed(by=None)
    assert sending.send_due() == 0
    assert mail_server.received == []


def test_a_subject_from_customers_words_cannot_begin_a_header(db: None, mail_server: MailServer) -> None:
    note(subject="Hallo\r\nBcc: everybody@example.org\r\n\r\n<script>")
    assert sending.send_due() == 1
    (message,) = mail_server.received
    assert message["Bcc"] is None
    assert message["Subject"] == "Hallo Bcc: everybody@example.org <script>"
    assert mail_server.recipients == [["erika@example.org"]]


@pytest.mark.parametrize(
    "subject", ["Ihre Bestellung K10001: bitte überweisen Sie 184,70 €", "ö" * 200, "plain", "x " * 90]
)
def test_a_subject_arrives_as_it_was_written(db: None, mail_server: MailServer, subject: str) -> None:
    note(subject=subject)
    sending.send_due()
    (message,) = mail_server.received
    assert message["Subject"] == subject.strip()


def test_a_fact_is_told_once_however_often_it_is_heard(db: None) -> None:
    assert note().pk == note().pk
    assert OutgoingMail.objects.count() == 1


def test_a_mail_is_written_only_inside_a_transaction_and_asks_a_worker_after_it(
    fresh_database: None, queue: Any
) -> None:
    from shop.kernel.transactions import InTransaction

    letter = Letter("Guten Tag", "", "Guten Tag", "", [])
    with pytest.raises(InTransaction):
        actions.write(letter, kind="account", source="test:1", recipient="a@example.org", language="de")
    mail = note()
    assert ("notifications.send_one", (mail.pk,), {}) in queue.asked


def test_a_mail_that_rolls_back_with_its_fact_was_never_written(fresh_database: None, queue: Any) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        note()
        raise ZeroDivisionError
    assert not OutgoingMail.objects.exists()
    assert queue.asked == []


def test_nothing_is_sent_inside_a_transaction(fresh_database: None, mail_server: MailServer) -> None:
    from shop.kernel.transactions import InTransaction

    mail = note()
    with pytest.raises(InTransaction), transaction.atomic():
        sending.send(mail.pk)
    assert mail_server.received == []


def test_without_an_address_of_a_server_mails_become_files(db: None, settings: Any, tmp_path: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    note()
    assert sending.send_due() == 1
    (file,) = tmp_path.iterdir()
    assert "Subject: Guten Tag" in file.read_text()


def test_a_mail_waits_for_a_file_that_is_still_being_made(
    db: None, mail_server: MailServer, clock: Any
) -> None:
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    mail = note()
    mail.attachments.create(name="Brief.pdf", mime="application/pdf", source="file:letters/later.pdf")
    assert sending.send_due() == 0
    mail.refresh_from_db()
    assert "not made yet" in mail.last_error
    storages["documents"].save("letters/later.pdf", ContentFile(b"%PDF-1.7"))
    clock.stop(now() + dt.timedelta(seconds=30))
    assert sending.send_due() == 1
    assert [part.get_filename() for part in mail_server.received[0].iter_attachments()] == ["Brief.pdf"]


def test_a_file_that_cannot_be_read_is_not_taken_for_a_dead_mail_server(
    db: None, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_broken(_key: str) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setitem(attachments.SOURCES, "file", disk_is_broken)
    broken = note()
    broken.attachments.create(name="Brief.pdf", mime="application/pdf", source="file:letters/1.pdf")
    note(source="test:2")
    assert sending.send_due() == 1
    broken.refresh_from_db()
    assert (broken.shown_state, broken.attempts) == ("retrying", 1)
    assert "Input/output error" in broken.last_error
