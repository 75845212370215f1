"""Figures for Prometheus at /metrics, as plain text (exposition format 0.0.4). For who runs the shop, not for
everybody: with METRICS_TOKEN by that token, without only from this machine and only in a shop without a real address.

Read from the tables at each question, so every web process answers alike; a constant number of queries, and of rows.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.figures import ATTEMPTED, Sample, taken
from shop.kernel import counters, work
from shop.kernel.access import public
from shop.kernel.checks import LOOPBACK
from shop.kernel.clock import now
from shop.kernel.models import Attempted, QueuePulse, Upkeep
from shop.kernel.profile import capabilities

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@dataclass(frozen=True)
class Figure:
    """One metric: name without ``kontor_``, what it says, its kind (gauge, counter), its samples."""

    name: str
    help: str
    samples: list[Sample]
    kind: str = "gauge"


@public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures; for others there is nothing here."""
    if not may_read(request):
        raise Http404("metrics")
    return HttpResponse(exposition(figures()), content_type=CONTENT_TYPE)


def may_read(request: HttpRequest) -> bool:
    """Whether who asks knows the token, or where there is none sits at this machine."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    local = request.META.get("REMOTE_ADDR", "") in LOOPBACK and not any(n in request.META for n in FORWARDED)
    return local and not next(c for c in capabilities() if c.name == "address").is_scaled


def figures() -> list[Figure]:
    """All of them. What would read whole tables was taken by the clock (figures.py) and says how old it is."""
    return [*_taken(), *_waiting(), *_working(), *_keeping()]


TEXTS = {
    "orders": "Orders by state.",
    "payments": "Payments by method and outcome.",
    "payments_declined": "Open payments whose last card was declined.",
    "refunds": "Refunds by state.",
    **{f"{name}_dead": f"Rows of {name} that were given up." for name, _model, _since in ATTEMPTED},
    "stock_mismatches": "Stock that is not the sum of its movements or reservations.",
}


def _taken() -> Iterator[Figure]:
    samples, moments = taken()
    for name, text in TEXTS.items():
        if name in samples:
            yield Figure(name, text, [(labels, value) for labels, value in samples[name]])
    text = "Since orders and what was given up were counted, and stock was added up."
    yield Figure("taken_age_seconds", text, [({"what": name}, _since(at)) for name, at in moments.items()])


def _waiting() -> Iterator[Figure]:
    """What is to be told or done, and waits: outbox, inbox, mails, pushes. Only those rows are read."""
    for name, model, since in ATTEMPTED:
        waits = model._default_manager.filter(state=Attempted.PENDING)
        found = waits.aggregate(n=Count("pk"), oldest=Min(since))
        yield Figure(f"{name}_pending", f"Rows of {name} that wait.", [({}, found["n"])])
        text = f"Age of the oldest row of {name} that waits."
        yield Figure(f"{name}_age_seconds", text, [({}, _since(found["oldest"]))])


def _working() -> Iterator[Figure]:
    """The queues and the tasks by the clock."""
    seen = {row.queue: row for row in QueuePulse.objects.all()}
    late: list[Sample] = [({"queue": q}, lag_s(seen[q])) for q in settings.QUEUES if q in seen]
    yield Figure(
        "queue_lag_seconds", "How long a message waits in a queue, or since when no worker came.", late
    )
    troubles = work.troubles().order_by("task").values_list("task", "failures")
    yield Figure(
        "task_failures", "Failures in a row of tasks by the clock.", [({"task": t}, n) for t, n in troubles]
    )
    found = counters.totals()
    pages = [
        ({"from": n.removeprefix("pages_")}, found.get(n, 0))
        for n in counters.NAMES
        if n.startswith("pages_")
    ]
    text = "Pages answered: kept ones (cache hits), made to be kept (misses), one reader's own."
    yield Figure("pages_total", text, [(labels, float(n)) for labels, n in pages], "counter")
    refused = float(found.get("cache_refused", 0))
    yield Figure(
        "cache_refused_total", "Values in the cache that the shop did not write.", [({}, refused)], "counter"
    )


def lag_s(pulse: QueuePulse) -> float:
    """Seconds a queue is behind: what its last sign of life waited, or the time since one is overdue."""
    waited = (pulse.ran_at - pulse.sent_at).total_seconds()
    overdue = (now() - pulse.ran_at).total_seconds() - settings.PULSE_EVERY_S
    return max(waited, overdue, 0.0)


def _keeping() -> Iterator[Figure]:
    rows = Upkeep.objects.filter(ok=True).order_by().values_list("kind").annotate(t=Max("ended_at"))
    ages: list[Sample] = [({"kind": kind}, _since(ended)) for kind, ended in rows]
    yield Figure("upkeep_age_seconds", "Since the last good backup and restore test.", ages)


def _since(moment: dt.datetime | None) -> float:
    return max(0.0, (now() - moment).total_seconds()) if moment else 0.0


def exposition(found: Iterable[Figure]) -> str:
    """The text that Prometheus reads."""
    lines: list[str] = []
    for figure in found:
        name = f"kontor_{figure.name}"
        lines += [f"# HELP {name} {figure.help}", f"# TYPE {name} {figure.kind}"]
        lines += [f"{name}{_labels(labels)} {_number(value)}" for labels, value in figure.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    parts = [f'{name}="{_escaped(value)}"' for name, value in labels.items()]
    return "{" + ",".join(parts) + "}" if parts else ""


def _escaped(value: Any) -> str:
    return str(value).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.3f}"


urlpatterns = [path("metrics", metrics, name="metrics")]
