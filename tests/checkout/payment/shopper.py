"""What the shopper's browser does at Stripe, done through the library: pay an intent with a test card."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import stripe

from checkout.payment.stripe_client import client


def pay(intent_id: str, card: str = "pm_card_visa") -> str:
    """Confirm the intent with a test card; returns its status. A decline raises stripe.CardError."""
    found = client().v1.payment_intents.confirm(
        intent_id, {"payment_method": card, "return_url": "http://127.0.0.1/"}
    )
    return str(found.status)


def try_to_pay(intent_id: str, card: str) -> str:
    """Like pay(), with a decline as the answer."""
    try:
        return pay(intent_id, card)
    except stripe.CardError as error:
        return str(error.code)


def events() -> list[dict[str, Any]]:
    """Everything Stripe would tell, oldest first."""
    return [event.to_dict() for event in client().v1.events.list({"limit": 100}).data][::-1]


def signed(body: str, secret: str, at: float | None = None) -> str:
    """A Stripe-Signature header for a body."""
    stamp = int(at or time.time())
    digest = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def deliver(http: Any, event: dict[str, Any], secret: str) -> Any:
    """Post an event to our webhook as Stripe does."""
    body = json.dumps(event)
    return http.post(
        "/payments/stripe/webhook",
        data=body,
        content_type="application/json",
        headers={"Stripe-Signature": signed(body, secret)},
    )
