"""Mail. Nothing set: files in the data folder, shown in the dashboard's mailbox. EMAIL_URL: SMTP."""

from .env import DATA_DIR, env

if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mails")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Kontor <post@kontor.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
