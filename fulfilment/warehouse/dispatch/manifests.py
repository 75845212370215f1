"""Manifests: what a carrier took, per carrier and day, signed by its driver.

Only parcels that have left go onto a manifest: closing one lets nothing leave that nobody scanned. A parcel names its
manifest, so it is in one at most; of two people who close at the same moment one finds nothing left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from shop.kernel.clock import now, today
from shop.kernel.numbers import next_with_gaps
from shop.kernel.transactions import retrying

from .errors import DispatchError
from .models import SENT, Manifest, Parcel

NUMBER_SERIES = "manifest"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the next manifest of a carrier would hold, and what is still here."""

    carrier: str
    parcels: int
    weight_g: int
    still_here: int


def due(carrier: str | None = None) -> QuerySet[Parcel]:
    """Parcels that have left and are on no manifest."""
    rows = Parcel.objects.filter(kind=SENT, manifest=None).exclude(state__in=("packed", "unpacked"))
    return rows if carrier is None else rows.filter(carrier=carrier)


def waiting() -> list[Waiting]:
    """Per carrier: what the next manifest would hold. Two queries."""
    here = dict(
        Parcel.objects.filter(kind=SENT, state="packed")
        .order_by()
        .values_list("carrier")
        .annotate(n=Count("pk"))
    )
    gone = {
        carrier: (count, weight or 0)
        for carrier, count, weight in due()
        .order_by()
        .values_list("carrier")
        .annotate(n=Count("pk"), w=Sum("weight_g"))
    }
    return [
        Waiting(name, *gone.get(name, (0, 0)), still_here=here.get(name, 0))
        for name in sorted({*here, *gone})
    ]


def close(*, carrier: str, by: Any, seen: int | None = None) -> Manifest:
    """Write the manifest of everything this carrier took and that is on none yet.

    ``seen``: how many parcels the person saw; when another parcel has left since, they are asked to look again.
    DispatchError when nothing has left.
    """
    number = f"M{next_with_gaps(NUMBER_SERIES) + 10000}"

    def write() -> Manifest:
        manifest = Manifest.objects.create(
            number=number,
            carrier=carrier,
            day=today(),
            parcel_count=0,
            weight_g=0,
            closed_at=now(),
            closed_by=by,
        )
        count = due(carrier).update(manifest=manifest)
        if not count:
            raise DispatchError(
                _("No parcel of %(carrier)s has left that is not on a manifest.") % {"carrier": carrier}
            )
        if seen is not None and seen != count:
            raise DispatchError(_("Meanwhile it is %(n)s parcels. Please look again.") % {"n": count})
        weight = manifest.parcels.aggregate(n=Sum("weight_g"))["n"] or 0
        Manifest.objects.filter(pk=manifest.pk).update(parcel_count=count, weight_g=weight)
        manifest.refresh_from_db()
        return manifest

    return retrying(write)
