"""Staff pages of picking: lists, batches, planning, cut-offs, the scan screen, and what phones ask."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from shop.kernel.nav import NavEntry

from . import api, batch_pages, cutoff_pages, list_pages, phone, planning_pages, queries, scan_pages

urlpatterns = [
    *api.urlpatterns,
    *scan_pages.urlpatterns,
    *phone.urlpatterns,
    *planning_pages.urlpatterns,
    *cutoff_pages.urlpatterns,
    *batch_pages.urlpatterns,
    *list_pages.urlpatterns,  # last: its verbs are slugs
]

NAV = [
    NavEntry(
        "warehouse",
        gettext_lazy("Pick lists"),
        "warehouse:pick-lists",
        "picking.pick_orders",
        "scan",
        10,
        queries.to_pick,
    ),
    NavEntry(
        "warehouse",
        gettext_lazy("Batches"),
        "warehouse:batches",
        "picking.pick_orders",
        "users",
        11,
        queries.batches_to_pick,
    ),
]
