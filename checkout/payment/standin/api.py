"""The interface under /v1: who may call what, and each idempotency key answered once."""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import balance, charges, disputes, events, intents, methods, payouts, refunds
from . import params as read
from .errors import (
    ApiError,
    bad_param,
    idempotency_in_use,
    idempotency_mismatch,
    idempotency_other_endpoint,
    unauthorized,
)
from .listing import expand
from .world import Call, World

SECRET_PREFIXES = ("sk_test_standin", "rk_test_standin")
PUBLISHABLE_PREFIX = "pk_test_standin"
KEYS_LIVE_S = 24 * 3600
"""How long an idempotency key is remembered, as at Stripe."""
MAX_KEY_CHARS = 255
ID = r"([A-Za-z0-9_]{1,100})"


@dataclass(frozen=True)
class Answer:
    """What goes back: status, JSON body and further headers."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One call as it came in; `text` is the form (POST) or the query (GET), header names in lower case."""

    method: str
    path: str
    text: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Route:
    """An endpoint; `client` says that a browser with the publishable key may call it."""

    method: str
    pattern: re.Pattern[str]
    handler: Callable[..., Any]
    client: bool = False


def _route(method: str, path: str, handler: Callable[..., Any], *, client: bool = False) -> Route:
    return Route(method, re.compile(f"^/v1/{path.replace('ID', ID)}$"), handler, client)


ROUTES = [
    _route("POST", "payment_intents", intents.create),
    _route("GET", "payment_intents", intents.list_all),
    _route("GET", "payment_intents/ID", intents.retrieve, client=True),
    _route("POST", "payment_intents/ID", intents.update),
    _route("POST", "payment_intents/ID/confirm", intents.confirm, client=True),
    _route("POST", "payment_intents/ID/capture", intents.capture),
    _route("POST", "payment_intents/ID/cancel", intents.cancel),
    _route("POST", "payment_methods", methods.create, client=True),
    _route("GET", "payment_methods/ID", methods.retrieve),
    _route("GET", "charges", charges.list_all),
    _route("GET", "charges/ID", charges.retrieve),
    _route("POST", "charges/ID", charges.update),
    _route("POST", "refunds", refunds.create),
    _route("GET", "refunds", refunds.list_all),
    _route("GET", "refunds/ID", refunds.retrieve),
    _route("POST", "refunds/ID", refunds.update),
    _route("GET", "disputes", disputes.list_all),
    _route("GET", "disputes/ID", disputes.retrieve),
    _route("POST", "disputes/ID", disputes.update),
    _route("POST", "disputes/ID/close", disputes.close),
    _route("GET", "balance", balance.retrieve_balance),
    _route("GET", "balance_transactions", balance.list_all),
    _route("GET", "balance_transactions/ID", balance.retrieve),
    _route("GET", "payouts", payouts.list_all),
    _route("POST", "payouts", payouts.create),
    _route("GET", "payouts/ID", payouts.retrieve),
    _route("GET", "events", events.list_all),
    _route("GET", "events/ID", events.retrieve),
]


