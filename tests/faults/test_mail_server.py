"""The mail server away, slow or mad: orders go on, mails wait with their reason and go out once."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from scripts.processes import free_port
from shop.notifications import sending
from shop.notifications.models import OutgoingMail
from tests.faults.conftest import within
from tests.faults.shopper import buy, read, visitor
from tests.faults.wire import Wire
from tests.shop.notifications.conftest import MailServer

TIMEOUT_S = 0.3


@pytest.fixture
def smtp(wire: Wire, settings: Any) -> Wire:
    """The shop sends its mails into the wire."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", wire.port, TIMEOUT_S
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    return wire


def waits_with_its_reason(shoe: StockRecord, outbox: Any) -> OutgoingMail:
    client = visitor()
    read(client, shoe)
    buy(client, shoe)
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get()
    with within(10 * TIMEOUT_S + 5, "a sweep over a bad mail server"):
        assert sending.send_due() == 0
    mail.refresh_from_db()
    assert (mail.shown_state, mail.attempts) == ("retrying", 1)
    assert mail.last_error and mail.next_attempt_at > mail.created_at
    return mail


@pytest.mark.cell("mail", "down")
@pytest.mark.parametrize("manner", ["refuse", "cut", "reset"])
def test_without_it_the_mail_waits(manner: str, smtp: Wire, shoe: StockRecord, outbox: Any) -> None:
    getattr(smtp, manner)()
    waits_with_its_reason(shoe, outbox)


def test_one_that_hangs_up_late_gets_the_mail_once(
    settings: Any, smtp: Wire, shoe: StockRecord, outbox: Any
) -> None:
    server = MailServer()
    server.port = free_port()
    with server.running(), Wire(("127.0.0.1", server.port)) as slow:
        slow.close_slowly(2 * TIMEOUT_S)
        settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = slow.port, 5
        buy(visitor(), shoe)
        outbox.drain()
        with within(5, "a mail over a wire that closes slowly"):
            assert (sending.send_due(), sending.send_due()) == (1, 0)
    assert len(server.received) == 1
    assert OutgoingMail.objects.get().shown_state == "sent"


@pytest.mark.cell("mail", "slow")
def test_a_silent_one_is_given_up_after_the_time_limit(smtp: Wire, shoe: StockRecord, outbox: Any) -> None:
    smtp.silence()
    waits_with_its_reason(shoe, outbox)
    assert smtp.connections == 1


@pytest.mark.cell("mail", "errors")
@pytest.mark.parametrize("greeting", [b"421 too busy\r\n", b"554 no service\r\n"])
def test_one_that_refuses_everybody_is_tried_again(
    greeting: bytes, smtp: Wire, shoe: StockRecord, outbox: Any
) -> None:
    smtp.greet(greeting)
    waits_with_its_reason(shoe, outbox)


@pytest.mark.cell("mail", "wrong answer")
@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xfe\x00\r\n", b"220 \xff\r\n999 what\r\n", b"x" * 9000],
)
def test_one_that_speaks_no_smtp_is_as_down(
    greeting: bytes, smtp: Wire, shoe: StockRecord, outbox: Any
) -> None:
    smtp.greet(greeting)
    waits_with_its_reason(shoe, outbox)
