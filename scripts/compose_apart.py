"""What docker-compose.yml keeps apart: who reaches whom, who knows which secret, how much each may write to the log.

Part of scripts/compose_check.py. Whoever breaks into one container finds there what it needs itself and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

OURS = ("migrate", "web", "worker-money", "worker-documents", "worker-index", "worker-bulk", "beat")
_WITH_FILES = tuple(name for name in OURS if name != "beat")
_TAKES_MONEY = ("web", "worker-money")
_ASKS_THE_CARRIER = ("worker-documents", "worker-bulk")
#: Who needs a secret; nobody else gets it.
KNOWS = {
    "secret_key": OURS,
    "database_url": OURS,
    "broker_url": OURS,  # beat and web write tasks, so does a migration that tells other rooms something
    "cache_url": OURS,
    "redis_conf": ("redis",),
    "postgres_password": ("postgres",),
    "rabbitmq_conf": ("rabbitmq",),
    "minio_password": (*_WITH_FILES, "minio", "bucket"),
    "email_url": _TAKES_MONEY,  # the queue of mails is that worker's; the office shows how mail goes out
    "metrics_token": ("web",),
    "stripe_secret_key": _TAKES_MONEY,
    "stripe_publishable_key": _TAKES_MONEY,
    "stripe_webhook_secret": _TAKES_MONEY,
    "carrier_dhl_password": _ASKS_THE_CARRIER,
    "carrier_dhl_client_secret": _ASKS_THE_CARRIER,
    "carrier_webhook_secret": ("web",),
}
#: Who has a way out, and what for.
OUTSIDE = {
    "proxy": "certificates of an authority; browsers come in by it",
    "web": "Stripe and the register of VAT ids",
    "worker-money": "Stripe and the mail server",
    "worker-documents": "the carrier",
    "worker-bulk": "the carrier, the register of VAT ids, endpoints of pushes",
    "mail": "its own page, on this machine alone",
}
FRONT = "proxy"
BEHIND_IT = {"web"}


def problems(compose: dict[str, Any]) -> Iterator[str]:
    """What is not kept apart, as sentences."""
    yield from _secrets(compose)
    yield from _ways_out(compose)
    yield from _neighbours(compose)
    for name, service in compose["services"].items():
        if not {"max-size", "max-file"} <= set(service.get("logging", {}).get("options", {})):
            yield f"{name} may fill the disk with its log: no max-size and max-file"


def _secrets(compose: dict[str, Any]) -> Iterator[str]:
    for name, service in compose["services"].items():
        has = {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}
        needs = {secret for secret, services in KNOWS.items() if name in services}
        yield from (f"{name} gets {one}, which it does not need" for one in sorted(has - needs))
        yield from (f"{name} does not get {one}, which it needs" for one in sorted(needs - has))


def networks(service: dict[str, Any]) -> set[str]:
    """The networks of a service by name; "default" where none is named, none at all where it has none."""
    return set() if service.get("network_mode") == "none" else set(service.get("networks", ["default"]))


def _ways_out(compose: dict[str, Any]) -> Iterator[str]:
    inner = {name for name, said in compose.get("networks", {}).items() if (said or {}).get("internal")}
    out = {name for name, service in compose["services"].items() if networks(service) - inner}
    yield from (f"{name} has a way out, and nobody says what for" for name in sorted(out - set(OUTSIDE)))
    yield from (
        f"{name} has no way out, and needs it: {OUTSIDE[name]}" for name in sorted(set(OUTSIDE) - out)
    )


def _neighbours(compose: dict[str, Any]) -> Iterator[str]:
    """Whoever takes over the server in front meets the shop's own door and nothing behind it."""
    services = compose["services"]
    beside = networks(services[FRONT])
    reached = {name for name, service in services.items() if networks(service) & beside} - {FRONT}
    if reached != BEHIND_IT:
        yield f"{FRONT} reaches {', '.join(sorted(reached)) or 'nobody'}; it must reach {', '.join(BEHIND_IT)} alone"
    ranges = [one["subnet"] for name in sorted(beside)
              for one in (compose["networks"].get(name) or {}).get("ipam", {}).get("config", [])]  # fmt: skip
    believed = services["web"]["environment"].get("TRUSTED_PROXIES")
    if [believed] != ranges:
        yield f"web believes {believed} who its visitors are, {FRONT} is in {', '.join(ranges) or 'no named network'}"
