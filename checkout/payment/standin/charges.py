"""Charges: the moment money is taken, with its fee and what a test card lets follow."""

from __future__ import annotations

from . import balance, shapes
from . import params as read
from .cards import DECLINES
from .listing import PAGING, page
from .store import Body, new_id
from .world import Call, World

DISPUTE_DELAY_S = 2
"""Stripe opens the dispute of its test cards a moment after the charge."""


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/charges/{id}"""
    return call.world.need("charge", ident, param="id")


def list_all(call: Call) -> Body:
    """GET /v1/charges, by payment_intent and created"""
    read.only(call.params, (*PAGING, "payment_intent"))
    wanted = {"payment_intent": read.string(call.params, "payment_intent")}
    return page(call, "charge", "/v1/charges", wanted)


def update(call: Call, ident: str) -> Body:
    """POST /v1/charges/{id}: description, metadata, receipt_email"""
    read.only(call.params, ("description", "metadata", "receipt_email"))
    charge = retrieve(call, ident)
    for name in ("description", "receipt_email"):
        if name in call.params:
            charge[name] = read.string(call.params, name)
    charge["metadata"] = read.metadata(call.params, charge["metadata"])
    call.world.emit("charge.updated", call.world.store.save(charge), call)
    return charge


def make(world: World, call: Call | None, intent: Body, method: Body, *, secure: bool) -> Body:
    """Charge (or only authorise, for manual capture) the whole intent. Returns the charge, failed or not."""
    hidden = world.store.hidden(method["id"])
    charge = shapes.charge(new_id("ch"), int(world.now()), intent, method, secure=secure)
    decline = DECLINES.get(hidden.get("outcome", ""))
    if decline is not None:
        reason = decline.decline_code or decline.code
        charge |= {
            "status": "failed",
            "paid": False,
            "failure_code": decline.code,
            "failure_message": decline.message,
            "outcome": shapes.declined_outcome(reason, decline.advice),
        }
        if decline.code == "incorrect_cvc":
            charge["payment_method_details"]["card"]["checks"]["cvc_check"] = "fail"
        world.store.add(charge)
        world.emit("charge.failed", charge, call)
        return charge
    world.store.add(charge, {"after": hidden.get("after", "")})
    if intent["capture_method"] != "manual":
        charge = take(world, charge, charge["amount"])
    world.emit("charge.succeeded", charge, call)
    return charge


def take(world: World, charge: Body, amount: int) -> Body:
    """Capture `amount` minor units of an authorised charge: the money and the fee enter the balance."""
    after = world.store.hidden(charge["id"]).get("after", "")
    entry = balance.book(
        world,
        amount=amount,
        fee=balance.charge_fee(amount),
        currency=charge["currency"],
        source=charge["id"],
        type="charge",
        description=charge["description"],
        at_once=after == "available",
    )
    charge |= {"captured": True, "amount_captured": amount, "balance_transaction": entry["id"]}
    world.store.save(charge)
    if after.startswith(("dispute_", "inquiry_")):
        world.later(DISPUTE_DELAY_S, "open_dispute", charge["id"])
    return charge
