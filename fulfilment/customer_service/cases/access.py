"""Who may read and write in a case besides staff: whoever holds the signed link of its mails, and its account."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.db.models import QuerySet

from .models import Case

SALT = "kontor.case.link"
LINK_VALID_S = 180 * 24 * 3600


def token(case: Case) -> str:
    """A signed token for the link to a case."""
    return signing.dumps({"c": case.pk, "n": case.nonce}, salt=SALT, compress=True)


def case_of(text: str) -> Case | None:
    """The case a token opens; None when it is forged, taken away or too old."""
    try:
        found = signing.loads(text, salt=SALT, max_age=LINK_VALID_S)
    except signing.BadSignature:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("c"), int):
        return None
    return (
        Case.objects.select_related("order", "user")
        .filter(pk=found["c"], nonce=str(found.get("n") or "-"))
        .first()
    )


def cases_of(user: Any) -> QuerySet[Case]:
    """The cases of a signed-in customer, newest first; an address alone proves nothing."""
    return Case.objects.filter(user=user) if getattr(user, "pk", None) else Case.objects.none()
