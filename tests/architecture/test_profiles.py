"""The names in .env.example and docker-compose.yml are those that the settings read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.architecture.source import ROOT

READ = re.compile(r"""env\.\w+\(\s*["']([A-Z][A-Z0-9_]+)["']""")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
#: For docker-compose.yml itself, or for `make run`.
NOT_SETTINGS = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "MINIO_PASSWORD"}
OURS = ("web", "worker", "beat", "migrate")


def known() -> set[str]:
    """Every variable that settings read."""
    return {
        name for path in (ROOT / "shop" / "settings").glob("*.py") for name in READ.findall(path.read_text())
    }


def test_compose_sets_only_what_settings_read() -> None:
    for service in OURS:
        unknown = set(COMPOSE["services"][service]["environment"]) - known()
        assert not unknown, f"{service} sets {sorted(unknown)}, which no file of shop/settings reads"


def test_compose_asks_only_for_names_that_mean_something() -> None:
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert not asked - known() - NOT_SETTINGS


def test_the_example_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert not known() - named, "add it to .env.example with a word of what it does"
    assert not named - known(), "settings do not read it (any more)"


def test_only_loopback_is_opened() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not str(port).startswith("127.0.0.1:")] == []


def test_the_scaled_profile_is_scaled_in_every_part(tmp_path: Path) -> None:
    """Settings read with the addresses of docker-compose.yml; nothing is reached."""
    given = COMPOSE["services"]["web"]["environment"]
    filled = {name: re.sub(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}", lambda m: m.group(1) or "x" * 50, str(value))
              for name, value in given.items()}  # fmt: skip
    filled |= {"SITE_URL": "https://kontor.example", "STRIPE_SECRET_KEY": "sk_test_x"}
    filled |= {"STRIPE_PUBLISHABLE_KEY": "pk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
    filled |= {"CARRIER_DHL_URL": "https://carrier.example/parcel/de"}
    environment = {
        "KONTOR_DATA_DIR": str(tmp_path),
        "KONTOR_ENV_FILE": os.devnull,
        "PATH": os.environ["PATH"],
    }
    script = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'; django.setup();"
        "from shop.kernel.profile import capabilities; from shop.kernel.checks import halves_fit;"
        "print([row.name for row in capabilities() if not row.is_scaled], halves_fit(None))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment | filled,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "[] []", done.stdout + done.stderr
