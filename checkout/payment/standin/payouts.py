"""Payouts: money on its way to the merchant's bank, by hand or as the daily sum."""

from __future__ import annotations

from . import balance, shapes
from . import params as read
from .errors import ApiError, bad_param, missing_param
from .listing import PAGING, page
from .store import Body, new_id
from .world import Call, World, job

ARRIVES_AFTER_S = balance.DAY_S
"""From leaving Stripe until it is on the bank account."""
STATUSES = ("pending", "in_transit", "paid", "failed", "canceled")
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "insufficient_funds": "Your Stripe account has insufficient funds to cover the payout.",
    "no_account": "The bank account could not be located.",
}


def create(call: Call) -> Body:
    """POST /v1/payouts: a payout by hand"""
    read.only(
        call.params, ("amount", "currency", "description", "metadata", "method", "statement_descriptor")
    )
    currency, amount = read.currency(call.params), read.integer(call.params, "amount")
    if amount is None:
        raise missing_param("amount")
    if amount < 1:
        raise bad_param("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    available, _ = balance.totals(call.world).get(currency, (0, 0))
    if amount > available:
        raise ApiError(
            400,
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too "
            "low.",
            code="balance_insufficient",
            param="amount",
        )
    payout = _send(call.world, amount, currency, automatic=False, call=call)
    payout["method"] = read.choice(call.params, "method", ("standard", "instant"), "standard")
    payout["metadata"] = read.metadata(call.params)
    payout["description"] = read.string(call.params, "description")
    payout["statement_descriptor"] = read.string(call.params, "statement_descriptor")
    return call.world.store.save(payout)


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/payouts/{id}"""
    return call.world.need("payout", ident, param="payout")


def list_all(call: Call) -> Body:
    """GET /v1/payouts, by status and created"""
    read.only(call.params, (*PAGING, "status"))
    wanted = {"status": read.choice(call.params, "status", STATUSES)}
    return page(call, "payout", "/v1/payouts", wanted)


def daily(
    world: World, currency: str, *, include_pending: bool = False, negative: bool = False
) -> Body | None:
    """The automatic payout: all entries that are available and not yet paid out, in one sum.

    `include_pending` takes what is not yet available as well. Returns None when there is nothing to pay;
    a sum below zero stays in the balance for the next one, or is taken from the bank account (`negative`).
    """
    entries = balance.entries_not_paid_out(world, currency, include_pending=include_pending)
    total = sum(entry["net"] for entry in entries)
    if total == 0 or (total < 0 and not negative):
        return None
    payout = _send(world, total, currency, automatic=True)
    for entry in entries:
        world.store.hide(entry["id"], payout=payout["id"])
        if entry["available_on"] > world.now():
            world.store.save(entry | {"available_on": int(world.now()), "status": "available"})
    world.store.hide(payout["balance_transaction"], payout=payout["id"])
    world.emit("payout.reconciliation_completed", payout)
    return payout


def pay(world: World, payout: Body) -> Body:
    """The money has arrived."""
    if payout["status"] in ("pending", "in_transit"):
        payout |= {"status": "paid", "trace_id": {"status": "supported", "value": payout["id"][-12:].upper()}}
        world.store.save(payout)
        world.emit("payout.paid", payout)
    return payout


def fail(world: World, payout: Body, code: str) -> Body:
    """The bank sent it back: the money is in the balance again."""
    if code not in FAILURES:
        raise ApiError(400, f"Unknown failure; known: {', '.join(FAILURES)}")
    if payout["status"] == "failed":
        return payout
    entry = balance.book(
        world,
        amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
        type="payout_failure",
        description="REVERSAL OF FAILED PAYOUT",
    )
    payout |= {
        "status": "failed",
        "failure_code": code,
        "failure_message": FAILURES[code],
        "failure_balance_transaction": entry["id"],
    }
    world.store.save(payout)
    world.emit("payout.failed", payout)
    return payout


def _send(world: World, amount: int, currency: str, *, automatic: bool, call: Call | None = None) -> Body:
    now = int(world.now())
    payout = shapes.payout(new_id("po"), now, amount, currency, now + ARRIVES_AFTER_S, automatic=automatic)
    entry = balance.book(
        world,
        amount=-amount,
        currency=currency,
        source=payout["id"],
        type="payout",
        description="STRIPE PAYOUT",
    )
    payout["balance_transaction"] = entry["id"]
    world.store.add(payout)
    world.later(ARRIVES_AFTER_S, "payout_arrives", payout["id"])
    world.emit("payout.created", payout, call)
    return payout


@job("payout_arrives")
def _arrives(world: World, ident: str) -> None:
    pay(world, world.need("payout", ident, param="payout"))
