"""Every address of the house."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

handler400 = "shop.errors.bad_request"
handler403 = "shop.errors.forbidden"
handler404 = "shop.errors.not_found"
handler500 = "shop.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = []
