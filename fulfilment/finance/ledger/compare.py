"""Two tellings of the same facts, compared by the database: what differs comes back, however long the books are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

SHOWN = 20  #: differences that come back; the first ones are what a person looks at


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact: what each side sums up to, and how many rows each side has of it."""

    fact: str
    here: int
    there: int
    rows_here: int
    rows_there: int


def side(rows: Any, fact: Any, amount: Any) -> Any:
    """One telling for ``differences``: rows of a queryset, what names the fact of each, and its amount."""
    return rows.order_by().annotate(fact=fact, amount=amount).values("fact", "amount")


def differences(here: Any, *there: Any, only_here: bool = False, shown: int = SHOWN) -> list[Difference]:
    """Facts on which ``here`` and ``there`` differ, in their order. Made by ``side``; rows of one fact
    are summed up.

    only_here: what only the other side tells of is left out. One query, which brings home ``shown`` rows at most.
    """
    sides: list[str] = []
    params: list[Any] = []
    for is_here, rows in [(True, here), *((False, one) for one in there)]:
        sql, values = rows.query.sql_with_params()
        columns = "amount AS ours, 0 AS theirs, 1 AS mine, 0 AS other"
        if not is_here:
            columns = "0 AS ours, amount AS theirs, 0 AS mine, 1 AS other"
        sides.append(f"SELECT fact, {columns} FROM ({sql}) AS side{len(sides)}")
        params += values
    also = "AND SUM(mine) > 0" if only_here else ""
    both = " UNION ALL ".join(sides)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT fact, SUM(ours), SUM(theirs), SUM(mine), SUM(other) FROM ({both}) AS both_sides "
            f"GROUP BY fact HAVING SUM(ours) <> SUM(theirs) {also} ORDER BY fact LIMIT {int(shown)}",
            params,
        )
        found: Sequence[Any] = cursor.fetchall()
    return [Difference(str(fact), int(a), int(b), int(m), int(n)) for fact, a, b, m, n in found]
