"""The answer to the last scan, with its tone: it stands large above the field instead of in a corner."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from fulfilment.warehouse.answers import SCAN_TAG


def scan_answers(request: HttpRequest) -> tuple[list[tuple[str, str]], list[Any]]:
    """The last scan's answers as (text, level), and the messages that stay toasts."""
    shown = list(messages.get_messages(request))
    scans = [message for message in shown if SCAN_TAG in message.tags.split()]
    return [(str(message), message.level_tag) for message in scans], [m for m in shown if m not in scans]
