"""Payments. Nothing set: our Stripe stand-in, a server of its own. STRIPE_SECRET_KEY: Stripe itself."""

from .env import env

STRIPE_STANDIN_URL = env.str("STRIPE_STANDIN_URL", default="http://127.0.0.1:12111")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
#: This process takes and gives back no money and is given no key for it; others of the shop are. It then calls nobody.
PAYMENTS_ELSEWHERE = env.bool("PAYMENTS_ELSEWHERE", default=False)
STRIPE_IS_STANDIN = not STRIPE_SECRET_KEY and not PAYMENTS_ELSEWHERE
if STRIPE_IS_STANDIN:
    STRIPE_SECRET_KEY = "sk_test_standin_kontor"  # noqa: S105
    STRIPE_PUBLISHABLE_KEY = "pk_test_standin_kontor"
    STRIPE_WEBHOOK_SECRET = "whsec_standin_kontor"  # noqa: S105
    STRIPE_API_BASE = STRIPE_STANDIN_URL
    STRIPE_JS_URL = f"{STRIPE_STANDIN_URL}/v3/stripe.js"
    STRIPE_CSP_SOURCES = [STRIPE_STANDIN_URL]
else:
    _without = {"default": ""} if PAYMENTS_ELSEWHERE else {}
    STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", **_without)
    STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", **_without)
    STRIPE_API_BASE = "https://api.stripe.com"
    STRIPE_JS_URL = "https://js.stripe.com/v3/"
    STRIPE_CSP_SOURCES = ["https://js.stripe.com", "https://hooks.stripe.com", "https://api.stripe.com"]
STRIPE_TIMEOUT_S = 10
STRIPE_MAX_RETRIES = 2
#: Calls that a process may have under way at once, and how long the next waits for one of these places.
STRIPE_AT_ONCE = 2
STRIPE_PLACE_WAIT_S = 0.5
