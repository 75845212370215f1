"""The only file that imports stripe. Every call refuses to run inside a transaction and answers with plain values."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.conf import settings

from shop.kernel.late import late
from shop.kernel.transactions import forbid_network_in_transaction

if TYPE_CHECKING:
    import requests
    import stripe
else:
    requests, stripe = late("requests"), late("stripe")

T = TypeVar("T")
#: What an answer of another shape leads to when its parts are looked for.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
PAGE_SIZE = 100  #: rows per page of a list; Stripe gives no more
WEBHOOK_TOLERANCE_S = 300  #: how old a signature may be; Stripe's own default


class ProviderDown(Exception):
    """Stripe cannot be reached, is overloaded or answers with a fault of its own: ask again later, same key."""


class ProviderRefused(Exception):
    """Stripe understood and refused; the text says why."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class BadSignature(Exception):
    """A webhook that Stripe did not sign, or signed too long ago."""


@dataclass(frozen=True)
class Intent:
    """What Stripe knows of a payment. Amounts in minor units."""

    id: str
    status: str
    amount_minor: int
    received_minor: int
    currency: str
    client_secret: str
    order_number: str
    payment_id: str
    failure_code: str = ""
    failure_text: str = ""
    card_label: str = ""


@dataclass(frozen=True)
class ProviderRefund:
    """What Stripe knows of a refund."""

    id: str
    status: str
    amount_minor: int
    currency: str
    failure_text: str = ""


@dataclass(frozen=True)
class ProviderEvent:
    """A verified webhook: id, type and the id of the object it speaks of."""

    id: str
    type: str
    object_id: str
    intent_id: str


@dataclass(frozen=True)
class ProviderTransaction:
    """One movement of our balance at Stripe. Amounts in minor units: ``net`` is ``amount`` less ``fee``.

    source_id: what it is about (a charge, refund, dispute, payout); intent_id and refund_id: our payment's intent and
    the number of our refund row, "" and 0 where it is about none.
    """

    id: str
    kind: str
    category: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    source_id: str
    intent_id: str
    refund_id: int
    description: str
    available_on: dt.datetime
    created_at: dt.datetime


@dataclass(frozen=True)
class ProviderPayout:
    """What Stripe knows of a payout to our bank account; negative: Stripe takes money from it (minor units)."""

    id: str
    amount_minor: int
    currency: str
    status: str
    automatic: bool
    arrives_on: dt.date
    created_at: dt.datetime
    failure_text: str = ""


class _Session(threading.local):
    """What Stripe's library takes for a session: one of its own in each thread, for two threads must not use the same
    (requests promises nothing there: a connection or a cookie of one could meet the other's)."""

    def __init__(self) -> None:
        self._own = requests.Session()
        self._own.max_redirects = 0  # our key goes to the address that we know and is sent on to no other

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As ``requests.Session.request``."""
        return self._own.request(*args, **kwargs)

    def close(self) -> None:
        """Let go of this thread's connections."""
        self._own.close()


@lru_cache(maxsize=1)
def _client(key: str, base: str, timeout_s: int, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=timeout_s, session=cast(Any, _Session())),
    )


def client() -> stripe.StripeClient:
    """The configured client; remade when the settings change (tests)."""
    return _client(
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_API_BASE,
        settings.STRIPE_TIMEOUT_S,
        settings.STRIPE_MAX_RETRIES,
    )


#: Calls of this process that may be under way at once. Where Stripe is slow, pages wait for it in these places only,
#: and the other threads of the web server go on selling.
_places = threading.BoundedSemaphore(settings.STRIPE_AT_ONCE)


