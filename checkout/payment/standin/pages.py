"""The pages people see: card form in a frame, hosted payment page, 3-D Secure, and the way between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from . import confirming, intents, overview, texts
from . import params as read
from .cards import QUICK
from .errors import ApiError
from .store import Body
from .world import Call, World

STATIC = Path(__file__).parent / "static"
ANCESTORS = (
    "http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:* http://*.localhost:*"
)
"""Only pages on the loopback may frame the card form."""
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action {form}; frame-ancestors {ancestors}"
)
QUICK_CVC = "123"
OUTCOMES = {"succeeded": "succeeded", "requires_capture": "succeeded", "processing": "pending"}
"""Stripe's `redirect_status` by the intent's status; everything else is `failed`."""


@dataclass(frozen=True)
class Page:
    """One HTML answer."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """A request for a page: `given` is the query or the posted form."""

    world: World
    method: str
    given: dict[str, Any]
    headers: dict[str, str]

    @property
    def locale(self) -> str:
        """The language to speak: asked for, else the browser's."""
        wish = self.given.get("locale")
        return texts.language(wish if isinstance(wish, str) else None, self.headers.get("accept-language"))

    def text(self, name: str) -> str:
        """One given value, empty when it is not a text."""
        value = self.given.get(name, "")
        return value if isinstance(value, str) else ""


def answer(world: World, method: str, path: str, query: str, body: bytes, headers: dict[str, str]) -> Page:
    """Answer a request for a page; bad input gets a page of words, never an error of ours."""
    try:
        given = read.decode(body.decode() if method == "POST" else query)
    except (ApiError, UnicodeDecodeError):
        given = {}
    lower = {name.lower(): value for name, value in headers.items()}
    visit = Visit(world, "GET" if method == "HEAD" else method, given, lower)
    for pattern, methods, handler in ROUTES:
        match = re.fullmatch(pattern, path)
        if match and visit.method in methods:
            try:
                return handler(visit, *match.groups())
            except ApiError:
                break
    return _message(visit, 404, "unknown")


def with_outcome(address: str, intent: Body) -> str:
    """The shop's return address with Stripe's parameters: which intent, its client secret, how it ended."""
    parts = urlsplit(address)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pairs += [
        ("payment_intent", intent["id"]),
        ("payment_intent_client_secret", intent["client_secret"]),
        ("redirect_status", OUTCOMES.get(intent["status"], "failed")),
    ]
    return parts._replace(query=urlencode(pairs)).geturl()


def _elements(visit: Visit) -> Page:
    """The card form inside the shop's page."""
    locale = visit.locale
    words = {f"text_{name.replace('_', '-')}": texts.TEXTS[locale][name] for name in texts.SCRIPT_TEXTS}
    attributes = " ".join(f'data-{key.replace("_", "-")}="{escape(value)}"' for key, value in words.items())
    fields = _fields(locale, error=None)
    body = _fill("elements.html", locale, fields=fields, attributes=attributes, quick=_quick_fill(locale))
    return Page(200, body, _headers("'none'", ANCESTORS))


def _pay(visit: Visit, ident: str) -> Page:
    """The hosted page, which needs no JavaScript."""
    world = visit.world
    intent = world.need("payment_intent", ident, param="intent")
    address = read.web_address(visit.given, "return_url")
    if not intents.check_secret(intent, visit.text("secret")) or address is None:
        return _message(visit, 404, "unknown")
    if intent["status"] not in intents.OPEN:
        return _go(with_outcome(address, intent))
    if visit.method == "GET":
        return _pay_form(visit, intent, address, None)
    call = Call(world, _confirmation(visit, intent, address), client=True, locale=visit.locale)
    error = None
    with world.store.change():
        try:
            intents.confirm(call, ident)
        except ApiError as refused:
            error = refused
    intent = world.need("payment_intent", ident, param="intent")
    if error is not None and intent["status"] in intents.OPEN:
        return _pay_form(visit, intent, address, error)
    if intent["status"] == "requires_action":
        return _go(f"{intent['next_action']['redirect_to_url']['url']}?locale={visit.locale}")
    return _go(with_outcome(address, intent))


