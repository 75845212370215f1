"""Reading what finance archived: the bytes of then, or in words that they are not."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from django.core.files.storage import storages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

log = logging.getLogger(__name__)


class FileDamaged(Exception):
    """The stored bytes are not those that were archived, or are gone: somebody or something changed them."""


def read(key: str, sha256: str) -> bytes:
    """The whole archived file. Raises FileDamaged."""
    with opened(key, sha256) as file:
        content: bytes = file.read()
    return content


def opened(key: str, sha256: str) -> Any:
    """The archived file, open at its beginning; its bytes are those whose digest was noted. Raises FileDamaged."""
    try:
        file = storages["documents"].open(key)
    except FileNotFoundError as error:
        raise FileDamaged(f"{key} is not there any more") from error
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    if digest != sha256:
        file.close()
        raise FileDamaged(f"{key} is not the document that was archived")
    file.seek(0)
    return file


def damaged_page(request: HttpRequest, damaged: FileDamaged, *, name: str, back_url: str) -> HttpResponse:
    """Say to staff that a document cannot be shown, and what to do (409)."""
    log.error("archived document: %s", damaged)
    context = {"name": name, "back_url": back_url}
    return render(request, "dashboard/finance/damaged.html", context, status=409)
