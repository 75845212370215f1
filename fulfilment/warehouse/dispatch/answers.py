"""What a scan screen says about the last scan: one answer in sound, colour and words; all else stays a toast."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

SCAN_TAG = "scan"  #: messages with this tag are the scan screen's answer, not a toast


def right(request: HttpRequest, text: str) -> None:
    """The next page of this browser says that the scan was right."""
    messages.success(request, text, extra_tags=SCAN_TAG)


def answers(request: HttpRequest, problem: str = "") -> dict[str, Any]:
    """``result`` and ``messages`` for the template; a problem of this request comes before what was said earlier."""
    shown = list(messages.get_messages(request))
    scans = [message for message in shown if SCAN_TAG in message.tags.split()]
    result = {"kind": "good", "text": str(scans[-1])} if scans else None
    if problem:
        result = {"kind": "bad", "text": problem}
    return {"result": result, "messages": [message for message in shown if message not in scans]}


def first_error(form: Any) -> str:
    """The first thing that is wrong with a form, as a sentence."""
    return str(next(iter(form.errors.values()))[0])
