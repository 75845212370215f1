"""Reads of recalls that more than one caller needs."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from .models import Recall


def recalls() -> QuerySet[Recall]:
    """Recalls with article and ``told``/``to_tell`` customers. One query, plus one for lots when prefetched."""
    return Recall.objects.select_related("stockrecord__product__parent", "created_by").annotate(
        told=Count("notices", filter=Q(notices__state="sent"), distinct=True),
        to_tell=Count("notices", filter=Q(notices__state="prepared"), distinct=True),
    )


def running() -> int:
    """Recalls that are not over."""
    return Recall.objects.filter(state__in=("prepared", "started")).count()


def progress(recall: Recall) -> dict[str, Any]:
    """How many customers are told: ``done``, ``all``, ``waiting``. One query."""
    states = dict(recall.notices.order_by().values_list("state").annotate(n=Count("pk")))
    done, waiting = states.get("sent", 0), states.get("prepared", 0)
    return {"done": done, "all": done + waiting, "waiting": waiting}
