"""Payment intents: create, change, confirm, authenticate, capture, cancel."""

from __future__ import annotations

import hmac
from typing import Any

from . import charges, confirming, methods, refunds, shapes
from . import params as read
from .errors import bad_param, not_found, unexpected_state
from .listing import PAGING, page
from .store import Body, new_id
from .world import Call, World, job

CREATE = (
    "amount",
    "currency",
    "metadata",
    "automatic_payment_methods",
    "payment_method_types",
    "capture_method",
    "description",
    "receipt_email",
    "payment_method",
    "payment_method_data",
    "confirm",
    "return_url",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "confirmation_method",
    "payment_method_options",
)
UPDATE = tuple(
    name for name in CREATE if name not in ("confirm", "automatic_payment_methods", "confirmation_method")
)
CONFIRM = (
    "payment_method",
    "payment_method_data",
    "return_url",
    "receipt_email",
    "shipping",
    "client_secret",
    "key",
    "capture_method",
    "payment_method_options",
)
CANCEL_REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELLABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)
TEXTS = (
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def create(call: Call) -> Body:
    """POST /v1/payment_intents"""
    read.only(call.params, CREATE)
    world, params = call.world, call.params
    currency = read.currency(params)
    ident = new_id("pi")
    intent = shapes.payment_intent(
        ident, f"{ident}_{new_id('secret', 25)}", int(world.now()), read.amount(params, currency), currency
    )
    intent["automatic_payment_methods"] = _automatic(params)
    _fill(call, intent)
    world.store.add(intent)
    world.emit("payment_intent.created", intent, call)
    if read.boolean(params, "confirm"):
        return confirming.confirm(call, intent)
    if "return_url" in params:
        raise bad_param(
            "The parameter `return_url` can only be used with `confirm` set to `true`.", param="return_url"
        )
    return intent


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/payment_intents/{id}; a browser must know the client secret"""
    read.only(call.params, ("client_secret", "key"))
    intent = _need(call, ident)
    return confirming.for_client(intent) if call.client else intent


def list_all(call: Call) -> Body:
    """GET /v1/payment_intents"""
    read.only(call.params, PAGING)
    return page(call, "payment_intent", "/v1/payment_intents")


def update(call: Call, ident: str) -> Body:
    """POST /v1/payment_intents/{id}"""
    read.only(call.params, UPDATE)
    intent = _need(call, ident)
    bound = [
        n
        for n in ("amount", "currency", "payment_method", "payment_method_data", "capture_method")
        if n in call.params
    ]
    if bound and intent["status"] not in OPEN:
        raise unexpected_state(
            f"This PaymentIntent's {bound[0]} could not be updated because it has a status of "
            f"{intent['status']}. "
            f"You may only update the {bound[0]} of a PaymentIntent with one of the following statuses: "
            f"{', '.join(OPEN)}.",
            intent,
        )
    if "currency" in call.params:
        intent["currency"] = read.currency(call.params)
    if "amount" in call.params or "currency" in call.params:
        intent["amount"] = read.amount({"amount": str(intent["amount"])} | call.params, intent["currency"])
    _fill(call, intent)
    if address := read.web_address(call.params, "return_url"):
        call.world.store.hide(intent["id"], return_url=address)
    if bound and intent["status"] == "requires_action":
        intent |= {"status": "requires_confirmation", "next_action": None}
    return call.world.store.save(intent)


def confirm(call: Call, ident: str) -> Body:
    """POST /v1/payment_intents/{id}/confirm, with the secret key or by a browser with the client secret"""
    read.only(call.params, CONFIRM)
    intent = _need(call, ident)
    if intent["status"] == "succeeded":
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously "
            "confirmed.",
            confirming.shown(call, intent),
        )
    if intent["status"] not in OPEN:
        raise unexpected_state(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be confirmed: {', '.join(OPEN[1:])}.",
            confirming.shown(call, intent),
        )
    _fill(call, intent)
    return confirming.shown(call, confirming.confirm(call, intent))


def capture(call: Call, ident: str) -> Body:
    """POST /v1/payment_intents/{id}/capture; a smaller amount releases the rest"""
    read.only(
        call.params, ("amount_to_capture", "metadata", "statement_descriptor", "statement_descriptor_suffix")
    )
    world, intent = call.world, _need(call, ident)
    if intent["status"] != "requires_capture":
        raise unexpected_state(
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture.",
            intent,
        )
    amount = read.integer(call.params, "amount_to_capture", intent["amount_capturable"]) or 0
    if not 1 <= amount <= intent["amount_capturable"]:
        raise bad_param(
            f"The amount to capture must be between 1 and {intent['amount_capturable']}.",
            param="amount_to_capture",
        )
    charge = charges.take(world, world.need("charge", intent["latest_charge"], param="id"), amount)
    if amount < charge["amount"]:
        refunds.release(world, charge, charge["amount"] - amount)
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        intent[name] = read.string(call.params, name) or intent[name]
    intent["metadata"] = read.metadata(call.params, intent["metadata"])
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    world.store.save(intent)
    world.emit("charge.captured", charge, call)
    world.emit("payment_intent.succeeded", intent, call)
    return intent


def cancel(call: Call, ident: str) -> Body:
    """POST /v1/payment_intents/{id}/cancel"""
    read.only(call.params, ("cancellation_reason",))
    intent = _need(call, ident)
    reason = read.choice(call.params, "cancellation_reason", CANCEL_REASONS)
    if intent["status"] not in CANCELLABLE:
        raise unexpected_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELLABLE)}.",
            intent,
        )
    return _cancel(call.world, intent, reason, call)


def check_secret(intent: Body, secret: str | None) -> bool:
    """Whether `secret` is this intent's client secret."""
    return secret is not None and hmac.compare_digest(secret.encode(), intent["client_secret"].encode())


def _need(call: Call, ident: str) -> Body:
    intent = call.world.need("payment_intent", ident, param="intent")
    if call.client and not check_secret(intent, read.string(call.params, "client_secret")):
        if "client_secret" in call.params:
            message = (
                "The client_secret provided does not match any associated PaymentIntent on this account."
            )
            raise bad_param(message, param="client_secret", code="payment_intent_invalid_parameter")
        raise not_found("payment_intent", ident, param="intent")
    return intent


def _automatic(params: dict[str, Any]) -> Body | None:
    given = read.mapping(params, "automatic_payment_methods")
    read.only(given, ("enabled", "allow_redirects"))
    types = read.strings(params, "payment_method_types")
    if types and given:
        raise bad_param(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            param="payment_method_types",
        )
    if any(kind != "card" for kind in types):
        raise bad_param("The stand-in knows only the payment method type card.", param="payment_method_types")
    if types or not read.boolean(given, "enabled", default=True):
        return None
    redirects = read.choice(given, "allow_redirects", ("always", "never"), "always")
    return {"allow_redirects": redirects, "enabled": True}


def _fill(call: Call, intent: Body) -> None:
    """Take over what the request says of an intent."""
    params = call.params
    for name in TEXTS:
        if name in params:
            intent[name] = read.string(params, name)
    if "metadata" in params:
        intent["metadata"] = read.metadata(params, intent["metadata"])
    if "shipping" in params:
        intent["shipping"] = read.mapping(params, "shipping") or None
    read.choice(params, "confirmation_method", ("automatic",))
    intent["capture_method"] = (
        read.choice(params, "capture_method", ("automatic", "automatic_async", "manual"))
        or intent["capture_method"]
    )
    card = read.mapping(read.mapping(params, "payment_method_options"), "card")
    read.only(card, ("request_three_d_secure",))
    if wish := read.choice(card, "request_three_d_secure", ("automatic", "any", "challenge")):
        intent["payment_method_options"] = {"card": {"request_three_d_secure": wish}}
    _fill_method(call, intent)


def _fill_method(call: Call, intent: Body) -> None:
    method = None
    if ident := read.string(call.params, "payment_method"):
        method = methods.resolve(call, ident)
    elif data := read.mapping(call.params, "payment_method_data"):
        method = methods.enter(call, data)
    if method is not None:
        intent["payment_method"] = method["id"]
        if intent["status"] == "requires_payment_method":
            intent["status"] = "requires_confirmation"


def _cancel(world: World, intent: Body, reason: str | None, call: Call | None) -> Body:
    if intent["status"] == "requires_capture":
        charge = world.need("charge", intent["latest_charge"], param="id")
        refunds.release(world, charge, charge["amount"])
        world.emit("charge.refunded" if reason != "automatic" else "charge.expired", charge, call)
    intent |= {
        "status": "canceled",
        "canceled_at": int(world.now()),
        "cancellation_reason": reason,
        "amount_capturable": 0,
        "next_action": None,
        "processing": None,
    }
    world.emit("payment_intent.canceled", world.store.save(intent), call)
    return intent


@job("lapse_authorisation")
def _lapse_authorisation(world: World, ident: str) -> None:
    intent = world.need("payment_intent", ident, param="intent")
    if intent["status"] == "requires_capture":
        _cancel(world, intent, "automatic", None)
