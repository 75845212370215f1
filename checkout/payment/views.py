"""Stripe's door: store first, understand later."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.kernel import inbox
from shop.kernel.access import public

from . import stripe_client

BODY_MAX_BYTES = 1_000_000


@public
@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Verify the signature on the raw bytes, store the event once by its id, answer 200. 400 for anything else."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit() and int(length[:12]) <= BODY_MAX_BYTES):
        return JsonResponse({"error": "too large"}, status=413)
    try:
        event = stripe_client.verify_event(request.body, request.headers.get("Stripe-Signature", ""))
    except RawPostDataException:  # sent as a form, which was read as one
        return JsonResponse({"error": "not an event"}, status=400)
    except stripe_client.BadSignature:
        return JsonResponse({"error": "signature"}, status=400)
    except ValueError:
        return JsonResponse({"error": "not an event"}, status=400)
    _row, new = inbox.receive(
        source="stripe", external_id=event.id, kind=event.type, body=request.body.decode("utf-8")
    )
    return JsonResponse({"received": True, "new": new})