class Api:
    """Answers requests under /v1 for one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy: set[str] = set()
        self._guard = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Answer one request; never raises for what a caller got wrong."""
        request_id = f"req_{secrets.token_hex(7)}"
        try:
            answer = self._answer(request, request_id)
        except ApiError as error:
            answer = _refused(error)
        headers = {"Request-Id": request_id, "Stripe-Version": request.headers.get("stripe-version", "")}
        return Answer(answer.status, answer.body, headers | answer.headers)

    def _answer(self, request: Request, request_id: str) -> Answer:
        params = read.decode(request.text)
        client = _authenticate(request, params)
        route, idents = _find(request)
        if client and not route.client:
            raise unauthorized(
                "This API call cannot be made with a publishable API key. Please use a secret API key. You "
                "can find a "
                "list of your API keys at https://dashboard.stripe.com/account/apikeys.",
                "secret_key_required",
            )
        params.pop("key", None)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        locale = "de" if request.headers.get("accept-language", "").lower().startswith("de") else "en"
        call = Call(self._world, params, request_id, key, client, locale)
        if key is None:
            self._misbehave(request)
            return self._work(route, idents, call)
        if len(key) > MAX_KEY_CHARS:
            raise bad_param(
                f"Idempotency keys can be at most {MAX_KEY_CHARS} characters.", param="Idempotency-Key"
            )
        return self._once(request, route, idents, call, key)

    def _once(self, request: Request, route: Route, idents: tuple[str, ...], call: Call, key: str) -> Answer:
        """Do the work unless the key has its answer already; work and answer are kept in one transaction."""
        print_ = read.fingerprint(request.path, call.params)
        with self._exclusive(key):
            if stored := self._stored(key, request.path, print_):
                return stored
            self._misbehave(request)

            def keep(answer: Answer) -> None:
                self._world.store.sql(
                    "INSERT OR REPLACE INTO idempotency VALUES(?,?,?,?,?,?,?)",
                    (
                        key,
                        request.path,
                        print_,
                        answer.status,
                        answer.body.decode(),
                        call.request_id,
                        int(self._world.now()),
                    ),
                )

            return self._work(route, idents, call, keep)

    @contextmanager
    def _exclusive(self, key: str) -> Iterator[None]:
        with self._guard:
            if key in self._busy:
                raise idempotency_in_use(key)
            self._busy.add(key)
        try:
            yield
        finally:
            with self._guard:
                self._busy.discard(key)

    def _stored(self, key: str, path: str, print_: str) -> Answer | None:
        rows = self._world.store.sql(
            "SELECT path, fingerprint, status, body, request_id FROM idempotency WHERE key = ? AND created "
            "> ?",
            (key, self._world.now() - KEYS_LIVE_S),
        )
        if not rows:
            return None
        first_path, first_print, status, body, first_request = rows[0]
        if first_path != path:
            raise idempotency_other_endpoint(key, path, first_path)
        if first_print != print_:
            raise idempotency_mismatch(key)
        return Answer(
            status, body.encode(), {"Idempotent-Replayed": "true", "Original-Request": first_request}
        )

    def _work(
        self, route: Route, idents: tuple[str, ...], call: Call, keep: Callable[[Answer], None] | None = None
    ) -> Answer:
        wanted = read.strings(call.params, "expand")
        try:
            with self._world.store.change():
                try:
                    body = route.handler(call, *idents)
                    answer = Answer(200, _json(expand(self._world, body, wanted)))
                except ApiError as error:
                    if not error.commits:
                        raise
                    answer = _refused(error)
                if keep:
                    keep(answer)
        except ApiError as error:
            answer = _refused(error)
            if keep and error.stored:
                with self._world.store.change():
                    keep(answer)
        return answer

    def _misbehave(self, request: Request) -> None:
        """The faults that act before any work is done."""
        slow = self._world.faults.for_request("slow", request.method, request.path)
        if slow:
            threading.Event().wait(slow.ms / 1000)
        fault = self._world.faults.for_request("status", request.method, request.path)
        if fault:
            raise _on_order(fault.status)


def _on_order(status: int) -> ApiError:
    if status == 429:
        return ApiError(
            429,
            "Request rate limit exceeded. Learn more about rate limits here "
            "https://stripe.com/docs/rate-limits.",
            code="rate_limit",
            stored=False,
        )
    if status == 409:
        return ApiError(
            409,
            "This object cannot be accessed right now because another API request or Stripe process "
            "is currently accessing it.",
            code="lock_timeout",
            stored=False,
        )
    kind = "api_error" if status >= 500 else "card_error" if status == 402 else "invalid_request_error"
    return ApiError(status, "An error ordered by the stand-in's fault script.", type=kind, stored=False)


def _find(request: Request) -> tuple[Route, tuple[str, ...]]:
    for route in ROUTES:
        match = route.pattern.match(request.path)
        if match and route.method == request.method:
            return route, match.groups()
    raise ApiError(
        404,
        f"Unrecognized request URL ({request.method}: {request.path[:200]}). The stand-in knows only a part "
        f"of "
        "Stripe's interface; its start page lists it.",
        stored=False,
    )


def may_browser_call(path: str) -> bool:
    """Whether some endpoint at this path is open to browsers (for CORS)."""
    return any(route.client and route.pattern.match(path) for route in ROUTES)


def _authenticate(request: Request, params: dict[str, Any]) -> bool:
    """Check the key; returns whether it is the publishable one."""
    key = _key(request.headers.get("authorization", "")) or params.get("key")
    if not key or not isinstance(key, str):
        raise unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if key.startswith(PUBLISHABLE_PREFIX):
        return True
    if key.startswith(SECRET_PREFIXES):
        return False
    masked = key[:8] + "*" * max(0, min(len(key), 40) - 12) + key[-4:] if len(key) > 12 else "*" * len(key)
    raise unauthorized(f"Invalid API Key provided: {masked}")


def _key(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _json(body: Any) -> bytes:
    return json.dumps(body, indent=2, ensure_ascii=False).encode()


def _refused(error: ApiError) -> Answer:
    headers = {"WWW-Authenticate": 'Basic realm="Stripe"'} if error.status == 401 else {}
    return Answer(error.status, _json({"error": error.body}), headers)