def _confirmation(visit: Visit, intent: Body, address: str) -> dict[str, Any]:
    """The form's fields as parameters of a confirmation."""
    quick = QUICK.get(visit.text("test_card"))
    expiry = re.fullmatch(r"\s*(\d{1,2})\s*[/. -]?\s*(\d{2}|\d{4})\s*", visit.text("expiry"))
    year = int(visit.world.now() // (365.2425 * 24 * 3600)) + 1970
    card = {
        "number": quick or visit.text("number") or "0",
        "exp_month": "12" if quick else (expiry[1] if expiry else "0"),
        "exp_year": str(year + 4) if quick else (expiry[2] if expiry else str(year)),
        "cvc": QUICK_CVC if quick else (visit.text("cvc") or "none"),
    }
    return {
        "client_secret": intent["client_secret"],
        "return_url": address,
        "payment_method_data": {"type": "card", "card": card},
    }


def _pay_form(visit: Visit, intent: Body, address: str, error: ApiError | None) -> Page:
    locale = visit.locale
    hidden = {"secret": intent["client_secret"], "return_url": address, "locale": locale}
    cancel = read.web_address(visit.given, "cancel_url")
    hidden |= {"cancel_url": cancel} if cancel else {}
    shown = texts.amount(intent["amount"], intent["currency"], locale)
    body = _fill(
        "pay.html",
        locale,
        amount=escape(shown),
        pay_label=escape(texts.TEXTS[locale]["pay_button"].format(amount=shown)),
        description=escape(intent["description"] or ""),
        action=escape(f"/pay/{intent['id']}"),
        hidden="".join(f'<input type="hidden" name="{k}" value="{escape(v)}">' for k, v in hidden.items()),
        fields=_fields(locale, error=error, expiry=visit.text("expiry") if visit.method == "POST" else ""),
        error=_error_box(error),
        cancel=escape(cancel or with_outcome(address, intent)),
        quick=_quick_pay(locale),
    )
    return Page(402 if error else 200, body, _headers(f"'self' {_origin(address)}", "'none'"))


def _authentication(visit: Visit, ident: str) -> Page:
    """3-D Secure: the shopper decides how it ends."""
    world, locale = visit.world, visit.locale
    attempt = world.need("authentication", ident, param="id")
    intent = world.need("payment_intent", attempt["payment_intent"], param="intent")
    address = confirming.return_address(world, intent) or read.web_address(visit.given, "return_url")
    if not confirming.is_waiting(world, attempt, intent):
        return _go(with_outcome(address, intent)) if address else _message(visit, 200, "over")
    if visit.method == "POST" and visit.text("result") in ("complete", "fail"):
        intent = confirming.authenticate(world, ident, passed=visit.text("result") == "complete")
        return _go(with_outcome(address, intent)) if address else _message(visit, 200, "over")
    method = world.need("payment_method", intent["payment_method"], param="payment_method")
    shown = texts.amount(intent["amount"], intent["currency"], locale)
    hidden = {"locale": locale} | ({"return_url": address} if address else {})
    body = _fill(
        "authenticate.html",
        locale,
        text=escape(texts.TEXTS[locale]["secure_text"].format(amount=shown)),
        amount=escape(shown),
        card_shown=escape(texts.TEXTS[locale]["card"].format(last4=method["card"]["last4"])),
        action=escape(f"/3ds/{ident}"),
        hidden="".join(f'<input type="hidden" name="{k}" value="{escape(v)}">' for k, v in hidden.items()),
    )
    return Page(200, body, _headers(f"'self' {_origin(address)}" if address else "'self'", "'none'"))


def _home(visit: Visit) -> Page:
    return Page(200, overview.page(visit.world), _headers("'self'", "'none'"))


def _redeliver(visit: Visit) -> Page:
    origin = visit.headers.get("origin", "")
    if urlsplit(origin).netloc != visit.headers.get("host"):
        return _message(visit, 403, "unknown")
    overview.redeliver(visit.world, visit.text("event"))
    return _go("/#deliveries")


def _fields(locale: str, *, error: ApiError | None, expiry: str = "") -> str:
    """The three fields of a card; an error that belongs to a field stands beside it."""
    param = str(error.body.get("param", "")) if error else ""
    where = {"number": "number", "exp_month": "expiry", "exp_year": "expiry", "cvc": "cvc"}.get(
        param.removeprefix("card[").rstrip("]"), ""
    )
    words = texts.TEXTS[locale]
    parts = []
    for name, label, hint, complete in (
        ("number", words["card_number"], "1234 1234 1234 1234", "cc-number"),
        ("expiry", words["expiry"], words["expiry_hint"], "cc-exp"),
        ("cvc", words["cvc"], words["cvc_hint"], "cc-csc"),
    ):
        bad = name == where and error is not None
        parts.append(
            f'<div class="field field-{name}"><label for="{name}">{escape(label)}</label>'
            f'<input id="{name}" name="{name}" type="text" inputmode="numeric" autocomplete="{complete}" '
            f'placeholder="{escape(hint)}" value="{escape(expiry) if name == "expiry" else ""}" '
            f'maxlength="{23 if name == "number" else 9 if name == "expiry" else 4}" spellcheck="false" '
            f'aria-describedby="{name}-error"{" aria-invalid=true" if bad else ""}>'
            f'<p class="field-error" id="{name}-error" role="alert">{escape(str(error)) if bad else ""}</p>'
            "</div>"
        )
    return "".join(parts)


def _error_box(error: ApiError | None) -> str:
    return f'<p class="error-box" role="alert">{escape(str(error.body["message"]))}</p>' if error else ""


def _quick_fill(locale: str) -> str:
    return "".join(
        f'<button type="button" class="chip chip-{name}" data-card="{number}">'
        f"{escape(texts.TEXTS[locale][f'quick_{name}'])}</button>"
        for name, number in QUICK.items()
    )


def _quick_pay(locale: str) -> str:
    return "".join(
        f'<button type="submit" class="chip chip-{name}" name="test_card" value="{name}">'
        f"{escape(texts.TEXTS[locale][f'quick_{name}'])}</button>"
        for name in QUICK
    )


def _message(visit: Visit, status: int, name: str) -> Page:
    words = texts.TEXTS[visit.locale]
    body = _fill(
        "message.html", visit.locale, title=escape(words[f"{name}_title"]), text=escape(words[f"{name}_text"])
    )
    return Page(status, body, _headers("'none'", "'none'"))


def _fill(name: str, locale: str, **values: str) -> str:
    words = {f"t_{key}": escape(value) for key, value in texts.TEXTS[locale].items()}
    return Template((STATIC / name).read_text("utf-8")).substitute(words | values, lang=locale)


def _headers(form: str, ancestors: str) -> dict[str, str]:
    policy = CSP.format(form=form, ancestors=ancestors)
    return {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return (
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".replace(";", "")
        .replace(",", "")
        .replace(" ", "")
    )


def _go(address: str) -> Page:
    """Send the browser on (303). Line breaks cannot get into the header: addresses hold no white space."""
    safe = "".join(c for c in address if c.isprintable())
    return Page(303, "", {"Location": safe.encode("ascii", "ignore").decode(), "Cache-Control": "no-store"})


PI, ATTEMPT = r"(pi_[A-Za-z0-9]{1,60})", r"(auth_[A-Za-z0-9]{1,60})"
ROUTES: list[tuple[str, tuple[str, ...], Callable[..., Page]]] = [
    (r"/", ("GET",), _home),
    (r"/redeliver", ("POST",), _redeliver),
    (r"/elements", ("GET",), _elements),
    (rf"/pay/{PI}", ("GET", "POST"), _pay),
    (rf"/3ds/{ATTEMPT}", ("GET", "POST"), _authentication),
]
