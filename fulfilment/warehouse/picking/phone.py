"""The picker's phone: what the app is told about itself, its manifest, its service worker and its start page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from csp.decorators import csp_update
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from shop.kernel.access import staff_view

from .models import Batch, PickList
from .words import words

WORKER = "js/pick/worker.js"
CAMERA, START = "js/pick/camera.js", "js/pick/start.js"
READER, READER_WASM = "vendor/barcode-detector/ponyfill.js", "vendor/zxing-wasm/zxing_reader.wasm"
PAPER, HARBOUR = "#faf6ee", "#0f4a49"  #: as --paper and --harbour of static/css/tokens.css
WALKS_SHOWN = 20
ICONS = (("192", "any"), ("512", "any"), ("512", "maskable"))

Screen = TypeVar("Screen", bound=Callable[..., HttpResponse])


def may_read_barcodes(screen: Screen) -> Screen:
    """For the picker's screen alone: the barcode reader is a WebAssembly program, which the policy else forbids."""
    return csp_update({"script-src": ["'wasm-unsafe-eval'"]})(screen)  # type: ignore[arg-type, return-value]


def app(request: HttpRequest, addresses: Mapping[str, Any]) -> dict[str, Any]:
    """What the picker's screen is told: who picks, and its walk (``walk_name walk_url back_url`` of ``addresses``).

    The texts come in the active language; the camera's reader is left out where it is not installed.
    """
    return {
        "walk": addresses.get("walk_name", ""),
        "walk_url": addresses.get("walk_url", ""),
        "list_url": addresses["back_url"],
        "words": words(),
        "person": request.user.pk,
        "person_name": getattr(request.user, "name", ""),
        "worker": reverse("warehouse:phone-worker"),
        "scope": reverse("warehouse:index"),
        "start": reverse("warehouse:phone"),
        "start_script": static(START),
        "camera": static(CAMERA),
        **_reader(),
    }


def _reader() -> dict[str, str]:
    """Addresses of the barcode reader that `make setup` fetches; none where npm was not to be had."""
    names = {"reader": READER, "wasm": READER_WASM}
    return {key: static(name) for key, name in names.items()} if finders.find(READER) else {}


@staff_view("picking.pick_orders")
@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; not served from the static files, because its address bounds what it may touch."""
    script = Path(str(finders.find(WORKER))).read_text()
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@staff_view("picking.pick_orders")
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """How the app installs itself: name, icons, colours, where it begins."""
    start = reverse("warehouse:phone")
    icons = [
        {
            "src": static(f"img/app/{purpose}-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in ICONS
    ]
    content = {
        "id": start,
        "name": _("Kontor warehouse"),
        "short_name": _("Picking"),
        "description": _("Pick lists for phone and scanner, also without network."),
        "lang": get_language(),
        "start_url": start,
        "scope": reverse("warehouse:index"),
        "display": "standalone",
        "orientation": "portrait",
        "background_color": PAPER,
        "theme_color": HARBOUR,
        "icons": icons,
    }
    return JsonResponse(content, content_type="application/manifest+json")


@staff_view("picking.pick_orders")
@require_safe
def phone(request: HttpRequest) -> HttpResponse:
    """Where the app begins: the walks in my hand, and what this phone still keeps."""
    lists = PickList.objects.filter(state="picking", picker=request.user).select_related("order")
    lists = lists.exclude(boxes__batch__state="picking")  # picked by their batch
    batches = Batch.objects.filter(state="picking", picker=request.user)
    context = {
        "lists": lists.order_by("started_at")[:WALKS_SHOWN],
        "batches": batches.order_by("started_at")[:WALKS_SHOWN],
        "app": app(request, {"back_url": reverse("warehouse:pick-lists")}),
    }
    return render(request, "dashboard/warehouse/phone.html", context)


urlpatterns = [
    path("phone/", phone, name="phone"),
    path("worker.js", worker, name="phone-worker"),
    path("app.webmanifest", manifest, name="phone-manifest"),
]
