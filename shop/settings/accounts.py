"""Accounts: django-allauth with the e-mail address as name. Roles are groups, see shop/dashboard/roles.py."""

from urllib.parse import urlsplit

from .base import SITE_URL
from .env import env

AUTH_USER_MODEL = "customer.User"
AUTHENTICATION_BACKENDS = [
    "shop.customers.backends.PermissionsInOneQuery",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "shop.customers.passwords.WellKnownValidator"},
    {"NAME": "shop.customers.passwords.HouseWordsValidator"},
    {"NAME": "shop.customers.passwords.BreachedPasswordValidator"},
]
#: Further words of the house that no password may consist of: brands, the name of the owner.
PASSWORD_WORDS: list[str] = env.list("PASSWORD_WORDS", default=[])
#: A sorted list of the SHA-1 of stolen passwords, which the shop reads and never fetches (docs/operations.md).
PASSWORDS_BREACHED_FILE = env.str("PASSWORDS_BREACHED_FILE", default="")
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  #: a changed password, address or factor is told to the address that was
#: Who changes the address of an account, or its factors, shows the password or a factor within so many seconds before.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_FORMS = {
    "signup": "shop.customers.signup.SignupForm",
    "reset_password": "shop.customers.reset.ResetPasswordForm",
}
ACCOUNT_ADAPTER = "shop.customers.adapter.AccountAdapter"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/account/"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "shop.customers.factor_secrets.MFAAdapter"  #: their secrets are sealed in their rows
MFA_FORMS = {
    "authenticate": "shop.customers.factor_forms.AuthenticateForm",
    "reauthenticate": "shop.customers.factor_forms.ReauthenticateForm",
}
#: Ours stand in shop/customers/limits.py: they count in the database, and lock nobody out of an account.
ACCOUNT_RATE_LIMITS = dict.fromkeys(("login", "login_failed", "reset_password", "signup"))
MFA_RATE_LIMITS = {"webauthn_login": None}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  #: steps of 30 seconds that a clock may be wrong
#: Staff show a second factor, always. Only people of the demo shop may be let off, by the domain of their addresses
#: (shop/demo/logins.py): by itself on one's own machine, beside a real address only where it is set.
_own_machine = (urlsplit(SITE_URL).hostname or "") in ("127.0.0.1", "localhost", "::1")
DEMO_STAFF_DOMAINS: list[str] = env.list(
    "DEMO_STAFF_DOMAINS", default=["kiekschuh.example"] if _own_machine else []
)
#: Seconds after which a session of staff ends: nothing done in it, and since signing in whatever was done.
STAFF_SESSION_IDLE_S = env.int("STAFF_SESSION_IDLE_S", default=2 * 3600)
STAFF_SESSION_LASTS_S = env.int("STAFF_SESSION_LASTS_S", default=12 * 3600)
#: Seconds after which a customer signs in again, however often they were here. Their basket is kept with the account.
CUSTOMER_SESSION_LASTS_S = env.int("CUSTOMER_SESSION_LASTS_S", default=30 * 24 * 3600)
#: For how many seconds a device is known that signed in before.
DEVICE_COOKIE_AGE_S = 1_209_600  # two weeks, as the privacy text says; each sign-in renews it
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = (
    1_209_600  # seconds: two weeks as the session, and as the privacy text says (Django: a year)
)
