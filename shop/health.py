"""What a load balancer, an orchestrator and `make run` ask. Two questions, never one: a process that lives but cannot
reach its database must not be killed for it, only left alone until it can."""

from __future__ import annotations

import pkgutil
import time
from importlib import import_module
from importlib.util import find_spec

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.kernel.access import public

ASK_TIMEOUT_S = 1
BROKER_ASKED_EVERY_S = 10.0  #: strangers may ask us; that must not become a flood at the broker
_remembered: dict[str, tuple[float, str]] = {}
_applied = False  #: migrations do not go away again: asked until they are there


@public
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200: this process lives and answers. Asks nobody else; one that does not answer may be started anew."""
    return JsonResponse({"process": "lives"})


@public
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when shoppers may be sent here: the database answers and knows our schema. 503 when not. A queue that cannot
    be reached is said and is no reason: the outbox waits for it. Says nothing that is nobody's business."""
    found = {"database": "answers", "migrations": "applied"}
    try:
        if not migrations_are_applied():
            found["migrations"] = "missing"
    except DatabaseError:
        found = {"database": "does not answer"}
    ready = found == {"database": "answers", "migrations": "applied"}
    return JsonResponse(found | {"queue": queue()}, status=200 if ready else 503)


def migrations_are_applied() -> bool:
    """Whether the database has every migration of this code (a newer database is fine). Raises DatabaseError."""
    global _applied
    if _applied:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    there = MigrationRecorder(connection).applied_migrations()
    _applied = migrations_on_disk() <= set(there)
    return _applied


def migrations_on_disk() -> set[tuple[str, str]]:
    """Each migration of this code: its app and its name. Their files are not loaded, 500 of them are 9 MB."""
    found = set()
    for app in apps.get_app_configs():
        package, _is_explicit = MigrationLoader.migrations_module(app.label)
        if package is None or find_spec(package) is None:
            continue  # an app without a schema
        folder = getattr(import_module(package), "__path__", None)
        if not isinstance(folder, list):
            continue  # one file, or a folder without __init__.py: neither holds migrations for Django
        files = [one.name for one in pkgutil.iter_modules(folder) if not one.ispkg]
        found |= {(app.label, name) for name in files if name[0] not in "_~"}
    return found


def queue() -> str:
    """ "files", "answers" or "does not answer"; asked anew after BROKER_ASKED_EVERY_S."""
    if settings.CELERY_BROKER_URL.startswith(("filesystem", "memory")):
        return "files"
    moment, said = _remembered.get("queue", (-BROKER_ASKED_EVERY_S, ""))
    if time.monotonic() - moment >= BROKER_ASKED_EVERY_S:
        said = _ask_broker()
        _remembered["queue"] = (time.monotonic(), said)
    return said


def _ask_broker() -> str:
    try:
        with current_app.connection(connect_timeout=ASK_TIMEOUT_S) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=ASK_TIMEOUT_S)
    except Exception:  # whatever a broker client may raise
        return "does not answer"
    return "answers"


urlpatterns = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
