"""Invariants of credit, recomputed from its movements. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from django.db.models import CharField, F, IntegerField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from checkout.payment.models import CREDIT, Payment, Refund
from shop.kernel import guards

from . import triggers
from .models import CreditAccount, Movement

SHOWN = 20


def balances_are_their_movements() -> list[str]:
    """The balance of each account is the sum of its movements."""
    moved = Sum("movements__amount_minor", default=0)
    wrong = CreditAccount.objects.annotate(moved=moved).exclude(moved=F("balance_minor")).order_by("pk")
    return [
        f"credit account {one.pk}: balance {one.balance_minor}, movements {one.moved}"  # type: ignore[attr-defined]
        for one in wrong[:SHOWN]
    ]


def refunds_to_credit_have_their_movement() -> list[str]:
    """Each refund that went to credit put its amount there, once (``cause`` is unique)."""
    rows = Refund.objects.to_credit().exclude(state="failed")
    return _without_movement(rows, "refund", F("amount_minor"))


def payments_by_credit_have_their_movement() -> list[str]:
    """Each payment by credit took its amount off, once."""
    rows = Payment.objects.filter(method=CREDIT)
    return _without_movement(rows, "payment", -F("amount_minor"))


def _without_movement(rows: object, what: str, amount: object) -> list[str]:
    cause = Concat(Value(f"{what}:"), Cast(OuterRef("pk"), CharField()))
    moved = Movement.objects.filter(cause=cause).values("amount_minor")[:1]
    wrong = (
        rows.annotate(  # type: ignore[attr-defined]
            moved=Coalesce(Subquery(moved), 0, output_field=IntegerField()), due=amount
        )
        .exclude(moved=F("due"))
        .order_by("pk")
    )
    return [f"{what} {one.pk}: {one.due} of credit, moved {one.moved}" for one in wrong[:SHOWN]]


def movements_have_their_fact() -> list[str]:
    """No movement names a payment or refund that does not exist or did not go by credit."""
    known = {f"payment:{pk}" for pk in Payment.objects.filter(method=CREDIT).values_list("pk", flat=True)}
    known |= {f"refund:{pk}" for pk in Refund.objects.to_credit().values_list("pk", flat=True)}
    named = Movement.objects.exclude(cause__startswith="merge:").order_by("pk")
    return [
        f"movement of credit {pk} names {cause}, which moved none"
        for pk, cause in named.values_list("pk", "cause").iterator(2000)
        if cause not in known
    ][:SHOWN]


def guards_are_in_place() -> list[str]:
    """The database refuses to change or delete movements."""
    return [
        f"the trigger {name} is missing; run `manage.py migrate`" for name in guards.missing(triggers.GUARDS)
    ]


CHECKS = [
    ("balances of store credit are the sums of their movements", balances_are_their_movements),
    ("each refund to store credit has its movement", refunds_to_credit_have_their_movement),
    ("each payment by store credit has its movement", payments_by_credit_have_their_movement),
    ("movements of store credit have their fact", movements_have_their_fact),
    ("the triggers of store credit are in place", guards_are_in_place),
]
