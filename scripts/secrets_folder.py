"""Make the folder ``secrets/`` that docker-compose.yml reads: ``python3 -m scripts.secrets_folder [FOLDER]``.

Random ones are made where they are missing and never changed; those of others (Stripe, the carrier) are empty files to
fill in. An empty file counts as not set. Who may not enter the folder cannot read them.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

MODE = 0o444  #: inside containers other users read them; the folder itself is closed
FOLDER_MODE = 0o711
OTHERS = ("stripe_secret_key", "stripe_publishable_key", "stripe_webhook_secret", "carrier_dhl_password",
          "carrier_dhl_client_secret", "carrier_webhook_secret")  # fmt: skip


def contents(have: dict[str, str]) -> dict[str, str]:
    """Every file by its name; what is there already is kept, and what holds a password agrees with its server's."""
    said = dict(have)
    for name in (
        "secret_key",
        "postgres_password",
        "rabbitmq_password",
        "cache_password",
        "minio_password",
        "metrics_token",
    ):
        said.setdefault(name, secrets.token_urlsafe(48))
    said.setdefault("database_url", f"postgres://kontor:{said['postgres_password']}@postgres:5432/kontor")
    said.setdefault("broker_url", f"amqp://kontor:{said['rabbitmq_password']}@rabbitmq:5672//")
    said.setdefault("rabbitmq_conf", f"default_user = kontor\ndefault_pass = {said['rabbitmq_password']}\n")
    said.setdefault("cache_url", f"redis://:{said['cache_password']}@redis:6379/1")
    said.setdefault("redis_conf", f"requirepass {said['cache_password']}\n")
    said.setdefault("email_url", "smtp://mail:1025")
    for name in OTHERS:
        said.setdefault(name, "")
    return said


def main(arguments: list[str]) -> int:
    """Write what is missing; says what."""
    folder = Path(arguments[0] if arguments else "secrets")
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    have = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    made = []
    for name, text in contents(have).items():
        if name not in have:
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(text)
            path.chmod(MODE)
            made.append(name)
    print(f"{folder}: made {', '.join(made) or 'nothing'}; fill in: {', '.join(OTHERS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
