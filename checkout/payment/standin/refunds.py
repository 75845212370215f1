"""Refunds: never more than was taken; some test cards let them wait or fail."""

from __future__ import annotations

from . import balance, shapes
from . import params as read
from .errors import ApiError, bad_param, missing_param
from .listing import PAGING, page
from .store import Body, new_id
from .world import Call, World, job

PENDING_S = 5
"""How long the refunds of card ...7726 stay pending."""
FAILS_AFTER_S = 5
"""When the refunds of card ...5126 turn out to have failed."""
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(call: Call) -> Body:
    """POST /v1/refunds, by payment_intent or charge; the whole rest when no amount is given"""
    read.only(call.params, ("payment_intent", "charge", "amount", "reason", "metadata"))
    world = call.world
    charge = _charge(call)
    amount = _amount(call, charge)
    after = world.store.hidden(charge["id"]).get("after", "")
    status = "pending" if after == "refund_pending" else "succeeded"
    refund = shapes.refund(new_id("re"), int(world.now()), charge, amount, status)
    refund["reason"] = read.choice(call.params, "reason", REASONS)
    refund["metadata"] = read.metadata(call.params)
    entry = balance.book(
        world,
        amount=-amount,
        currency=charge["currency"],
        source=refund["id"],
        type="refund",
        description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
    )
    refund["balance_transaction"] = entry["id"]
    world.store.add(refund)
    _count(world, charge, amount)
    world.emit("refund.created", refund, call)
    world.emit("charge.refunded", charge, call)
    if after == "refund_pending":
        world.later(PENDING_S, "finish_refund", refund["id"])
    elif after == "refund_fails":
        world.later(FAILS_AFTER_S, "fail_refund", refund["id"])
    return refund


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/refunds/{id}"""
    return call.world.need("refund", ident, param="id")


def update(call: Call, ident: str) -> Body:
    """POST /v1/refunds/{id}: metadata only"""
    read.only(call.params, ("metadata",))
    refund = retrieve(call, ident)
    refund["metadata"] = read.metadata(call.params, refund["metadata"])
    call.world.emit("refund.updated", call.world.store.save(refund), call)
    return refund


def list_all(call: Call) -> Body:
    """GET /v1/refunds, by payment_intent, charge and created"""
    read.only(call.params, (*PAGING, "payment_intent", "charge"))
    wanted = {name: read.string(call.params, name) for name in ("payment_intent", "charge")}
    return page(call, "refund", "/v1/refunds", wanted)


def release(world: World, charge: Body, amount: int) -> Body:
    """Let go of authorised money that is not taken. Stripe shows it as a refund without a balance entry."""
    refund = shapes.refund(new_id("re"), int(world.now()), charge, amount, "succeeded")
    refund["destination_details"]["card"] = {"type": "reversal"}
    world.store.add(refund)
    _count(world, charge, amount)
    return refund


def _charge(call: Call) -> Body:
    intent_id, charge_id = read.string(call.params, "payment_intent"), read.string(call.params, "charge")
    if not intent_id and not charge_id:
        raise missing_param("payment_intent")
    if intent_id:
        intent = call.world.need("payment_intent", intent_id, param="payment_intent")
        charge_id = charge_id or intent["latest_charge"]
    charge = call.world.need("charge", charge_id, param="charge") if charge_id else None
    if charge is None or charge["status"] != "succeeded" or not charge["captured"]:
        if charge is not None and charge["refunded"]:
            raise ApiError(
                400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
            )
        shown = intent_id or (charge and charge["payment_intent"])
        raise ApiError(400, f"This PaymentIntent ({shown}) does not have a successful charge to refund.")
    if intent_id and charge["payment_intent"] != intent_id:
        raise bad_param("The charge does not belong to this PaymentIntent.", param="charge")
    return charge


def _amount(call: Call, charge: Body) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"] and not _refundable(call.world, charge):
        raise ApiError(
            400,
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if left <= 0:
        raise ApiError(
            400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = read.integer(call.params, "amount", left) or 0
    if amount < 1:
        raise bad_param("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount > left:
        wanted, rest = (read.money(value, charge["currency"]) for value in (amount, left))
        limit = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        raise ApiError(400, f"Refund amount ({wanted}) is greater than {limit} ({rest})", param="amount")
    return amount


def _refundable(world: World, charge: Body) -> bool:
    return all(
        dispute["is_charge_refundable"] for dispute in world.store.find("dispute", charge=charge["id"])
    )


def _count(world: World, charge: Body, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount"]
    world.store.save(charge)


@job("finish_refund")
def _finish(world: World, ident: str) -> None:
    refund = world.need("refund", ident, param="id")
    refund["status"] = "succeeded"
    _changed(world, refund)


@job("fail_refund")
def _fail(world: World, ident: str) -> None:
    fail(world, ident)


def fail(world: World, ident: str) -> Body:
    """The customer's bank does not take the money: it is in the balance again."""
    refund = world.need("refund", ident, param="id")
    entry = balance.book(
        world,
        amount=refund["amount"],
        currency=refund["currency"],
        source=refund["id"],
        type="refund_failure",
        description="REFUND FAILURE",
    )
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": entry["id"],
    }
    charge = world.need("charge", refund["charge"], param="id")
    _count(world, charge, -refund["amount"])
    _changed(world, refund)
    world.emit("refund.failed", refund)
    return refund


def _changed(world: World, refund: Body) -> None:
    world.store.save(refund)
    world.emit("refund.updated", refund)
    world.emit("charge.refund.updated", refund)
