"""A mail as its reader will see it, in the frame of a page of the office."""

from __future__ import annotations

from django.http import HttpResponse

#: The mail's own page in the frame: it runs nothing, loads nothing, and its links open outside of the frame.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'self'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def framed(html: str) -> HttpResponse:
    """The answer that shows the HTML of a mail in a sandboxed frame; no cache keeps it."""
    response = HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "private, no-store"
    return response
