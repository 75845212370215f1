"""Pictures of products, categories and pages, from the folder of uploads or from S3. Nothing else comes from there."""

from __future__ import annotations

from pathlib import PurePosixPath

from django.core.files.storage import FileSystemStorage, default_storage
from django.http import FileResponse, Http404, HttpRequest
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


@public
@require_safe
def serve_public(request: HttpRequest, name: str) -> HttpResponseBase:
    """A public picture; a size that has not been made yet is answered with its original."""
    path = PurePosixPath(name)
    if path.suffix.lower() not in ENDINGS:
        raise Http404
    # Said again of the name as the file system reads it: "x//../documents/" would begin otherwise.
    if ".." in path.parts or path.parts[0].lower() in NOT_HERE:
        raise Http404
    try:
        response = _file(request, name)
    except Http404:
        response = _file(request, _original(name))
    if isinstance(response, FileResponse):
        response["Cache-Control"] = f"public, max-age={KEPT_S}"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'none'; sandbox"
    return response


def _file(request: HttpRequest, name: str) -> HttpResponseBase:
    if isinstance(default_storage, FileSystemStorage):
        return serve(request, name, document_root=str(default_storage.location))
    try:
        return FileResponse(default_storage.open(name))
    except FileNotFoundError:
        raise Http404 from None


def _original(name: str) -> str:
    """The original of a size by name; raises Http404 where ``name`` is no size or has no original."""
    stem = original_of(name)
    for ending in sorted(ENDINGS) if stem else []:
        if default_storage.exists(f"{stem}{ending}"):
            return f"{stem}{ending}"
    raise Http404
