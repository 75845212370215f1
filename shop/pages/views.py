"""The home page, also before anybody has written one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from wagtail.models import Site
from wagtail.views import serve

from shop.kernel.access import public
from shop.kernel.sharing import shared

from .models import HomePage, teasers


@public
@shared()
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The written home page; a plain one with the newest products where the shop has none yet."""
    site = Site.find_for_request(request)
    if site is not None and site.root_page.specific_class is HomePage:
        return serve(request, "")  # type: ignore[no-any-return]
    page = {"title": _("Shoes, care, accessories"), "headline": _("Shoes, care, accessories")}
    return render(request, "storefront/home_page.html", {"page": page, "teasers": teasers()})
