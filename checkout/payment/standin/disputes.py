"""Disputes: a shopper's bank takes the money back; evidence wins or loses it."""

from __future__ import annotations

from . import balance, shapes
from . import params as read
from .errors import ApiError
from .listing import PAGING, page
from .store import Body, new_id
from .world import Call, World, job

EVIDENCE_DAYS = 7
"""Days to answer with evidence."""
DECIDED_AFTER_S = 2
"""How long the bank takes to decide about magic evidence."""
WINNING, LOSING = "winning_evidence", "losing_evidence"
"""Stripe's magic texts for `evidence[uncategorized_text]` (docs.stripe.com/testing#disputes)."""
CLOSED = ("won", "lost", "warning_closed")


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/disputes/{id}"""
    return call.world.need("dispute", ident, param="dispute")


def list_all(call: Call) -> Body:
    """GET /v1/disputes, by charge, payment_intent and created"""
    read.only(call.params, (*PAGING, "payment_intent", "charge"))
    wanted = {name: read.string(call.params, name) for name in ("payment_intent", "charge")}
    return page(call, "dispute", "/v1/disputes", wanted)


def update(call: Call, ident: str) -> Body:
    """POST /v1/disputes/{id}: evidence, submit (true unless told otherwise), metadata"""
    read.only(call.params, ("evidence", "submit", "metadata"))
    world, dispute = call.world, retrieve(call, ident)
    evidence = read.mapping(call.params, "evidence")
    read.only(evidence, shapes.EVIDENCE)
    if evidence and dispute["status"] in CLOSED:
        raise ApiError(400, "This dispute is already closed.", param="evidence")
    for name in evidence:
        dispute["evidence"][name] = read.string(evidence, name, most=20_000)
    dispute["metadata"] = read.metadata(call.params, dispute["metadata"])
    dispute["evidence_details"]["has_evidence"] |= bool(evidence)
    if evidence and read.boolean(call.params, "submit", default=True):
        dispute["evidence_details"]["submission_count"] += 1
        inquiry = dispute["status"].startswith("warning")
        dispute["status"] = "warning_under_review" if inquiry else "under_review"
        if dispute["evidence"]["uncategorized_text"] in (WINNING, LOSING):
            world.later(DECIDED_AFTER_S, "decide_dispute", dispute["id"])
    world.emit("charge.dispute.updated", world.store.save(dispute), call)
    return dispute


def close(call: Call, ident: str) -> Body:
    """POST /v1/disputes/{id}/close: accept that it is lost"""
    read.only(call.params, ())
    dispute = retrieve(call, ident)
    if dispute["status"] in CLOSED:
        raise ApiError(400, "This dispute is already closed.", param="dispute")
    inquiry = dispute["status"].startswith("warning")
    _close(call.world, dispute, "warning_closed" if inquiry else "lost", call)
    return dispute


def open_for(world: World, charge: Body, reason: str, *, inquiry: bool) -> Body:
    """Dispute a charge: the money leaves the balance with a fee (an inquiry takes nothing yet)."""
    status = "warning_needs_response" if inquiry else "needs_response"
    due_by = int(world.now()) + EVIDENCE_DAYS * balance.DAY_S
    dispute = shapes.dispute(new_id("du"), int(world.now()), charge, reason, status, due_by)
    world.store.add(dispute)
    world.store.save(charge | {"disputed": True})
    if not inquiry:
        dispute["balance_transactions"].append(
            balance.book(
                world,
                amount=-dispute["amount"],
                fee=balance.DISPUTE_FEE_MINOR,
                currency=dispute["currency"],
                source=dispute["id"],
                type="adjustment",
                category="dispute",
                description=f"Chargeback withdrawal for {charge['id']}",
            )
        )
        world.store.save(dispute)
    world.emit("charge.dispute.created", dispute)
    if not inquiry:
        world.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


@job("open_dispute")
def _open(world: World, charge_id: str) -> None:
    charge = world.need("charge", charge_id, param="id")
    kind, _, reason = world.store.hidden(charge_id)["after"].partition("_")
    open_for(world, charge, reason, inquiry=kind == "inquiry")


@job("decide_dispute")
def _decide(world: World, ident: str) -> None:
    dispute = world.need("dispute", ident, param="dispute")
    if dispute["status"] in CLOSED:
        return
    won = dispute["evidence"]["uncategorized_text"] == WINNING
    if dispute["status"].startswith("warning"):
        _close(world, dispute, "warning_closed" if won else "lost", None)
    else:
        _close(world, dispute, "won" if won else "lost", None)


def _close(world: World, dispute: Body, status: str, call: Call | None) -> None:
    dispute["status"] = status
    if status == "won":
        dispute["balance_transactions"].append(
            balance.book(
                world,
                amount=dispute["amount"],
                currency=dispute["currency"],
                source=dispute["id"],
                type="adjustment",
                category="dispute_reversal",
                description=f"Chargeback reversal for {dispute['charge']}",
            )
        )
    world.store.save(dispute)
    world.emit("charge.dispute.closed", dispute, call)
    if status == "won":
        world.emit("charge.dispute.funds_reinstated", dispute, call)
