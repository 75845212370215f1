"""Payment methods: cards as entered, or as one of Stripe's ready tokens (`pm_card_visa`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from . import cards, shapes
from . import params as read
from .errors import ApiError, bad_param, missing_param
from .store import Body, new_id
from .world import Call

CREATE = ("type", "card", "billing_details", "metadata")


def create(call: Call) -> Body:
    """POST /v1/payment_methods"""
    read.only(call.params, CREATE)
    return enter(call, call.params)


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/payment_methods/{id}"""
    return call.world.need("payment_method", ident, param="payment_method", what="PaymentMethod")


def resolve(call: Call, ident: str) -> Body:
    """The payment method an intent shall use: an existing one, or a fresh one for a ready token."""
    card = cards.BY_TOKEN.get(ident)
    if card is None:
        return retrieve(call, ident)
    return _keep(call, card, 12, _today(call).year + 4, {}, {})


def enter(call: Call, data: dict[str, Any]) -> Body:
    """Check a card as typed and keep what may be kept of it; refusals are Stripe's (402, with `param`)."""
    if read.choice(data, "type", ["card"]) is None:
        raise missing_param("type")
    card = read.mapping(data, "card")
    if "token" in card:
        raise bad_param(
            "The stand-in knows no tokens (tok_...); use pm_card_... instead.", param="card[token]"
        )
    number = (read.string(card, "number", most=40) or "").replace(" ", "").replace("-", "")
    known = _check_number(call, number)
    month, year = _check_expiry(call, card)
    _check_cvc(call, card, known)
    return _keep(call, known, month, year, read.mapping(data, "billing_details"), read.metadata(data))


def _keep(call: Call, card: cards.TestCard, month: int, year: int, billing: Body, metadata: Body) -> Body:
    for name in ("name", "email", "phone"):
        read.string(billing, name)
    body = shapes.payment_method(new_id("pm"), int(call.world.now()), card, month, year, billing)
    body["metadata"] = metadata
    return call.world.store.add(body, {"outcome": card.outcome, "secure": card.secure, "after": card.after})


def _check_number(call: Call, number: str) -> cards.TestCard:
    if not number:
        raise missing_param("card[number]")
    if not cards.passes_luhn(number):
        raise refusal(call, "incorrect_number")
    if number not in cards.BY_NUMBER:
        raise refusal(call, "test_mode_live_card")
    return cards.BY_NUMBER[number]


def _check_expiry(call: Call, card: Body) -> tuple[int, int]:
    month, year = read.integer(card, "exp_month"), read.integer(card, "exp_year")
    if month is None or year is None:
        raise missing_param("card[exp_month]" if month is None else "card[exp_year]")
    year += 2000 if 0 <= year < 100 else 0
    today = _today(call)
    if not 1 <= month <= 12:
        raise refusal(call, "invalid_expiry_month")
    if not today.year <= year <= today.year + 50:
        raise refusal(call, "invalid_expiry_year")
    if (year, month) < (today.year, today.month):
        raise refusal(call, "invalid_expiry_month")
    return month, year


def _check_cvc(call: Call, card: Body, known: cards.TestCard) -> None:
    cvc = read.string(card, "cvc", most=20)
    wanted = 4 if known.brand == "amex" else 3
    if cvc is not None and not (cvc.isascii() and cvc.isdigit() and len(cvc) in (3, wanted)):
        raise refusal(call, "invalid_cvc")


def _today(call: Call) -> dt.datetime:
    return dt.datetime.fromtimestamp(call.world.now(), dt.UTC)


def refusal(call: Call, name: str) -> ApiError:
    """The refusal of a card that could not even be entered (402)."""
    why = cards.REFUSALS[name]
    message = why.german if call.client and call.locale == "de" else why.message
    return ApiError(
        402, message, type="card_error", code=why.code, decline_code=why.decline_code, param=why.param
    )
