"""Staff pages of stock: what is there, where it lies, why it is so many; places, labels, goods in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from shop.kernel.nav import NavEntry

from . import articles, bins, labels, move, receive, sites, skus

urlpatterns = [
    *skus.urlpatterns,
    *receive.urlpatterns,
    *move.urlpatterns,
    *sites.urlpatterns,
    *bins.urlpatterns,
    *articles.urlpatterns,
    *labels.urlpatterns,
]

NAV = [
    NavEntry("warehouse", gettext_lazy("Stock"), "warehouse:stock", "stock.view_stock", "shelf", 40),
    NavEntry(
        "warehouse", gettext_lazy("Receive goods"), "warehouse:receive", "stock.receive_goods", "download", 50
    ),
    NavEntry("warehouse", gettext_lazy("Move goods"), "warehouse:move", "stock.adjust_stock", "arrow", 55),
    NavEntry("warehouse", gettext_lazy("Bins"), "warehouse:bins", "stock.view_stock", "box", 70),
    NavEntry("warehouse", gettext_lazy("Sites"), "warehouse:sites", "stock.view_stock", "store", 72),
]
