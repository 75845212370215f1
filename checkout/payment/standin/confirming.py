"""Confirming a payment intent: authentication where the card wants it, then the charge or the decline."""

from __future__ import annotations

from . import charges, shapes
from . import params as read
from .cards import DECLINES
from .errors import ApiError, unexpected_state
from .store import Body, new_id
from .world import Call, World, job

AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again."
)
AUTHORISATION_HOLDS_S = 7 * 24 * 3600
"""A card authorisation that nobody captures lapses after seven days, as at Stripe."""


def confirm(call: Call, intent: Body) -> Body:
    """Confirm with the payment method the intent has; raises what Stripe would answer."""
    world = call.world
    if intent["payment_method"] is None:
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "
            "update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly "
            "with a "
            "payment method or ConfirmationToken.",
            shown(call, intent),
        )
    address = read.web_address(call.params, "return_url") or return_address(world, intent)
    automatic = intent["automatic_payment_methods"]
    if automatic and automatic["allow_redirects"] == "always" and address is None:
        raise ApiError(
            400,
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because "
            "some of "
            "these payment methods might redirect your customer off of your page, you must provide a "
            "`return_url`. "
            "If you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to "
            "`true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents "
            "and "
            "Payment Intents.",
            payment_intent=shown(call, intent),
        )
    world.store.save(intent)
    world.store.hide(intent["id"], return_url=address)
    method = world.need("payment_method", intent["payment_method"], param="payment_method")
    intent["last_payment_error"] = None
    wish = intent["payment_method_options"]["card"]["request_three_d_secure"]
    if wish != "automatic" or world.store.hidden(method["id"]).get("secure"):
        return _ask_for_authentication(call, intent, address)
    return _charge(world, call, intent, method, secure=False)


def _ask_for_authentication(call: Call, intent: Body, address: str | None) -> Body:
    world = call.world
    attempt = world.store.add(
        {
            "id": new_id("auth", 32),
            "object": "authentication",
            "created": int(world.now()),
            "payment_intent": intent["id"],
            "status": "pending",
        }
    )
    world.store.hide(intent["id"], attempt=attempt["id"])
    url = f"{world.settings.url}/3ds/{attempt['id']}"
    if address is not None:
        action: Body = {"type": "redirect_to_url", "redirect_to_url": {"return_url": address, "url": url}}
    else:
        action = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
        }
    intent |= {"status": "requires_action", "next_action": action}
    world.emit("payment_intent.requires_action", world.store.save(intent), call)
    return intent


def _charge(world: World, call: Call | None, intent: Body, method: Body, *, secure: bool) -> Body:
    """Take the money now; with a caller a decline is raised (402), without one it is only recorded."""
    delay = world.faults.for_request("processing", "POST", f"/v1/payment_intents/{intent['id']}/confirm")
    if delay is not None:
        intent |= {"status": "processing", "processing": {"type": "card", "card": {}}, "next_action": None}
        world.store.hide(intent["id"], secure=secure)
        world.later(delay.seconds, "finish_processing", intent["id"])
        world.emit("payment_intent.processing", world.store.save(intent), call)
        return intent
    charge = charges.make(world, call, intent, method, secure=secure)
    intent |= {"latest_charge": charge["id"], "processing": None, "next_action": None}
    if charge["status"] == "failed":
        return _declined(world, call, intent, method, charge)
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        world.later(AUTHORISATION_HOLDS_S, "lapse_authorisation", intent["id"])
        world.emit("payment_intent.amount_capturable_updated", world.store.save(intent), call)
        return intent
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    world.emit("payment_intent.succeeded", world.store.save(intent), call)
    return intent


def _declined(world: World, call: Call | None, intent: Body, method: Body, charge: Body) -> Body:
    decline = DECLINES[world.store.hidden(method["id"])["outcome"]]
    why = ApiError(
        402,
        decline.message,
        type="card_error",
        code=decline.code,
        decline_code=decline.decline_code,
        param=decline.param,
        advice_code=decline.advice,
        charge=charge["id"],
        payment_method=method,
        commits=True,
    )
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": dict(why.body),
    }
    world.emit("payment_intent.payment_failed", world.store.save(intent), call)
    if call is None:
        return intent
    why.body["payment_intent"] = shown(call, intent)
    if call.client and call.locale == "de":
        why.body["message"] = decline.german
    raise why


def for_client(intent: Body) -> Body:
    """What a browser may see."""
    return {name: intent[name] for name in shapes.CLIENT_FIELDS}


def shown(call: Call, intent: Body) -> Body:
    """The intent as this caller may see it."""
    return for_client(intent) if call.client else intent


def authenticate(world: World, attempt_id: str, *, passed: bool) -> Body:
    """The shopper finished 3-D Secure on our page; returns the intent. A second click changes nothing."""
    with world.store.change():
        attempt = world.need("authentication", attempt_id, param="id")
        intent = world.need("payment_intent", attempt["payment_intent"], param="intent")
        if not is_waiting(world, attempt, intent):
            return intent
        world.store.save(attempt | {"status": "passed" if passed else "failed"})
        method = world.need("payment_method", intent["payment_method"], param="payment_method")
        intent["next_action"] = None
        if passed:
            return _charge(world, None, intent, method, secure=True)
        why = {
            "code": "payment_intent_authentication_failure",
            "doc_url": "https://docs.stripe.com/error-codes#payment-intent-authentication-failure",
            "message": AUTHENTICATION_FAILED,
            "payment_method": method,
            "type": "invalid_request_error",
        }
        intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": why}
        world.emit("payment_intent.payment_failed", world.store.save(intent))
        return intent


def is_waiting(world: World, attempt: Body, intent: Body) -> bool:
    """Whether this authentication is the one its intent waits for."""
    latest = world.store.hidden(intent["id"]).get("attempt")
    return (
        attempt["status"] == "pending" and intent["status"] == "requires_action" and latest == attempt["id"]
    )


def return_address(world: World, intent: Body) -> str | None:
    """Where the shopper goes after a redirect."""
    return world.store.hidden(intent["id"]).get("return_url")


@job("finish_processing")
def _finish_processing(world: World, ident: str) -> None:
    intent = world.need("payment_intent", ident, param="intent")
    if intent["status"] == "processing":
        method = world.need("payment_method", intent["payment_method"], param="payment_method")
        _charge(world, None, intent, method, secure=bool(world.store.hidden(ident).get("secure")))
