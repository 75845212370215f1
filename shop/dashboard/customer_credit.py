"""Whether a customer may buy on account: for their file, and for the one screen of customer service."""

from __future__ import annotations

from typing import Any

from checkout.payment.actions.credit import block_customer, release_customer
from shop.customers.models import User
from shop.kernel.transactions import retrying

from .models import CUSTOMER, note

CREDIT = "payment.change_customercredit"


def set_purchase_on_account(*, person: User, verb: str, why: str, by: Any) -> None:
    """``verb``: release, withdraw, block or unblock; it stands in the customer's history, with the reason."""

    def work() -> None:
        if verb in ("release", "withdraw"):
            release_customer(user_id=person.pk, released=verb == "release", by=by)
        else:
            block_customer(user_id=person.pk, reason=why if verb == "block" else "", by=by)
        note(subject=CUSTOMER, subject_id=person.pk, what=f"credit_{verb}", by=by, why=why)

    retrying(work)