def _ask(what: str, call: Callable[[], Any], read: Callable[[Any], T]) -> T:
    """Call Stripe and read the answer. Raises ProviderDown (also for an answer that cannot be read, where all
    places are taken, and in a process without a key), ProviderRefused."""
    forbid_network_in_transaction(f"Stripe: {what}")
    if not settings.STRIPE_SECRET_KEY:
        raise ProviderDown(f"{what}: this process is given no key (PAYMENTS_ELSEWHERE)")
    if not _places.acquire(timeout=settings.STRIPE_PLACE_WAIT_S):
        raise ProviderDown(f"{what}: others are still waiting for an answer")
    try:
        answer = call()
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderDown(f"{what}: {error}") from error
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        raise ProviderRefused(str(error.user_message or error), str(error.code or "")) from error
    except stripe.AuthenticationError as error:
        raise ProviderRefused("Stripe does not accept our key; check STRIPE_SECRET_KEY", "auth") from error
    except stripe.StripeError as error:  # 5xx, 409 of a key in use: the same key may be sent again
        raise ProviderDown(f"{what}: {error}") from error
    except UNREADABLE as error:  # what stands before Stripe answered something that is no JSON of theirs
        raise ProviderDown(f"{what}: an answer that cannot be read ({error!r})") from error
    finally:
        _places.release()
    try:
        return read(answer)
    except UNREADABLE as error:
        raise ProviderDown(f"{what}: an answer that cannot be read ({error!r})") from error


def _intent(found: Any) -> Intent:
    error = found.last_payment_error
    charge = getattr(found, "latest_charge", None)
    card = getattr(getattr(charge, "payment_method_details", None), "card", None) if charge else None
    metadata = found.metadata.to_dict() if found.metadata else {}
    return Intent(
        id=found.id,
        status=found.status,
        amount_minor=found.amount,
        received_minor=found.amount_received or 0,
        currency=found.currency.upper(),
        client_secret=found.client_secret or "",
        order_number=metadata.get("order_number", ""),
        payment_id=metadata.get("payment_id", ""),
        failure_code=str(getattr(error, "decline_code", None) or getattr(error, "code", "") or "")
        if error
        else "",
        failure_text=str(getattr(error, "message", "") or "") if error else "",
        card_label=f"{card.brand} •••• {card.last4}" if card else "",
    )


def create_intent(
    *, amount_minor: int, currency: str, order_number: str, payment_id: int, email: str, key: str
) -> Intent:
    """Open a payment at Stripe; the same ``key`` always answers with the same one."""
    params: Any = {
        "amount": amount_minor,
        "currency": currency.lower(),
        "automatic_payment_methods": {"enabled": True},
        "description": order_number,
        "receipt_email": email,
        "metadata": {"order_number": order_number, "payment_id": str(payment_id)},
    }
    return _ask(
        "create payment",
        lambda: client().v1.payment_intents.create(params, {"idempotency_key": key}),
        _intent,
    )


def retrieve_intent(intent_id: str) -> Intent:
    """What Stripe knows of a payment now."""
    expand: Any = {"expand": ["latest_charge"]}
    return _ask("read payment", lambda: client().v1.payment_intents.retrieve(intent_id, expand), _intent)


def cancel_intent(intent_id: str) -> Intent:
    """Cancel a payment that has not succeeded; ProviderRefused when it has."""
    return _ask("cancel payment", lambda: client().v1.payment_intents.cancel(intent_id), _intent)


def create_refund(*, intent_id: str, amount_minor: int, key: str, refund_id: int) -> ProviderRefund:
    """Send money back; the same ``key`` never sends it twice."""
    params: Any = {
        "payment_intent": intent_id,
        "amount": amount_minor,
        "metadata": {"refund_id": str(refund_id)},
    }
    return _ask("refund", lambda: client().v1.refunds.create(params, {"idempotency_key": key}), _refund)


def retrieve_refund(psp_id: str) -> ProviderRefund:
    """What Stripe knows of a refund now."""
    return _ask("read refund", lambda: client().v1.refunds.retrieve(psp_id), _refund)


def _refund(found: Any) -> ProviderRefund:
    return ProviderRefund(
        id=found.id,
        status=found.status or "pending",
        amount_minor=found.amount,
        currency=found.currency.upper(),
        failure_text=str(getattr(found, "failure_reason", "") or ""),
    )


def read_dispute(dispute_id: str) -> dict[str, Any]:
    """A dispute as plain values: status, amount, fee (minor units), payment intent, until when evidence is taken (None:
    not at all)."""
    return _ask("read dispute", lambda: client().v1.disputes.retrieve(dispute_id), _dispute)


