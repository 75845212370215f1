"""An empty stand-in for each test, the official library pointed at it, and a shop that receives webhooks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from checkout.payment.standin.process import StandIn


class Shop:
    """A receiver of webhooks: keeps raw bodies and signatures, answers with `answers` in turn, then 200.

    It takes `seconds` to answer.
    """

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        self.seconds = 0.0
        self.changed = threading.Condition()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with shop.changed:
                    shop.received.append((body, self.headers["Stripe-Signature"]))
                    status = shop.answers.pop(0) if shop.answers else 200
                    shop.changed.notify_all()
                time.sleep(shop.seconds)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/payment/stripe/webhook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def events(self, secret: str) -> list[stripe.Event]:
        """What arrived, each verified by the official library."""
        return [stripe.Webhook.construct_event(body, signature, secret) for body, signature in self.received]

    def wait_for(self, count: int, seconds: float = 8) -> None:
        """Until `count` webhooks have arrived."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= count, seconds), (
                f"only {len(self.received)} of {count} webhooks arrived"
            )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    receiver = Shop()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def process() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def standin(process: StandIn) -> StandIn:
    """The stand-in, empty; started again when the test before ended it."""
    if not process.running:
        process.stop()
        process.start()
    process.control("webhooks/target", url="")
    process.control("reset")
    return process


@pytest.fixture
def heard(standin: StandIn, shop: Shop) -> Shop:
    """The shop, told of every event of the stand-in."""
    standin.control("webhooks/target", url=shop.url, secret=standin.webhook_secret)
    return shop


@pytest.fixture
def client(standin: StandIn) -> stripe.StripeClient:
    return connect(standin)


def connect(standin: StandIn, key: str | None = None) -> stripe.StripeClient:
    """The official library on the stand-in, without its own retries."""
    return stripe.StripeClient(
        key or standin.secret_key, base_addresses={"api": standin.url}, max_network_retries=0
    )


@pytest.fixture
def pay(client: stripe.StripeClient):
    """Pay with a card: `pay("pm_card_visa", 1999)` returns the intent."""

    def pay(card: str = "pm_card_visa", amount: int = 1999, **more: object) -> stripe.PaymentIntent:
        params = {"amount": amount, "currency": "eur", "payment_method": card, "confirm": True}
        params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
        return client.v1.payment_intents.create(params=params | more)

    return pay
