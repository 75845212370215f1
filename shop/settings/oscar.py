"""Oscar's own settings; what is not named here keeps its default."""

from oscar.defaults import *  # noqa: F403

OSCAR_SHOP_NAME = "Kontor"
OSCAR_DEFAULT_CURRENCY = "EUR"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_OFFERS_INCL_TAX = True
OSCAR_MODERATE_REVIEWS = True
OSCAR_SAVE_SENT_EMAILS_TO_DB = False
OSCAR_SEND_REGISTRATION_EMAIL = False
OSCAR_REQUIRED_ADDRESS_FIELDS = ("first_name", "last_name", "line1", "line4", "postcode", "country")
OSCAR_SLUG_ALLOW_UNICODE = False
OSCAR_CATALOGUE_USE_POSTGRES_MATERIALISED_VIEWS = False
OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 500
