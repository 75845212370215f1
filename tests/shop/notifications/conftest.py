"""A real mail server in a thread, and orders to write about."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.utils import translation

from checkout.order.models import Order
from shop.notifications.models import OutgoingMail
from tests.factories.orders import make_country
from tests.factories.shopping import make_variant, place_order


class MailServer:
    """What arrived, and how to be a bad server for a while."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answer = "250 OK"
        self.answer_recipient = "250 OK"
        self.slow = threading.Event()
        self.port = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answer_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
            self.recipients.append(list(envelope.rcpt_tos))
        return self.answer

    @contextmanager
    def running(self) -> Iterator[MailServer]:
        controller = Controller(self, hostname="127.0.0.1", port=self.port)
        controller.start()
        self.port = controller.server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def _german() -> Iterator[None]:
    """Addresses are the German ones, whatever language a request before left active."""
    with translation.override("de"):
        yield


@pytest.fixture
def stopped_server(settings: Any) -> MailServer:
    """The shop's mail server, not running: ``with stopped_server.running()``."""
    server = MailServer()
    server.port = _free_port()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 3
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    return server


@pytest.fixture
def mail_server(stopped_server: MailServer) -> Iterator[MailServer]:
    """The shop's mail server, running."""
    with stopped_server.running():
        yield stopped_server


@pytest.fixture
def ordered(db: None, outbox: Any) -> Callable[..., Order]:
    """Place an order and let everybody hear of it."""

    def order(**options: Any) -> Order:
        make_country()
        options.setdefault("method", "invoice")
        placed = place_order(
            (make_variant(price_minor=11_900), 2), (make_variant(price_minor=1_290, size=""), 1), **options
        )
        outbox.drain()
        assert outbox.failures() == []
        return placed

    return order


@pytest.fixture
def mail_of() -> Callable[[Order, str], OutgoingMail]:
    """The one mail of a kind about an order."""

    def find(order: Order, kind: str) -> OutgoingMail:
        return OutgoingMail.objects.get(order=order, kind=kind)

    return find
