"""The door for tracking states that a carrier pushes: signature first, then stored, answered at once."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.kernel import inbox
from shop.kernel.access import public
from shop.kernel.clock import now

from .tracking import PLAIN, SOURCE

HEADER = "Carrier-Signature"
BODY_MAX_BYTES = 100_000
TOLERANCE_S = 300  #: older signatures are a replay
SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


@public
@csrf_exempt
@require_POST
def dhl_webhook(request: HttpRequest) -> HttpResponse:
    """Verify the signature on the raw bytes, store the message once by its id, answer 200.

    400 for a wrong signature or a text that is none, 404 while no secret is set, 413 for a body that is too large.
    """
    if not settings.CARRIER_WEBHOOK_SECRET:
        return JsonResponse({"error": "closed"}, status=404)
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit() and int(length[:12]) <= BODY_MAX_BYTES):
        return JsonResponse({"error": "too large"}, status=413)
    try:
        body = request.body
    except RawPostDataException:  # sent as a form, which was read as one
        return JsonResponse({"error": "not a message"}, status=400)
    if not is_signed(body, request.headers.get(HEADER, "")):
        return JsonResponse({"error": "signature"}, status=400)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return JsonResponse({"error": "not UTF-8"}, status=400)
    if "\x00" in text:
        return JsonResponse({"error": "not a message"}, status=400)
    # What is signed is stored, also when nobody can read it: then it is a question on the tracking page.
    key = _id_of(text) or hashlib.sha256(body).hexdigest()
    _row, new = inbox.receive(source=SOURCE, external_id=f"push:{key}"[:200], kind="push", body=text)
    return JsonResponse({"received": True, "new": new})


def is_signed(body: bytes, header: str) -> bool:
    """Whether ``t=<seconds>,v1=<HMAC-SHA256 of "t.body">`` is ours and of the last five minutes."""
    found = SIGNATURE.fullmatch(header)
    if found is None or abs(now().timestamp() - int(found[1])) > TOLERANCE_S:
        return False
    secret = settings.CARRIER_WEBHOOK_SECRET.encode()
    made = hmac.new(secret, f"{found[1]}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made, found[2])


def _id_of(text: str) -> str:
    """The message's own id; "" when it has none that can be kept as it is."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = str(given.get("id") or "") if isinstance(given, dict) else ""
    return found if PLAIN.fullmatch(found) else ""
