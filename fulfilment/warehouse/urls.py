"""Every address of the warehouse's staff pages, included under ``/dashboard/warehouse/``."""

from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from shop.kernel.access import staff_view

from .board.dashboard import urlpatterns as board
from .counting.dashboard import urlpatterns as counting
from .dispatch.dashboard import urlpatterns as dispatch
from .picking.dashboard import urlpatterns as picking
from .picking.reroute_pages import urlpatterns as reroute
from .recalls.dashboard import urlpatterns as recalls
from .receiving.dashboard import urlpatterns as receiving
from .routing.dashboard import urlpatterns as routing
from .shortages.dashboard import urlpatterns as shortages
from .stock.dashboard import urlpatterns as stock
from .transfers.dashboard import urlpatterns as transfers

app_name = "warehouse"
#: The room's own address leads to where the day begins.
door = staff_view("picking.pick_orders")(
    require_safe(RedirectView.as_view(pattern_name="warehouse:pick-lists"))
)
#: Counting stands before stock: the count form of an article's page follows its rules.
rooms = [
    *board,
    *reroute,
    *routing,
    *shortages,
    *picking,
    *dispatch,
    *counting,
    *transfers,
    *receiving,
    *recalls,
    *stock,
]
urlpatterns = [path("", door, name="index"), *rooms]
