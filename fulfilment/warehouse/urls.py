"""Every address of the warehouse's staff pages, included under ``/dashboard/warehouse/``."""

from .dispatch.dashboard import urlpatterns as dispatch
from .picking.dashboard import urlpatterns as picking
from .stock.dashboard import urlpatterns as stock

app_name = "warehouse"
urlpatterns = [*picking, *dispatch, *stock]
