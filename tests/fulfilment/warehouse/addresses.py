"""The house's addresses with the warehouse among them, wherever the dashboard hangs it."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from shop import urls as house

handler400, handler403, handler404, handler500 = (
    house.handler400,
    house.handler403,
    house.handler404,
    house.handler500,
)
urlpatterns = [
    *i18n_patterns(path("lager/", include("fulfilment.warehouse.urls")), prefix_default_language=False),
    *house.urlpatterns,
]
