"""VAT ids of firms. Nothing set: they are checked by form and check digit, and every order is taxed. VIES_URL: the EU's
register is asked too (https://ec.europa.eu/taxation_customs/vies/rest-api), and proved firms abroad buy without VAT."""

from .env import env

VIES_URL = env.str("VIES_URL", default="").rstrip("/")
#: Seconds a shopper waits for the register at most; what it does not say by then is asked again later.
VIES_TIMEOUT_S = env.float("VIES_TIMEOUT_S", default=2.5)
