"""Reading what callers send: form encoding with brackets, and strict readers for single values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from .errors import ApiError, bad_param, missing_param

MAX_DEPTH = 6
MAX_FIELDS = 1000
MAX_AMOUNT_MINOR = 99_999_999
"""Stripe's ceiling: eight digits in the smallest unit."""
METADATA_KEYS, METADATA_KEY_CHARS, METADATA_VALUE_CHARS = 50, 40, 500
CURRENCIES = {
    "eur": (2, "€", 50),
    "usd": (2, "$", 50),
    "gbp": (2, "£", 30),
    "chf": (2, "CHF ", 50),
    "dkk": (2, "kr ", 250),
    "sek": (2, "kr ", 300),
    "nok": (2, "kr ", 300),
    "pln": (2, "zł ", 200),
    "czk": (2, "Kč ", 1500),
    "huf": (2, "Ft ", 17500),
    "ron": (2, "lei ", 200),
    "jpy": (0, "¥", 50),
}
"""Code: digits after the comma, sign, smallest amount that Stripe charges (in minor units)."""
CARD_SECRETS = ("number", "cvc")
_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_INTEGER = re.compile(r"^-?[0-9]{1,15}$")


def decode(text: str) -> dict[str, Any]:
    """Turn `a[b][0]=x&c[]=y` into nested dicts and lists; raises ApiError 400 on anything malformed."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise bad_param("Invalid request: the body or query could not be decoded.", param="") from None
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if "\x00" in key or "\x00" in value:
            raise bad_param("Invalid string: contains a null byte.", param=key.replace("\x00", ""))
        _put(tree, _path(key), value)
    return {key: _lists(value) for key, value in tree.items()}


def _path(key: str) -> list[str]:
    match = _KEY.match(key)
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else []
    if not path or len(path) > MAX_DEPTH:
        raise bad_param("Invalid parameter name.", param=key[:80], code="parameter_unknown")
    return path


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    node = tree
    for part in path[:-1]:
        node = node.setdefault(part or str(len(node)), {})
        if not isinstance(node, dict):
            raise bad_param(
                f"Invalid parameter: {path[0]} is given both as value and as object.", param=path[0]
            )
    node[path[-1] or str(len(node))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    plain = {key: _lists(item) for key, item in value.items()}
    if plain and all(key.isdigit() for key in plain):
        return [plain[key] for key in sorted(plain, key=int)]
    return plain


def fingerprint(path: str, params: dict[str, Any]) -> str:
    """A digest of one request for comparing idempotent repeats; card numbers do not enter it."""
    plain = json.dumps([path, _without_card(params)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def _without_card(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: (str(item)[-4:] if key == "number" else "") if key in CARD_SECRETS else _without_card(item)
            for key, item in value.items()
        }
    return [_without_card(item) for item in value] if isinstance(value, list) else value


def only(params: dict[str, Any], known: Iterable[str]) -> None:
    """Refuse parameters that the endpoint does not know (400), as Stripe does."""
    for name in params:
        if name not in known and name != "expand":
            raise bad_param(f"Received unknown parameter: {name}", param=name, code="parameter_unknown")


def integer(params: dict[str, Any], name: str, default: int | None = None) -> int | None:
    """A whole number, or `default` when not given; 400 when it is anything else."""
    value = params.get(name)
    if value is None or value == "":
        return default
    if not isinstance(value, str) or not _INTEGER.match(value):
        shown = value if isinstance(value, str) else "object"
        raise bad_param(f"Invalid integer: {shown[:60]}", param=name, code="parameter_invalid_integer")
    return int(value)


def string(params: dict[str, Any], name: str, *, most: int = 5000) -> str | None:
    """A text of at most `most` characters; None when not given or empty."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise bad_param(f"Invalid string: {name} must be a string", param=name)
    if len(value) > most:
        raise bad_param(f"Invalid string: {value[:20]}...; must be at most {most} characters", param=name)
    return value


