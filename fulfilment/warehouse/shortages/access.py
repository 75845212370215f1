"""Who may answer for an order's shopper: whoever holds the signed link of the question."""

from __future__ import annotations

from django.core import signing

from .models import ShortageQuestion

SALT = "kontor.shortage.link"
LINK_VALID_S = 90 * 24 * 3600  #: the deadline ends the choice; the link still says what became of it


def token(question: ShortageQuestion) -> str:
    """A signed token for the link to a question."""
    return signing.dumps({"q": question.pk, "n": question.nonce}, salt=SALT, compress=True)


def question_of(text: str) -> ShortageQuestion | None:
    """The question a token opens; None when the token is forged, foreign or too old."""
    from .queries import questions

    try:
        found = signing.loads(text, salt=SALT, max_age=LINK_VALID_S)
    except signing.BadSignature:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("q"), int):
        return None
    return questions().filter(pk=found["q"], nonce=str(found.get("n") or "")).first()