def _dispute(found: Any) -> dict[str, Any]:
    fees = [transaction.fee for transaction in (found.balance_transactions or [])]
    due = getattr(getattr(found, "evidence_details", None), "due_by", None)
    return {
        "id": found.id,
        "status": found.status,
        "amount_minor": found.amount,
        "currency": found.currency.upper(),
        "fee_minor": max([0, *fees]),
        "intent_id": str(found.payment_intent or ""),
        "answer_by": dt.datetime.fromtimestamp(due, dt.UTC) if due else None,
    }


def list_transactions(
    *, since: dt.datetime | None = None, after: str = "", payout: str = ""
) -> tuple[list[ProviderTransaction], bool]:
    """A page of movements of our balance, newest first, and whether there are more.

    since: only those made then or later; after: the last id of the page before; payout: only what it consists of.
    """
    params = _page(since, after) | {"expand": ["data.source"]} | ({"payout": payout} if payout else {})
    return _ask(
        "list balance",
        lambda: client().v1.balance_transactions.list(params),
        lambda found: ([_transaction(row.to_dict()) for row in found.data], bool(found.has_more)),
    )


def list_payouts(*, since: dt.datetime | None = None, after: str = "") -> tuple[list[ProviderPayout], bool]:
    """A page of payouts, newest first, and whether there are more."""
    return _ask(
        "list payouts",
        lambda: client().v1.payouts.list(_page(since, after)),
        lambda found: ([_payout(row) for row in found.data], bool(found.has_more)),
    )


def retrieve_payout(psp_id: str) -> ProviderPayout:
    """What Stripe knows of a payout now."""
    return _ask("read payout", lambda: client().v1.payouts.retrieve(psp_id), _payout)


def _page(since: dt.datetime | None, after: str) -> Any:
    params: dict[str, Any] = {"limit": PAGE_SIZE}
    if since is not None:
        params["created"] = {"gte": int(since.timestamp())}
    return params | ({"starting_after": after} if after else {})


def _transaction(row: dict[str, Any]) -> ProviderTransaction:
    thing = row.get("source")
    about: dict[str, Any] = thing if isinstance(thing, dict) else {}
    number = str((about.get("metadata") or {}).get("refund_id", ""))
    return ProviderTransaction(
        id=row["id"],
        kind=row["type"],
        category=row.get("reporting_category") or row["type"],
        amount_minor=row["amount"],
        fee_minor=row["fee"],
        net_minor=row["net"],
        currency=row["currency"].upper(),
        source_id=str(about.get("id") or thing or ""),
        intent_id=str(about.get("payment_intent") or ""),
        refund_id=int(number) if number.isdecimal() and len(number) < 19 else 0,
        description=str(row.get("description") or ""),
        available_on=_moment(row["available_on"]),
        created_at=_moment(row["created"]),
    )


def _payout(found: Any) -> ProviderPayout:
    return ProviderPayout(
        id=found.id,
        amount_minor=found.amount,
        currency=found.currency.upper(),
        status=found.status,
        automatic=bool(found.automatic),
        arrives_on=_moment(found.arrival_date).date(),
        created_at=_moment(found.created),
        failure_text=str(found.failure_message or ""),
    )


def _moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)


def verify_event(raw: bytes, signature: str) -> ProviderEvent:
    """Check Stripe's signature on the raw bytes before anything is read of them.

    Raises BadSignature for a wrong or old signature and ValueError for signed bytes that are no event.
    """
    try:
        stripe.WebhookSignature.verify_header(
            raw.decode("utf-8"), signature, settings.STRIPE_WEBHOOK_SECRET, WEBHOOK_TOLERANCE_S
        )
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        raise BadSignature(str(error)) from error
    return read_event(raw.decode("utf-8"))


def read_event(body: str) -> ProviderEvent:
    """The parts of a stored event that we act on; ValueError when it is none."""
    data = json.loads(body)
    try:
        thing = data["data"]["object"]
        intent = thing["id"] if thing.get("object") == "payment_intent" else thing.get("payment_intent") or ""
        return ProviderEvent(str(data["id"]), str(data["type"]), str(thing["id"]), str(intent))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a Stripe event") from error
