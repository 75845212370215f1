"""What every profile shares: apps, middleware, templates, languages."""

from django.utils.translation import gettext_lazy as _

from .env import BASE_DIR, DATA_DIR, env

PLACEHOLDER_SECRET = "kontor-placeholder-secret-for-the-embedded-profile-only"  # noqa: S105
SECRET_KEY = env.str("SECRET_KEY", default=PLACEHOLDER_SECRET)
#: Keys from before: what they signed and sealed still opens, while everything new is made with SECRET_KEY.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000")
SITE_ID = 1

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    # The house, foundation first. Our apps come before the libraries so that our templates win.
    "shop.kernel.apps.KernelConfig",
    "shop.ui.apps.UiConfig",
    "shop.audit.apps.AuditConfig",
    "shop.approvals.apps.ApprovalsConfig",
    "shop.customers.apps.CustomerConfig",
    "catalogue.apps.CatalogueConfig",
    "catalogue.partner.apps.PartnerConfig",
    "catalogue.reviews.apps.CatalogueReviewsConfig",
    "catalogue.alerts.apps.AlertsConfig",
    "catalogue.search.apps.SearchConfig",
    "checkout.apps.CheckoutConfig",
    "checkout.basket.apps.BasketConfig",
    "checkout.shipping.apps.ShippingConfig",
    "checkout.vat_ids.apps.VatIdsConfig",
    "checkout.order.apps.OrderConfig",
    "checkout.vouchers.apps.VouchersConfig",
    "checkout.store_credit.apps.StoreCreditConfig",
    "checkout.phone_orders.apps.PhoneOrdersConfig",
    "checkout.payment.apps.PaymentConfig",
    "fulfilment.warehouse.stock.apps.StockConfig",
    "fulfilment.warehouse.routing.apps.RoutingConfig",
    "fulfilment.warehouse.picking.apps.PickingConfig",
    "fulfilment.warehouse.dispatch.apps.DispatchConfig",
    "fulfilment.warehouse.receiving.apps.ReceivingConfig",
    "fulfilment.warehouse.recalls.apps.RecallsConfig",
    "fulfilment.warehouse.shortages.apps.ShortagesConfig",
    "fulfilment.warehouse.board.apps.BoardConfig",
    "fulfilment.warehouse.transfers.apps.TransfersConfig",
    "fulfilment.warehouse.counting.apps.CountingConfig",
    "fulfilment.finance.ledger.apps.LedgerConfig",
    "fulfilment.finance.invoicing.apps.InvoicingConfig",
    "fulfilment.finance.bank.apps.BankConfig",
    "fulfilment.finance.psp.apps.PspConfig",
    "fulfilment.finance.reconciliation.apps.ReconciliationConfig",
    "fulfilment.finance.dunning.apps.DunningConfig",
    "fulfilment.finance.reports.apps.ReportsConfig",
    "fulfilment.finance.sepa.apps.SepaConfig",
    "fulfilment.finance.exports.apps.ExportsConfig",
    "fulfilment.customer_service.withdrawals.apps.WithdrawalsConfig",
    "fulfilment.customer_service.cases.apps.CasesConfig",
    "fulfilment.customer_service.returns.apps.ReturnsConfig",
    "fulfilment.customer_service.changes.apps.ChangesConfig",
    "fulfilment.customer_service.figures.apps.FiguresConfig",
    "fulfilment.customer_service.remedies.apps.RemediesConfig",
    "shop.notifications.apps.NotificationsConfig",
    "shop.connect.apps.ConnectConfig",
    "shop.pages.apps.PagesConfig",
    "shop.legal.apps.LegalConfig",
    "shop.dashboard.apps.DashboardConfig",
    "shop.demo.apps.DemoConfig",
    # Oscar, unforked rooms
    "shop.oscar_base.OscarBaseConfig",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    # Wagtail
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.simple_translation",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    # Libraries
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "treebeard",
    "widget_tweaks",
    "sorl.thumbnail",
    "simple_history",
    "django_htmx",
    "csp",
    "rules.apps.AutodiscoverRulesConfig",
    "whitenoise.runserver_nostatic",
    "django.contrib.humanize",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.flatpages",
    "django.contrib.sitemaps",
]

MIDDLEWARE = [
    "shop.policies.HttpsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "shop.policies.PolicyMiddleware",
    "shop.policies.LoadedMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shop.middleware.MethodsMiddleware",
    "shop.packing.PackingMiddleware",
    "shop.pages.shared.SharedPagesMiddleware",
    "shop.middleware.BadInputMiddleware",
    "shop.middleware.CorrelationMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "shop.middleware.OwnFormsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "shop.customers.signed_in.PersonMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "shop.audit.middleware.AccessMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "shop.customers.second_factor.SecondFactorMiddleware",
    "shop.customers.limits.LimitsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "shop.policies.ContentPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "checkout.basket.middleware.BasketMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    "shop.pages.editor_guard.EditorGuardMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # Compiled templates are kept (half of a stock Oscar page is compiling them anew), without their source.
            "loaders": [
                (
                    "shop.ui.lean_templates.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "shop.pages.context.storefront",
                "shop.pages.context.forms",
                "shop.dashboard.context.staff",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    },
]

LANGUAGE_CODE = "de"
LANGUAGES = [("de", _("German")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Berlin")

DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

#: Country the shop sells from: its VAT is the default, purchase on account looks at it.
KONTOR_HOME_COUNTRY = "DE"
KONTOR_CURRENCY = "EUR"

FORMS_URLFIELD_ASSUME_HTTPS = True
SILENCED_SYSTEM_CHECKS = [
    "fields.W342",  # Oscar's OneToOne-like ForeignKeys
    "treebeard.W001",
]
DATA_DIR.mkdir(parents=True, exist_ok=True)
