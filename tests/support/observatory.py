"""The score of the HTTP Observatory by its published rules (developer.mozilla.org: tests and scoring).

Of an answer of ours: what a scan would find in its headers, cookies and scripts. From 100 points each finding takes or
adds; points are added only where 90 are left. Not computed are preloading (+5, only browsers' lists know) and integrity
of scripts (+5): no score here is better than the real one.
"""

from __future__ import annotations

import re
from http.cookies import Morsel
from typing import Any
from urllib.parse import urlsplit

EXTRA_FROM = 90
SIX_MONTHS_S = 15_768_000
PRIVATE_REFERRERS = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
UNSAFE = {"'unsafe-inline'", "data:", "https:", "http:", "*", "blob:", "filesystem:"}
GRADES = (
    (100, "A+"),
    (90, "A"),
    (85, "A-"),
    (80, "B+"),
    (70, "B"),
    (65, "B-"),
    (60, "C+"),
    (50, "C"),
    (45, "C-"),
)


def findings(answer: Any) -> dict[str, int]:
    """Points by finding."""
    policy = directives(answer)
    return {
        "content-security-policy": _content(policy),
        "cookies": _cookies(answer),
        "cross-origin-resource-sharing": _sharing(answer),
        "cross-origin-resource-policy": _resources(answer),
        "referrer-policy": _referrer(answer),
        "strict-transport-security": _transport(answer),
        "subresource-integrity": _scripts(answer),
        "x-content-type-options": 0 if answer.headers.get("X-Content-Type-Options") == "nosniff" else -5,
        "x-frame-options": _frames(answer, policy),
    }


def score(answer: Any) -> int:
    """The points of an answer."""
    points = findings(answer).values()
    left = 100 + sum(one for one in points if one < 0)
    return max(0, left + sum(one for one in points if one > 0) if left >= EXTRA_FROM else left)


def grade(points: int) -> str:
    """The letter of a score."""
    return next((letter for least, letter in GRADES if points >= least), "D or worse")


def directives(answer: Any) -> dict[str, list[str]]:
    """The content policy by directive; empty where there is none."""
    parts = answer.headers.get("Content-Security-Policy", "").split(";")
    words = [part.split() for part in parts if part.split()]
    return {part[0].lower(): [word.lower() for word in part[1:]] for part in words}


def _content(policy: dict[str, list[str]]) -> int:
    if not policy:
        return -25
    scripts = policy.get("script-src", policy.get("default-src", ["*"]))
    objects = policy.get("object-src", policy.get("default-src", ["*"]))
    styles = policy.get("style-src", policy.get("default-src", ["*"]))
    # A nonce or a hash makes browsers ignore 'unsafe-inline' beside it.
    has_nonce = any(word.startswith(("'nonce-", "'sha")) for word in scripts)
    if (UNSAFE - ({"'unsafe-inline'"} if has_nonce else set())) & set(scripts) or UNSAFE & set(objects):
        return -20
    if any(word.startswith("http:") for words in policy.values() for word in words):
        return -20
    if "'unsafe-eval'" in scripts:
        return -10
    if UNSAFE & set(styles):
        return 0
    closed = policy.get("default-src") == ["'none'"]
    return 10 if closed and set(policy.get("form-action", ["*"])) <= {"'none'", "'self'"} else 5


def _cookies(answer: Any) -> int:
    found: list[Morsel[str]] = list(answer.cookies.values())
    has_hsts = "Strict-Transport-Security" in answer.headers
    points = [_cookie(one, has_hsts) for one in found]
    if not found:
        return 0
    return min(points) if min(points) < 0 else (5 if all(one["samesite"] for one in found) else 0)


def _cookie(cookie: Morsel[str], has_hsts: bool) -> int:
    name = cookie.key.lower()
    is_session = any(part in name for part in ("login", "sess"))
    if cookie["samesite"] and cookie["samesite"].lower() not in ("strict", "lax"):
        return -20
    if "csrf" in name and not cookie["samesite"]:
        return -20
    if is_session and not cookie["httponly"]:
        return -30
    if not cookie["secure"]:
        return {(True, True): -10, (True, False): -40, (False, True): -5, (False, False): -20}[
            is_session, has_hsts
        ]
    return 0


def _sharing(answer: Any) -> int:
    return -50 if answer.headers.get("Access-Control-Allow-Credentials") == "true" else 0


def _resources(answer: Any) -> int:
    said = answer.headers.get("Cross-Origin-Resource-Policy")
    return {None: 0, "cross-origin": 0, "same-origin": 10, "same-site": 10}.get(said, -5)


def _referrer(answer: Any) -> int:
    said = answer.headers.get("Referrer-Policy")
    return 0 if said is None else 5 if said in PRIVATE_REFERRERS else -5


def _transport(answer: Any) -> int:
    said = answer.headers.get("Strict-Transport-Security", "")
    seconds = re.search(r"max-age=(\d+)", said)
    return -20 if seconds is None else 0 if int(seconds[1]) >= SIX_MONTHS_S else -10


def _scripts(answer: Any) -> int:
    if not answer.headers.get("Content-Type", "").startswith("text/html"):
        return 0
    sources = re.findall(r"<script[^>]*\ssrc=[\"']([^\"']+)", _text(answer))
    foreign = [source for source in sources if urlsplit(source).netloc]
    return 0 if not foreign else -5 if all(one.startswith("https://") for one in foreign) else -50


def _frames(answer: Any, policy: dict[str, list[str]]) -> int:
    if "frame-ancestors" in policy:
        return 5
    return 0 if answer.headers.get("X-Frame-Options") in ("DENY", "SAMEORIGIN") else -20


def _text(answer: Any) -> str:
    return str(answer.getvalue().decode()) if answer.streaming else str(answer.content.decode())
