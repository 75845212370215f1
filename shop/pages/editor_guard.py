"""Requests that the editor (Wagtail) cannot digest are refused with a 4xx before they reach it: it would answer 500."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError
from wagtail.models import Page

#: View -> fields without which its form ends in an error.
NEEDED_FIELDS = {"wagtailadmin_choose_page_external_link": ("external-link-chooser-url",)}
#: View -> fields that the editor signed in the step before, and that come back as they were.
SIGNED_FIELDS = {"wagtailredirects:process_import": ("import_file_name", "input_format")}
#: Lists of redirects come as text: a spreadsheet is an archive, and a small one may unpack to gigabytes.
IMPORT, IMPORT_ENDINGS, IMPORT_MAX_BYTES = "wagtailredirects:start_import", (".csv", ".tsv"), 1024 * 1024
#: Views that take pictures; a broken one would end in an error while its size is read.
PICTURES = {
    "wagtailimages:add", "wagtailimages:add_multiple", "wagtailimages:edit", "wagtailimages_chooser:create",
}  # fmt: skip
#: Views that look for the page above one: the page above all others has none.
ASK_FOR_THE_PAGE_ABOVE = {
    f"wagtailadmin_pages:{name}" for name in ("move_confirm", "set_page_position", "lock", "unlock")
}
#: Views whose part of the address is the number of a row.
NUMBERED = (":chosen",)
#: What is chosen there is made elsewhere (articles and shelves), so there is no form for a new one.
NOT_THERE = {"wagtailadmin_error_test", "product_chooser:create", "category_chooser:create"}
#: Choosers of snippets have no form either, but an address for it that ends in an error.
SNIPPET_CHOOSERS = "wagtailsnippetchoosers_"


class EditorGuardMiddleware:
    """Stands before the editor's views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        """Raises Http404 for what is not there and BadRequest for a form without its fields."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name.startswith(SNIPPET_CHOOSERS) and name.endswith(":create"):
            raise Http404
        if name in NOT_THERE or (name.endswith(NUMBERED) and not str(kwargs.get("pk", "0")).isdecimal()):
            raise Http404
        if request.method == "POST":
            _check_form(request, name, kwargs)


def _check_form(request: HttpRequest, name: str, kwargs: dict[str, object]) -> None:
    if any(not request.POST.get(field) for field in NEEDED_FIELDS.get(name, ())):
        raise BadRequest(_("A field of the form is missing. Please go back and fill it in."))
    if name == IMPORT:
        _check_import(request)
    if name in PICTURES:
        _check_pictures(request)
    for field in SIGNED_FIELDS.get(name, ()):
        try:
            Signer().unsign(request.POST.get(field, ""))
        except BadSignature:
            raise BadRequest(_("This form is not the one we sent. Please begin the import again.")) from None
    if name in ASK_FOR_THE_PAGE_ABOVE:
        page = kwargs.get("page_to_move_id", kwargs.get("page_id"))
        if Page.objects.filter(pk=page, depth=1).exists():
            raise Http404


def _files(request: HttpRequest) -> list[Any]:
    return [file for _name, sent in request.FILES.lists() for file in sent]


def _check_pictures(request: HttpRequest) -> None:
    """What is no picture at all the editor's own form refuses in words; here what is one and breaks off."""
    for file in _files(request):
        try:
            with Image.open(file) as picture:
                if picture.width * picture.height <= settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS:
                    picture.load()
        except UnidentifiedImageError:
            pass
        except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError):
            raise BadRequest(
                _("The picture is not complete. Please save it anew and send it again.")
            ) from None
        finally:
            file.seek(0)


def _check_import(request: HttpRequest) -> None:
    for file in _files(request):
        if not str(file.name).lower().endswith(IMPORT_ENDINGS):
            raise BadRequest(_("Please save the list as CSV or TSV and send it again."))
        if (file.size or 0) > IMPORT_MAX_BYTES:
            raise BadRequest(_("The file is too large."))
