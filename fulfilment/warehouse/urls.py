"""Every address of the warehouse's staff pages, included under ``/dashboard/warehouse/``."""

from django.urls import path
from django.views.generic import RedirectView

from shop.kernel.access import staff_view

from .board.dashboard import urlpatterns as board
from .dispatch.dashboard import urlpatterns as dispatch
from .picking.dashboard import urlpatterns as picking
from .stock.dashboard import urlpatterns as stock

app_name = "warehouse"
#: The room's own address leads to where the day begins.
door = staff_view("picking.pick_orders")(RedirectView.as_view(pattern_name="warehouse:pick-lists"))
urlpatterns = [path("", door, name="index"), *board, *picking, *dispatch, *stock]
