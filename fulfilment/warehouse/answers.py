"""The answer to the last scan: on scan screens it stands large above the field instead of in a corner."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

SCAN_TAG = "scan"  #: messages with this tag are the scan screen's answer, not a toast


def scan_answers(request: HttpRequest) -> tuple[list[str], list[Any]]:
    """The last scan's answers as texts, and the messages that stay toasts."""
    shown = list(messages.get_messages(request))
    scans = [message for message in shown if SCAN_TAG in message.tags.split()]
    return [str(message) for message in scans], [message for message in shown if message not in scans]
