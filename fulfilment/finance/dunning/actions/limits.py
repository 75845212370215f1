"""How far a customer may buy on account: reckoned from how they pay, or set by staff; the checkout is told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from checkout.payment.actions import set_limit
from fulfilment.finance.dunning.models import CreditFormula, CustomerLimit
from fulfilment.finance.dunning.scoring import behaviour_of, score
from shop.kernel.clock import now
from shop.kernel.history import signed
from shop.kernel.transactions import retrying

LARGEST_MINOR = 10_000_000  #: 100,000 EUR: more is no limit but a typing fault


def reckon_limit(*, user_id: int) -> CustomerLimit | None:
    """Reckon a customer's points and limit anew and tell the checkout; None while the formula is not in use."""
    formula = CreditFormula.objects.order_by("pk").first()
    if formula is None or not formula.active:
        return None

    def work() -> CustomerLimit:
        result = score(formula, behaviour_of(user_id))
        row, made = CustomerLimit.objects.get_or_create(user_id=user_id)
        same = (row.points, row.computed_minor) == (result.points, result.limit_minor)
        row.points, row.computed_minor = result.points, result.limit_minor
        row.reasons = [part.as_row() for part in result.parts]
        row.computed_at = now()
        changed = ["points", "computed_minor", "reasons", "computed_at"]
        if same and not made:  # its history tells of changes, not of nights
            row.save_without_historical_record(update_fields=changed)  # type: ignore[attr-defined]
        else:
            row.save(update_fields=changed)
        set_limit(user_id=user_id, limit_minor=row.limit_minor)
        return row

    return retrying(work)


def override_limit(*, user_id: int, limit_minor: int | None, why: str, by: Any) -> CustomerLimit:
    """Staff set a limit (minor units) instead of the reckoned one; None: the reckoned one counts again.

    ValueError without a reason or for a limit out of reach.
    """
    if not why.strip():
        raise ValueError(_("Please say why."))
    if limit_minor is not None and not 0 <= limit_minor <= LARGEST_MINOR:
        raise ValueError(_("A limit lies between 0 and 100,000 EUR."))

    def work() -> CustomerLimit:
        row = reckon_limit(user_id=user_id) or CustomerLimit.objects.get_or_create(user_id=user_id)[0]
        row.refresh_from_db()
        row.override_minor, row.override_why = limit_minor, why.strip()[:300]
        signed(row, by).save(update_fields=["override_minor", "override_why"])
        formula = CreditFormula.objects.order_by("pk").first()
        reckoned = row.limit_minor if limit_minor is not None or (formula and formula.active) else None
        set_limit(user_id=user_id, limit_minor=reckoned)
        return row

    return retrying(work)
