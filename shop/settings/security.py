"""What browsers are told: content policy with nonces, no frames, secure cookies beside a real address.

Pages add to the policy what they need and no other does (the card page: Stripe; a scanner: wasm), see ``csp_update``.
Why the editor has a policy of its own: docs/decisions/0091-policy-of-the-editor.md.
"""

from csp.constants import NONCE, NONE, SELF, UNSAFE_INLINE

from .base import SITE_URL
from .env import env

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "media-src": [SELF],
        "worker-src": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
    },
}
#: Of the editor at /cms/ alone: Wagtail writes scripts and styles into its pages. Nothing comes from elsewhere there
#: either, nothing is sent elsewhere, and only its own preview frames it.
EDITOR_POLICY = CONTENT_SECURITY_POLICY["DIRECTIVES"] | {
    "script-src": [SELF, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
    "frame-src": [SELF],
    "frame-ancestors": [SELF],
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "accelerometer": [],
    "autoplay": [],
    "bluetooth": [],
    "browsing-topics": [],
    "display-capture": [],
    "geolocation": [],
    "gyroscope": [],
    "hid": [],
    "magnetometer": [],
    "microphone": [],
    "midi": [],
    "serial": [],
    "usb": [],
    "camera": ["self"],
    "payment": ["self"],
    "publickey-credentials-create": ["self"],
    "publickey-credentials-get": ["self"],
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
#: Pages are read by our own only; pictures also by mails and those who link to a product.
RESOURCE_POLICY, RESOURCE_POLICY_OF_PICTURES = "same-origin", "cross-origin"
_https = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OSCAR_BASKET_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
#: Asked from inside, without a certificate.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
#: The merchant decides: these bind every other name below the shop's, and preloading cannot be taken back for months.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
#: Behind https no neighbouring name may set these cookies for us (RFC 6265bis, 4.1.3.2).
_prefix = "__Host-" if _https else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}sessionid", f"{_prefix}csrftoken"
LANGUAGE_COOKIE_NAME, MESSAGES_COOKIE_NAME = f"{_prefix}django_language", f"{_prefix}messages"
OSCAR_BASKET_COOKIE_OPEN = f"{_prefix}oscar_open_basket"
BASKET_COUNT_COOKIE_NAME, BASKET_LATER_COOKIE_NAME = f"{_prefix}basket_count", f"{_prefix}kept_for_later"
DEVICE_COOKIE_NAME = f"{_prefix}device"  #: by which a device is known that signed in before
MESSAGE_STORAGE = "shop.kernel.cookies.MessageStorage"
LANGUAGE_COOKIE_SECURE = _https
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
#: Servers in front of the shop, as addresses or networks: what they say in X-Forwarded-For is believed.
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "shop.errors.csrf_failure"
