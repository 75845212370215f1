"""Pictures of products, categories and pages, from the folder of uploads or from S3. Nothing else comes from there."""

from __future__ import annotations

import logging
import posixpath
import threading
import time
from pathlib import PurePosixPath

from django.core.files.storage import FileSystemStorage, default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve

from catalogue.pictures import original_of
from shop.kernel.access import public

#: Endings of what people may see by address; an upload of another kind is never shown as a page of ours.
ENDINGS = {".webp", ".avif", ".png", ".jpg", ".jpeg", ".gif"}
#: Where the editor keeps documents: they have a page that asks who may read them, and no address here.
NOT_HERE = ("documents",)
KEPT_S = 30 * 24 * 3600  #: names of renditions change with their picture, so browsers may keep them
INSTEAD_KEPT_S = 600  #: the original in the place of a size, which is made meanwhile
#: Threads of a process that fetch from S3 at a time, how long others wait for their turn, how long nobody asks after a
#: fault: a list shows two dozen pictures, and a silent store must not keep every thread from those who order.
AT_ONCE, TURN_S, REST_S = 2, 1.0, 5.0

log = logging.getLogger(__name__)
_turns = threading.BoundedSemaphore(AT_ONCE)
_rests_until = 0.0


@public
@require_safe
def serve_public(request: HttpRequest, name: str) -> HttpResponseBase:
    """A public picture; a size that has not been made yet is answered with its original."""
    path = PurePosixPath(name)
    if path.suffix.lower() not in ENDINGS:
        raise Http404
    # In one spelling only: file system and S3 each read "//documents/" or "documents\\" in their own way.
    if "\\" in name or name.startswith("/") or name != posixpath.normpath(name) or ".." in path.parts:
        raise Http404
    if path.parts[0].lower() in NOT_HERE:
        raise Http404
    kept_s = KEPT_S
    try:
        response = _file(request, name)
    except Http404:
        response, kept_s = _file(request, _original(name)), INSTEAD_KEPT_S
    if isinstance(response, FileResponse):
        response["Cache-Control"] = f"public, max-age={kept_s}"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'none'; sandbox"
    return response


def _file(request: HttpRequest, name: str) -> HttpResponseBase:
    if isinstance(default_storage, FileSystemStorage):
        return serve(request, name, document_root=str(default_storage.location))
    return _of_the_store(name)


def _of_the_store(name: str) -> HttpResponseBase:
    """The picture from S3; 503 where the store is away, was away a moment ago, or has all turns taken."""
    global _rests_until
    if time.monotonic() < _rests_until or not _turns.acquire(timeout=TURN_S):
        return _later()
    try:
        return FileResponse(default_storage.open(name))
    except FileNotFoundError:
        raise Http404 from None
    except faults_of_store() as error:
        log.warning("a picture cannot be had from the store: %s", error)
        _rests_until = time.monotonic() + REST_S
        return _later()
    finally:
        _turns.release()


def faults_of_store() -> tuple[type[Exception], ...]:
    """What a store that is away, slow or mad can raise."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError, OSError)


def forget() -> None:
    """Ask the store again at once."""
    global _rests_until
    _rests_until = 0.0


def _later() -> HttpResponse:
    return HttpResponse(status=503, headers={"Cache-Control": "no-store", "Retry-After": str(int(REST_S))})


def _original(name: str) -> str:
    """The original of a size by name; raises Http404 where ``name`` is no size or has no original."""
    stem = original_of(name)
    try:
        for ending in sorted(ENDINGS) if stem else []:
            if default_storage.exists(f"{stem}{ending}"):
                return f"{stem}{ending}"
    except faults_of_store() as error:
        log.warning("the original of a picture cannot be looked for: %s", error)
    raise Http404
