"""The balance and its entries (balance transactions): what came in, what went out, what Stripe kept."""

from __future__ import annotations

from typing import Any

from . import params as read
from .listing import PAGING, page
from .store import Body, new_id
from .world import Call, World

DAY_S = 24 * 3600
FEE_PER_MILLE, FEE_FIXED_MINOR = 15, 25
"""Stripe's European standard price: 1.5 % + 0.25 EUR per card charge (stripe.com/de/pricing)."""
DISPUTE_FEE_MINOR = 2000
"""Stripe's fee for a received dispute in the euro area: 20 EUR, not returned when it is won."""
AVAILABLE_AFTER_DAYS = 2
"""Days until a charge's money can be paid out."""


def charge_fee(amount: int) -> int:
    """The fee for a charge, in minor units, commercially rounded."""
    return (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED_MINOR


def book(
    world: World,
    *,
    amount: int,
    currency: str,
    source: str | None,
    type: str,
    fee: int = 0,
    category: str | None = None,
    description: str | None = None,
    at_once: bool = False,
) -> Body:
    """Write one entry: `amount` (gross, minor units, negative when money leaves), `fee`, net of both."""
    now = int(world.now())
    wait = 0 if at_once or type != "charge" else AVAILABLE_AFTER_DAYS * DAY_S
    details = {"amount": fee, "application": None, "currency": currency, "type": "stripe_fee"}
    details["description"] = "Stripe processing fees" if type == "charge" else "Dispute fee"
    return world.store.add(
        {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now + wait,
            "balance_type": "payments",
            "created": now,
            "currency": currency,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": amount - fee,
            "reporting_category": category or type,
            "source": source,
            "status": "pending" if wait else "available",
            "type": type,
        }
    )


def current(world: World, entry: Body) -> Body:
    """The entry with its status by today's clock."""
    return entry | {"status": "available" if entry["available_on"] <= world.now() else "pending"}


def entries_not_paid_out(world: World, currency: str, *, include_pending: bool = False) -> list[Body]:
    """Entries that no automatic payout has taken yet, oldest first; payouts' own entries count too."""
    rows = world.store.sql(
        "SELECT id FROM objects WHERE kind = 'balance_transaction' AND json_extract(hidden, '$.payout') IS "
        "NULL "
        "AND json_extract(body, '$.currency') = ? ORDER BY seq",
        (currency,),
    )
    entries = [world.store.get("balance_transaction", row[0]) for row in rows]
    return [e for e in entries if e and (include_pending or e["available_on"] <= world.now())]


def totals(world: World) -> dict[str, tuple[int, int]]:
    """Per currency: (available, pending) net, in minor units."""
    rows = world.store.sql(
        "SELECT json_extract(body, '$.currency'), "
        "SUM(CASE WHEN json_extract(body, '$.available_on') <= ? THEN json_extract(body, '$.net') ELSE 0 "
        "END), "
        "SUM(CASE WHEN json_extract(body, '$.available_on') > ? THEN json_extract(body, '$.net') ELSE 0 END) "
        "FROM objects WHERE kind = 'balance_transaction' GROUP BY 1",
        (world.now(), world.now()),
    )
    return {currency: (available, pending) for currency, available, pending in rows}


def retrieve_balance(call: Call) -> Body:
    """GET /v1/balance"""
    sums = totals(call.world) or {"eur": (0, 0)}

    def part(index: int) -> list[dict[str, Any]]:
        return [
            {"amount": both[index], "currency": currency, "source_types": {"card": both[index]}}
            for currency, both in sorted(sums.items())
        ]

    return {"object": "balance", "available": part(0), "livemode": False, "pending": part(1)}


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/balance_transactions/{id}"""
    return current(
        call.world, call.world.need("balance_transaction", ident, param="id", what="balance transaction")
    )


def list_all(call: Call) -> Body:
    """GET /v1/balance_transactions, by payout, source, type, currency and created"""
    names = ("payout", "source", "type", "currency")
    read.only(call.params, (*PAGING, *names))
    wanted = {name: read.string(call.params, name) for name in names}
    if wanted["payout"]:
        call.world.need("payout", wanted["payout"], param="payout")
    found = page(call, "balance_transaction", "/v1/balance_transactions", wanted)
    found["data"] = [current(call.world, entry) for entry in found["data"]]
    return found
