"""Boot checks of the kernel: sound state machines, and no two halves of a profile that hurt each other.

They run with every management command and when a worker starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.files.storage import storages

from .profile import Capability, capabilities
from .states import MACHINES
from .visitors import networks

LOOPBACK = ("127.0.0.1", "localhost", "::1", "")
PLACEHOLDER_SECRET_BEGINS = "kontor-placeholder-secret"  # noqa: S105


@register()
def machines_are_sound(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An unknown target or an unreachable state stops the start."""
    return [
        Error(problem, id="kernel.E001") for machine in MACHINES.values() for problem in machine.problems()
    ]


@register()
def halves_fit(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A profile is a set of addresses; some sets would lose data or give secrets away."""
    found = {capability.name: capability for capability in capabilities()}
    return [*_money(), *_real_address(found), *_several_hosts(found)]


def _money() -> Iterator[CheckMessage]:
    if settings.DEBUG and settings.STRIPE_SECRET_KEY.startswith(("sk_live", "rk_live")):
        yield Error(
            "live Stripe keys with DEBUG: an error page would show them",
            hint="unset DEBUG, or use test keys",
            id="kernel.E101",
        )


def _real_address(found: dict[str, Capability]) -> Iterator[CheckMessage]:
    """What is harmless on one's own machine and is not where others can come."""
    if not found["address"].is_scaled:
        return
    if settings.SECRET_KEY.startswith(PLACEHOLDER_SECRET_BEGINS):
        yield Error(
            f"the placeholder SECRET_KEY beside the real address {settings.SITE_URL}: anybody could forge sessions",
            hint="set SECRET_KEY to 50 random characters",
            id="kernel.E102",
        )
    if settings.DEBUG:
        yield Error(
            "DEBUG beside a real address shows the code to strangers", hint="unset DEBUG", id="kernel.E103"
        )
    if not settings.SITE_URL.startswith("https://"):
        yield Error(
            f"{settings.SITE_URL} is not https: passwords and addresses would travel in the open",
            hint="put a server with a certificate in front and set SITE_URL=https://...",
            id="kernel.E104",
        )
    if not found["payments"].is_scaled:
        yield Warning(
            "a real address with the Stripe stand-in: orders are taken and no money moves",
            hint="set STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY and STRIPE_WEBHOOK_SECRET",
            id="kernel.W105",
        )


@register()
def proxies_are_addresses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A server in front that cannot be recognised would be counted as one visitor."""
    try:
        networks(tuple(settings.TRUSTED_PROXIES))
    except ValueError as problem:
        return [
            Error(
                f"TRUSTED_PROXIES: {problem}",
                hint="give addresses or networks, separated by commas: 10.0.0.0/8,fd00::/8",
                id="kernel.E109",
            )
        ]
    return []


@register(deploy=True)
def the_server_in_front_is_named(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """With https a server with the certificate stands in front, and every visitor seems to come from it."""
    if settings.TRUSTED_PROXIES or not settings.SITE_URL.startswith("https://"):
        return []
    return [
        Warning(
            "no TRUSTED_PROXIES: limits per visitor count nobody behind a server with a private address, and everybody "
            "as one behind a public one",
            hint="set TRUSTED_PROXIES to the addresses that the server in front has as seen from the shop",
            id="kernel.W110",
        )
    ]


@register()
def only_the_demo_is_let_off(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Names under .example belong to nobody (RFC 2606): a real person's address cannot be let off by mistake."""
    real = [name for name in settings.DEMO_STAFF_DOMAINS if not name.lower().endswith(".example")]
    if not real:
        return []
    return [
        Error(
            f"DEMO_STAFF_DOMAINS lets staff of {', '.join(real)} in by a password alone",
            hint="only domains under .example may stand there: those of a demo shop",
            id="kernel.E111",
        )
    ]


@register(deploy=True)
def staff_show_a_second_factor(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A demo shop may let its staff in by password alone; a real one must not."""
    if not settings.DEMO_STAFF_DOMAINS:
        return []
    return [
        Warning(
            f"staff of {', '.join(settings.DEMO_STAFF_DOMAINS)} sign in without a second factor",
            hint="set DEMO_STAFF_DOMAINS to nothing, unless this is a demo shop",
            id="kernel.W112",
        )
    ]


@register()
def breached_passwords_are_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A list that is named and not there would let every stolen password through."""
    path = settings.PASSWORDS_BREACHED_FILE
    if not path or os.access(path, os.R_OK):
        return []
    return [
        Error(
            f"PASSWORDS_BREACHED_FILE: {path} cannot be read",
            hint="put the sorted list of SHA-1 there, or unset it (docs/operations.md)",
            id="kernel.E113",
        )
    ]


@register(deploy=True)
def the_bucket_is_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Where files are kept in S3, its server is asked once: without the bucket every upload and document would fail."""
    options = settings.STORAGES["default"].get("OPTIONS", {})
    bucket, server = options.get("bucket_name"), options.get("endpoint_url") or "S3"
    if not bucket:
        return []
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        storages["default"].connection.meta.client.head_bucket(Bucket=bucket)  # type: ignore[attr-defined]
    except ClientError as error:
        code = error.response["ResponseMetadata"]["HTTPStatusCode"]
        problem = "there is no such bucket" if code == HTTPStatus.NOT_FOUND else f"it refuses us ({code})"
    except BotoCoreError as error:
        problem = f"it does not answer ({error})"
    else:
        return []
    return [
        Error(
            f"files are to be kept in the bucket {bucket} at {server}: {problem}",
            hint="make the bucket, or look at S3_BUCKET, S3_ENDPOINT_URL, S3_ACCESS_KEY and S3_SECRET_KEY",
            id="kernel.E114",
        )
    ]


def _several_hosts(found: dict[str, Capability]) -> Iterator[CheckMessage]:
    """A queue on another host means workers on other hosts; they must see the same data."""
    broker = urlsplit(settings.CELERY_BROKER_URL)
    if broker.scheme in ("filesystem", "memory") or (broker.hostname or "") in LOOPBACK:
        return
    if not found["database"].is_scaled:
        yield Error(
            "SQLite with a queue on another host: workers there would write into files of their own",
            hint="set DATABASE_URL, or unset BROKER_URL",
            id="kernel.E106",
        )
    if not found["storage"].is_scaled:
        yield Warning(
            "uploads and invoices in a folder, with a queue on another host: every host must mount the same folder",
            hint="set S3_BUCKET, or mount KONTOR_DATA_DIR on all of them",
            id="kernel.W107",
        )
    if not found["cache"].is_scaled:
        yield Warning(
            "a cache in each process, with a queue on another host: limits on log-ins count per process",
            hint="set CACHE_URL",
            id="kernel.W108",
        )
