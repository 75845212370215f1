"""Addresses of the house's own staff pages, below ``/dashboard/``. Other rooms bring theirs, see ``shop/urls.py``."""

from . import (
    accesses,
    approvals,
    customers,
    delivery,
    marketing,
    operations,
    order_page,
    order_refund,
    orders,
    phone_order_goods,
    phone_order_page,
    phone_orders,
    prices,
    rules,
    search,
    start,
    why,
)

app_name = "dashboard"
urlpatterns = [
    *start.urlpatterns,
    *search.urlpatterns,
    *orders.urlpatterns,
    *phone_orders.urlpatterns,
    *phone_order_goods.urlpatterns,
    *phone_order_page.urlpatterns,
    *order_page.urlpatterns,
    *order_refund.urlpatterns,
    *why.urlpatterns,
    *approvals.urlpatterns,
    *accesses.urlpatterns,
    *customers.urlpatterns,
    *rules.urlpatterns,
    *delivery.urlpatterns,
    *marketing.urlpatterns,
    *prices.urlpatterns,
    *operations.urlpatterns,
]
