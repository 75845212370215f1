"""Refusals, worded and shaped as Stripe's own error objects."""

from __future__ import annotations

from typing import Any

DOC_URL = "https://docs.stripe.com/error-codes#{code}"


class ApiError(Exception):
    """One refusal: `status` is the HTTP status, `body` becomes `{"error": body}`.

    `commits` says that work done before the refusal stays (a declined card leaves a failed charge).
    `stored` says that the refusal is remembered under the idempotency key, as Stripe does once an
    endpoint has begun its work; mere parameter mistakes are not remembered.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        commits: bool = False,
        stored: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.commits = commits
        self.stored = stored
        self.body: dict[str, Any] = {"message": message, "type": type}
        if code is not None:
            self.body |= {"code": code, "doc_url": DOC_URL.format(code=code.replace("_", "-"))}
        self.body |= {key: value for key, value in more.items() if value is not None}


def bad_param(message: str, *, param: str, code: str | None = None) -> ApiError:
    """A parameter that cannot be read (400); not remembered under an idempotency key."""
    return ApiError(400, message, code=code, param=param, stored=False)


def missing_param(name: str) -> ApiError:
    """A parameter that must be there and is not (400)."""
    return bad_param(f"Missing required param: {name}.", param=name, code="parameter_missing")


def not_found(what: str, ident: str, *, param: str) -> ApiError:
    """No such object (404), with Stripe's wording: `No such charge: 'ch_1'`."""
    return ApiError(
        404, f"No such {what}: '{ident[:80]}'", code="resource_missing", param=param, stored=False
    )


def unexpected_state(message: str, intent: dict[str, Any]) -> ApiError:
    """A payment intent whose status does not allow what was asked (400); carries the intent."""
    return ApiError(400, message, code="payment_intent_unexpected_state", payment_intent=intent)


def unauthorized(message: str, code: str | None = None) -> ApiError:
    """A missing, unknown or unsuitable key (401)."""
    return ApiError(401, message, code=code, stored=False)


def idempotency_mismatch(key: str) -> ApiError:
    """The same key with other parameters (400)."""
    return ApiError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request.",
        type="idempotency_error",
        stored=False,
    )


def idempotency_other_endpoint(key: str, path: str, first_path: str) -> ApiError:
    """The same key at another address (400)."""
    return ApiError(
        400,
        "Keys for idempotent requests can only be used for the same endpoint they were first used for "
        f"('{path}' vs '{first_path}'). Try using a key other than '{key}' if you meant to execute a "
        "different request.",
        type="idempotency_error",
        stored=False,
    )


def idempotency_in_use(key: str) -> ApiError:
    """The same key while the first request is still being worked on (409)."""
    return ApiError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably means you "
        f"submitted twice, and the other request is still going through): {key}. Please try again later.",
        type="idempotency_error",
        code="idempotency_key_in_use",
        stored=False,
    )
