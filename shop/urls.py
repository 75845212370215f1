"""Every address of the house. German stands without a prefix, other languages under theirs (``/en/``)."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf.urls.i18n import i18n_patterns
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_http_methods
from django.views.generic import RedirectView
from django.views.i18n import set_language
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from shop.customers import views as customers
from shop.kernel.access import public
from shop.pages import media, sitemaps, views

handler400 = "shop.errors.bad_request"
handler403 = "shop.errors.forbidden"
handler404 = "shop.errors.not_found"
handler429 = "shop.errors.too_many"  # asked by allauth
handler500 = "shop.errors.server_error"

Addresses = list[URLPattern | URLResolver]


def room(address: str, module: str) -> Addresses:
    """The addresses of a room, once it has a module of them."""
    return [path(address, include(module))] if find_spec(module) else []


def health() -> Addresses:
    """What a load balancer and Prometheus ask."""
    return [*room("", "shop.health"), *room("", "shop.metrics")]


urlpatterns: Addresses = [
    path(
        "i18n/setlang/",
        public(require_http_methods(["GET", "HEAD", "POST"])(set_language)),
        name="set_language",
    ),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-<slug:kind>-<int:pk>.xml", sitemaps.part, name="sitemap-part"),
    path("media/<path:name>", media.serve_public, name="media"),
    # One door for all: the editor's own would take passwords without our limits and without a second factor.
    path("cms/login/", public(RedirectView.as_view(pattern_name="account_login", query_string=True))),
    re_path(r"^cms/password_reset/", public(RedirectView.as_view(pattern_name="account_reset_password"))),
    path("cms/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    *health(),
    *room("payments/", "checkout.payment.urls"),
    *room("carriers/", "fulfilment.warehouse.dispatch.public_urls"),
]

urlpatterns += i18n_patterns(
    path("", views.home, name="home"),
    path("catalogue/", include("catalogue.urls")),
    path("basket/", include("checkout.basket.urls")),
    path("account/", include("shop.pages.account_urls")),
    path("accounts/second-factor/", customers.second_factor, name="second_factor"),
    path("accounts/second-factor/<str:token>/", customers.first_factor_link, name="first_factor"),
    path("accounts/", include("allauth.urls")),
    *room("checkout/", "checkout.urls"),
    path("orders/", include("shop.pages.order_urls")),
    *room("open-items/", "fulfilment.finance.dunning.public_urls"),
    path("withdrawal/", include("shop.pages.withdrawal_urls")),
    path("newsletter/", include("shop.pages.newsletter_urls")),
    path("help/", include("shop.pages.help_urls")),
    path("reviews/", include("shop.pages.review_urls")),
    path("alerts/", include("shop.pages.alert_urls")),
    path("wishes/", include("shop.pages.wish_urls")),
    *room("dashboard/warehouse/", "fulfilment.warehouse.urls"),
    *room("dashboard/finance/", "fulfilment.finance.urls"),
    *room("dashboard/service/", "fulfilment.customer_service.urls"),
    *room("dashboard/notifications/", "shop.notifications.urls"),
    *room("dashboard/connect/", "shop.connect.urls"),
    *room("dashboard/", "shop.dashboard.urls"),
    path("", include(wagtail_urls)),
    prefix_default_language=False,
)
