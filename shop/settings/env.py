"""Where settings come from: the environment, and a file ``.env`` beside manage.py if there is one.

The environment wins. KONTOR_ENV_FILE names another file (tests name an empty one: no address of yours reaches them).
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
ENV_FILE = Path(os.environ.get("KONTOR_ENV_FILE") or BASE_DIR / ".env")
if ENV_FILE.is_file():
    environ.Env.read_env(ENV_FILE)

#: Settings that may stand in a file of their own: NAME_FILE=/run/secrets/name instead of NAME=... Empty: not set.
SECRETS = (
    "SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "BROKER_URL", "CACHE_URL", "EMAIL_URL",
    "S3_ACCESS_KEY", "S3_SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET",
    "CARRIER_DHL_PASSWORD", "CARRIER_DHL_CLIENT_SECRET", "CARRIER_WEBHOOK_SECRET", "METRICS_TOKEN",
    "BACKUP_KEY",
)  # fmt: skip


def read_secrets(environment: MutableMapping[str, str]) -> None:
    """Put what NAME_FILE names under NAME. Raises ImproperlyConfigured for a file that cannot be read, and where both
    are set: nobody could say which counts."""
    for name in SECRETS:
        path = environment.get(f"{name}_FILE")
        if not path:
            continue
        try:
            said = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read ({error})") from error
        if environment.get(name) and environment[name] != said:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; leave one out")
        if said:
            environment[name] = said  # a process that we start gets both, and they agree


read_secrets(os.environ)

#: Everything a running shop writes, in one folder: database, uploads, queue, index, mails.
DATA_DIR = Path(env.str("KONTOR_DATA_DIR", default=str(BASE_DIR / "var")))
