"""Payments are tested against the Stripe stand-in as a process of its own, through the official library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from checkout.payment.standin.process import StandIn


@pytest.fixture(scope="session")
def standin_process() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def standin(standin_process: StandIn, settings: Any) -> StandIn:
    """The stand-in, empty, with our settings pointing at it."""
    standin_process.control("reset")
    settings.STRIPE_SECRET_KEY = standin_process.secret_key
    settings.STRIPE_API_BASE = standin_process.url
    settings.STRIPE_WEBHOOK_SECRET = standin_process.webhook_secret
    settings.STRIPE_MAX_RETRIES = 0
    settings.STRIPE_TIMEOUT_S = 3
    return standin_process