def boolean(params: dict[str, Any], name: str, default: bool = False) -> bool:
    """`true` or `false`; 400 when anything else."""
    value = params.get(name)
    if value in (None, ""):
        return default
    if value not in ("true", "false"):
        raise bad_param(f"Invalid boolean: {str(value)[:60]}", param=name)
    return value == "true"


def choice(
    params: dict[str, Any], name: str, allowed: Iterable[str], default: str | None = None
) -> str | None:
    """One of `allowed`; 400 naming them when it is not."""
    value, allowed = string(params, name), list(allowed)
    if value is None:
        return default
    if value not in allowed:
        raise bad_param(f"Invalid {name}: must be one of {', '.join(allowed)}", param=name)
    return value


def mapping(params: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested object, empty when not given."""
    value = params.get(name)
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise bad_param(f"Invalid object: {name} must be an object", param=name)
    return value


def strings(params: dict[str, Any], name: str) -> list[str]:
    """A list of texts (`expand[]`, `types[]`)."""
    value = params.get(name) or []
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad_param(f"Invalid array: {name}", param=name)
    return value


def currency(params: dict[str, Any]) -> str:
    """The currency code in lower case; 400 when missing or not one the stand-in knows."""
    code = (string(params, "currency") or "").lower()
    if not code:
        raise missing_param("currency")
    if code not in CURRENCIES:
        known = ", ".join(CURRENCIES)
        raise bad_param(
            f"Invalid currency: {code[:20]}. Stripe currently supports these currencies: {known}",
            param="currency",
        )
    return code


def amount(params: dict[str, Any], currency_code: str, name: str = "amount") -> int:
    """A charge's amount in minor units, within Stripe's floor and ceiling."""
    value = integer(params, name)
    if value is None:
        raise missing_param(name)
    if value < 1:
        raise bad_param("Invalid positive integer", param=name, code="parameter_invalid_integer")
    floor = CURRENCIES[currency_code][2]
    if value < floor:
        raise bad_param(
            f"Amount must be at least {money(floor, currency_code)} {currency_code}",
            param=name,
            code="amount_too_small",
        )
    if value > MAX_AMOUNT_MINOR:
        most = money(MAX_AMOUNT_MINOR, currency_code)
        raise bad_param(f"Amount must be no more than {most}", param=name, code="amount_too_large")
    return value


def money(minor: int, currency_code: str) -> str:
    """`1999, "eur"` as `€19.99`, the way Stripe's messages write it."""
    digits, sign, _ = CURRENCIES[currency_code]
    return f"{sign}{minor / 10**digits:,.{digits}f}"


def metadata(params: dict[str, Any], old: dict[str, str] | None = None) -> dict[str, str]:
    """The metadata after this request: merged into `old`; an empty value removes its key."""
    if params.get("metadata") == "":
        return {}
    merged = dict(old or {})
    for key, value in mapping(params, "metadata").items():
        if not isinstance(value, str):
            raise bad_param("Metadata values must be strings", param=f"metadata[{key[:40]}]")
        if len(key) > METADATA_KEY_CHARS or len(value) > METADATA_VALUE_CHARS:
            message = (
                f"Metadata keys can have up to {METADATA_KEY_CHARS} characters, "
                f"values up to {METADATA_VALUE_CHARS}"
            )
            raise bad_param(message, param=f"metadata[{key[:40]}]")
        merged[key] = value
    merged = {key: value for key, value in merged.items() if value != ""}
    if len(merged) > METADATA_KEYS:
        raise bad_param(f"You can have up to {METADATA_KEYS} metadata keys", param="metadata")
    return merged


def web_address(params: dict[str, Any], name: str) -> str | None:
    """An absolute http or https address; 400 otherwise."""
    value = string(params, name)
    if value is not None and not re.match(r"^https?://[^/\s]+", value):
        raise ApiError(400, "Not a valid URL", code="url_invalid", param=name, stored=False)
    return value
