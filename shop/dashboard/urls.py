"""Addresses of the house's own staff pages, below ``/dashboard/``. Other rooms bring theirs, see ``shop/urls.py``."""

from importlib import import_module
from importlib.util import find_spec

from .start import urlpatterns as start

app_name = "dashboard"
urlpatterns = [*start]
for name in ("orders", "order_page", "customers", "rules", "delivery", "marketing", "prices", "operations"):
    if find_spec(f"shop.dashboard.{name}"):
        urlpatterns += import_module(f"shop.dashboard.{name}").urlpatterns
