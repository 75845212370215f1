"""Staff pages of sites and zones: see, add, change, close."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock import place_queries, places
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import Site, Zone
from fulfilment.warehouse.stock.place_forms import SiteForm, SiteSearch, ZoneForm, ZoneSearch
from shop.kernel.access import staff_view

SITE_SORT = {"code": "code", "name": "name", "city": "city", "bins": "bin_count", "pieces": "pieces"}
ZONE_SORT = {
    "site": "site__name",
    "code": "code",
    "name": "name",
    "sequence": "sequence",
    "bins": "bin_count",
    "pieces": "pieces",
}


@staff_view("stock.view_stock")
@require_safe
def site_list(request: HttpRequest) -> HttpResponse:
    """Every site with its zones, bins and pieces."""
    form = SiteSearch(request.GET)
    rows: Any = place_queries.sites()
    if text := form.value("q"):
        rows = rows.filter(Q(code__icontains=text) | Q(name__icontains=text) | Q(city__icontains=text))
    if form.value("show"):
        rows = rows.filter(is_active=form.value("show") == "open")
    rows = sorted_by(request, rows, SITE_SORT, ["position", "code"])
    if wants_csv(request):
        head = [_("Code"), _("Name"), _("City"), _("Zones"), _("Bins"), _("Pieces"), _("Ships"), _("State")]
        cells = (
            [
                s.code, s.name, s.city, s.zone_count, s.bin_count, s.pieces, _("yes") if s.ships else _("no"),
                state_word(s.is_active),
            ]
            for s in rows
        )  # fmt: skip
        return csv_file("sites", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/places/sites.html", context, status=form.status)


def state_word(is_active: bool) -> str:
    """Open or closed, as a word."""
    return pgettext("place", "open") if is_active else pgettext("place", "closed")


@staff_view("stock.view_stock")
@require_safe
def site_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One site with its zones."""
    site = get_object_or_404(place_queries.sites(), pk=pk)
    context = {
        "site": site,
        "zones": place_queries.zones().filter(site=site)[:500],
        "crumbs": [{"title": _("Sites"), "url": reverse("warehouse:sites")}, {"title": site.name}],
    }
    return render(request, "dashboard/warehouse/places/site.html", context)


@staff_view("stock.change_site")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_site(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Open a new site, or change what is said about one."""
    is_new = pk is None
    site = Site() if is_new else get_object_or_404(Site, pk=pk)
    title = _("New site") if is_new else site.name
    form = SiteForm(request.POST or None, instance=site)
    if request.method == "POST" and form.is_valid():
        try:
            places.save_site(site=site, facts=form.cleaned_data)
        except StockError as error:
            form.add_error("code", str(error))
        else:
            messages.success(request, _("Site %(site)s is saved.") % {"site": site.name})
            return redirect("warehouse:site", pk=site.pk)
    back = reverse("warehouse:sites") if is_new else reverse("warehouse:site", args=[pk])
    context = form_page(form, title, [(_("Sites"), reverse("warehouse:sites"))], back)
    return render(
        request, "dashboard/warehouse/places/form.html", context, status=400 if form.errors else 200
    )


def form_page(form: Any, title: str, trail: list[tuple[str, str]], back: str) -> dict[str, Any]:
    """What the page of one form needs: title, way there, way back."""
    crumbs: list[dict[str, str]] = [{"title": name, "url": url} for name, url in trail]
    return {"form": form, "title": title, "crumbs": [*crumbs, {"title": title}], "back": back}


@staff_view("stock.change_site")
@require_POST
def act_on_site(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Close a site or open it again."""
    site = get_object_or_404(Site, pk=pk)
    verbs = {
        "close": (places.close_site, _("%(site)s is closed, with all of its bins.")),
        "open": (
            places.open_site,
            _("%(site)s is open. Its bins are still closed: open those that you need."),
        ),
    }
    action, said = verbs[verb]
    try:
        action(site=site)
    except StockError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said % {"site": site.name})
    return redirect("warehouse:site", pk=pk)


@staff_view("stock.view_stock")
@require_safe
def zone_list(request: HttpRequest) -> HttpResponse:
    """Every zone of every site."""
    form = ZoneSearch(request.GET)
    rows: Any = place_queries.zones()
    if text := form.value("q"):
        rows = rows.filter(Q(code__icontains=text) | Q(name__icontains=text))
    if form.value("site"):
        rows = rows.filter(site=form.cleaned_data["site"])
    rows = sorted_by(request, rows, ZONE_SORT, ["site__position", "site__code", "sequence", "code"])
    if wants_csv(request):
        head = [_("Site"), _("Zone"), _("Name"), _("Turn on the walk"), _("Bins"), _("Pieces")]
        cells = ([z.site.name, z.code, z.name, z.sequence, z.bin_count, z.pieces] for z in rows)
        return csv_file("zones", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/places/zones.html", context, status=form.status)


@staff_view("stock.adjust_stock")
@require_http_methods(["GET", "HEAD", "POST"])
def new_zone(request: HttpRequest, pk: int) -> HttpResponse:
    """A further zone of a site."""
    return _zone_form(request, Zone(site=get_object_or_404(Site, pk=pk)))


@staff_view("stock.adjust_stock")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_zone(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is said about a zone."""
    return _zone_form(request, get_object_or_404(Zone.objects.select_related("site"), pk=pk))


def _zone_form(request: HttpRequest, zone: Zone) -> HttpResponse:
    facts = {"code": zone.code, "name": zone.name, "sequence": zone.sequence}
    title = _("Zone %(zone)s") % {"zone": zone.code} if zone.pk else _("New zone")
    form = ZoneForm(request.POST or None, initial=facts)
    if request.method == "POST" and form.is_valid():
        try:
            places.save_zone(zone=zone, facts=form.cleaned_data)
        except StockError as error:
            form.add_error("code", str(error))
        else:
            said = _("Zone %(zone)s of %(site)s is saved.")
            messages.success(request, said % {"zone": zone.code, "site": zone.site.name})
            return redirect("warehouse:site", pk=zone.site_id)
    site_url = reverse("warehouse:site", args=[zone.site_id])
    trail = [(_("Sites"), reverse("warehouse:sites")), (zone.site.name, site_url)]
    context = form_page(form, title, trail, site_url) | {"zone": zone if zone.pk else None}
    return render(
        request, "dashboard/warehouse/places/form.html", context, status=400 if form.errors else 200
    )


@staff_view("stock.adjust_stock")
@require_POST
def remove_zone(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away a zone without bins."""
    zone = get_object_or_404(Zone, pk=pk)
    try:
        places.remove_zone(zone=zone)
    except StockError as error:
        messages.error(request, str(error))
        return redirect("warehouse:edit-zone", pk=pk)
    messages.success(request, _("Zone %(zone)s is removed.") % {"zone": zone.code})
    return redirect("warehouse:site", pk=zone.site_id)


urlpatterns = [
    path("sites/", site_list, name="sites"),
    path("sites/new/", edit_site, name="new-site"),
    path("sites/<row:pk>/", site_page, name="site"),
    path("sites/<row:pk>/edit/", edit_site, name="edit-site"),
    path("sites/<row:pk>/close/", act_on_site, {"verb": "close"}, name="close-site"),
    path("sites/<row:pk>/open/", act_on_site, {"verb": "open"}, name="open-site"),
    path("sites/<row:pk>/zones/new/", new_zone, name="new-zone"),
    path("zones/", zone_list, name="zones"),
    path("zones/<row:pk>/", edit_zone, name="edit-zone"),
    path("zones/<row:pk>/remove/", remove_zone, name="remove-zone"),
]
