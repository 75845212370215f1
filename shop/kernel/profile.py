"""The profile as resolved: for each capability the half that is in force and where it is, without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings

EMBEDDED, SCALED = "embedded", "scaled"


@dataclass(frozen=True)
class Capability:
    """One row of the table: name, half, where it is, and the variable that scales it."""

    name: str
    half: str
    where: str
    variable: str

    @property
    def is_scaled(self) -> bool:
        """Whether it needs a server of its own."""
        return self.half == SCALED


def without_secrets(address: str) -> str:
    """An address that may be shown: user, password and query are left out."""
    parts = urlsplit(address)
    if not parts.hostname:
        return f"{parts.scheme}:" if parts.scheme else address
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def capabilities() -> list[Capability]:
    """Every capability of this process."""
    return [
        _database(),
        _queue(),
        _cache(),
        _search(),
        _storage(),
        _mail(),
        _payments(),
        _carriers(),
        _address(),
    ]


def _row(name: str, scaled: bool, where: object, variable: str) -> Capability:
    return Capability(name, SCALED if scaled else EMBEDDED, str(where), variable)


def _database() -> Capability:
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        return _row("database", False, f"SQLite {database['NAME']}", "DATABASE_URL")
    host = database.get("HOST") or database.get("OPTIONS", {}).get("host") or "local socket"
    return _row("database", True, f"PostgreSQL {database['NAME']} on {host}", "DATABASE_URL")


def _queue() -> Capability:
    address = settings.CELERY_BROKER_URL
    if address.startswith("filesystem"):
        folder = settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"]
        return _row("queue", False, f"files in {folder}", "BROKER_URL")
    return _row("queue", True, without_secrets(address), "BROKER_URL")


def _cache() -> Capability:
    cache = settings.CACHES["default"]
    is_local = "locmem" in cache["BACKEND"]
    location = cache.get("LOCATION", "")
    addresses = location if isinstance(location, list | tuple) else [location]
    where = "in each process" if is_local else ", ".join(without_secrets(str(one)) for one in addresses)
    return _row("cache", not is_local, where, "CACHE_URL")


def _search() -> Capability:
    if settings.SEARCH_URL:
        return _row("search", True, f"Elasticsearch {without_secrets(settings.SEARCH_URL)}", "SEARCH_URL")
    return _row("search", False, f"index in {settings.SEARCH_DIR}", "SEARCH_URL")


def _storage() -> Capability:
    default = cast(dict[str, Any], settings.STORAGES["default"])
    options = default.get("OPTIONS", {})
    if "s3" not in default["BACKEND"].lower():
        return _row("storage", False, f"folder {settings.MEDIA_ROOT}", "S3_BUCKET")
    where = f"bucket {options.get('bucket_name')} on {without_secrets(options.get('endpoint_url') or 'AWS')}"
    return _row("storage", True, where, "S3_BUCKET")


def _mail() -> Capability:
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return _row("mail", True, f"SMTP {settings.EMAIL_HOST}:{settings.EMAIL_PORT}", "EMAIL_URL")
    return _row("mail", False, f"files in {getattr(settings, 'EMAIL_FILE_PATH', 'memory')}", "EMAIL_URL")


def _payments() -> Capability:
    where = f"Stripe stand-in {settings.STRIPE_API_BASE}" if settings.STRIPE_IS_STANDIN else "Stripe"
    if settings.PAYMENTS_ELSEWHERE:
        where = "other processes; this one takes no money"
    return _row("payments", not settings.STRIPE_IS_STANDIN, where, "STRIPE_SECRET_KEY")


def _carriers() -> Capability:
    where = (
        f"DHL Parcel DE on {without_secrets(settings.CARRIER_DHL_URL)}"
        if settings.CARRIER_DHL_URL
        else "own label"
    )
    return _row("carriers", bool(settings.CARRIER_DHL_URL), where, "CARRIER_DHL_URL")


def _address() -> Capability:
    is_local = urlsplit(settings.SITE_URL).hostname in ("127.0.0.1", "localhost", "::1")
    return _row("address", not is_local, settings.SITE_URL, "SITE_URL")
