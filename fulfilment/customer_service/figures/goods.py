"""What comes back, and why: pieces by product, by what brought them back and by how they were."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case as Choice
from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Substr
from django.utils.translation import gettext_lazy as _

from catalogue.models import Product
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case
from fulfilment.warehouse.dispatch.models import ParcelLine
from fulfilment.warehouse.receiving.models import ReturnItem

PARCEL, DOCK = "parcel", "dock"
#: What brought pieces back: kinds of cases (a withdrawal is one), the carrier, or nobody who said so.
ORIGINS: dict[str, Any] = {
    **{kind.code: kind.title for kind in kinds.KINDS.values()},
    PARCEL: _("Carrier brought it back"),
    DOCK: _("Nobody announced it"),
}


@dataclass
class Comeback:
    """One product: pieces sent and come back in the period."""

    title: str = ""
    sent: int = 0
    origins: Counter[str] = field(default_factory=Counter)
    grades: Counter[str] = field(default_factory=Counter)

    @property
    def back(self) -> int:
        """Pieces that came back."""
        return sum(self.origins.values())


def by_product(first: dt.date, last: dt.date, words: str = "") -> list[Comeback]:
    """Products of which something was sent or came back, those with most returns first. Three queries."""
    found: dict[int | None, Comeback] = defaultdict(Comeback)
    back = ReturnItem.objects.filter(
        reception="received", booked_at__date__gte=first, booked_at__date__lte=last, order_line__isnull=False
    ).annotate(product=_product(), origin=_origin())
    for row in _sums(_named(back, words), "product", "origin", "grade"):
        product = found[row["product"]]
        product.origins[row["origin"]] += row["pieces"]
        product.grades[row["grade"]] += row["pieces"]
    sent = ParcelLine.objects.filter(
        parcel__dispatched_at__date__gte=first, parcel__dispatched_at__date__lte=last
    ).annotate(product=_product())
    for row in _sums(_named(sent, words), "product"):
        found[row["product"]].sent += row["pieces"]
    titles = {product.pk: product.title_local for product in Product.objects.filter(pk__in=_known(found))}
    for pk, product in found.items():
        product.title = titles.get(pk or 0) or str(_("Articles that are no longer in the range"))
    return sorted(found.values(), key=lambda one: (-one.back, -one.sent, one.title))


def _known(found: dict[int | None, Comeback]) -> list[int]:
    return [pk for pk in found if pk is not None]


def _product() -> Any:
    """The product as customers know it: the parent of a size."""
    return Coalesce(F("order_line__product__parent_id"), F("order_line__product_id"))


def _origin() -> Any:
    kind = Case.objects.filter(number=Substr(OuterRef("returning__cause"), len("case:") + 1)).values("kind")
    return Choice(
        When(returning__cause__startswith="withdrawal:", then=Value(kinds.WITHDRAWAL)),
        When(returning__cause__startswith="case:", then=Coalesce(Subquery(kind[:1]), Value(kinds.QUESTION))),
        When(returning__cause__startswith="parcel:", then=Value(PARCEL)),
        default=Value(DOCK),
        output_field=CharField(),
    )


def _named(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    for word in words.split()[:4]:
        rows = rows.filter(
            Q(order_line__title__icontains=word) | Q(order_line__partner_sku__istartswith=word)
        )
    return rows


def _sums(rows: QuerySet[Any], *keys: str) -> Any:
    return rows.order_by().values(*keys).annotate(pieces=Sum("quantity"))
