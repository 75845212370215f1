"""Which site sends which pieces: a pure function over facts, so that every decision can be explained and repeated.

Ways to send an order are compared by the pieces that are found, then by each rule in its order, then by the sites'
position. For a few sites every combination is looked at; for many, those that a greedy search proposes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from .models import COMPLETE, FIRST_BY_POSITION, LEAST_SPLIT, MOST, NEAREST, NOWHERE, ONLY_SITE

SITES_COMPARED_FULLY = 6  #: 63 combinations; above that the greedy search proposes some
FAR_KM = 40_000  #: a site whose place nobody knows is as far as can be


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What a site could send: free pieces per stock record, how far it is (km, None: not known), its turn."""

    code: str
    pieces: Mapping[int, int]
    km: int | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """Pieces of one order line that are to be sent; without a stock record nobody has them."""

    order_line_id: int
    stockrecord_id: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces of one order line that a site sends; not ``found``: it would have to, but has none."""

    order_line_id: int
    site: str
    quantity: int
    found: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """Every piece at one site, and the reasons: codes of the rules that told the ways apart, the first one first."""

    parts: tuple[Part, ...]
    reasons: tuple[str, ...]

    @property
    def missing(self) -> int:
        """Pieces that no site has."""
        return sum(part.quantity for part in self.parts if not part.found)

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that send or would send something, sorted."""
        return tuple(sorted({part.site for part in self.parts}))


def decide(needs: Iterable[Need], sites: Sequence[SiteFacts], rules: Sequence[str]) -> Decision:
    """The best way to send ``needs``. Every piece gets exactly one site, none is asked for more than it has.

    What nobody has goes to the site that sends most of the order: there it is short, and seen. ``rules``: kinds in
    order. ValueError without a site.
    """
    wanted = [need for need in sorted(needs, key=lambda need: need.order_line_id) if need.quantity > 0]
    if not sites:
        raise ValueError("no site may send")
    ordered = sorted(sites, key=lambda site: (site.position, site.code))
    if not wanted:
        return Decision((), ())
    ways = list({tuple(way.parts): way for way in _ways(wanted, ordered)}.values())
    fewest = min(way.missing for way in ways)
    if fewest == sum(need.quantity for need in wanted):
        return Decision(tuple(min(ways, key=lambda way: way.rank).parts), (NOWHERE,))
    reasons: list[str] = []
    able = [way for way in ways if way.missing == fewest]
    if len(able) < len(ways):
        alone = all(_score(COMPLETE, way, {}) == 0 for way in able)
        reasons.append(COMPLETE if alone else MOST)
    by_code = {site.code: site for site in ordered}
    for rule in rules:
        scores = [_score(rule, way, by_code) for way in able]
        best = [way for way, score in zip(able, scores, strict=True) if score == min(scores)]
        if len(best) < len(able):
            reasons.append(rule)
        able = best
    chosen = min(able, key=lambda way: way.rank)
    if len(ordered) == 1:
        reasons = [ONLY_SITE]
    return Decision(tuple(chosen.parts), tuple(dict.fromkeys(reasons)) or (FIRST_BY_POSITION,))


def _ways(needs: Sequence[Need], sites: Sequence[SiteFacts]) -> Iterable[_Way]:
    """Small choices first: of two that come to the same, the one without idle sites is kept."""
    found = [_Way(needs, chosen) for chosen in _choices(needs, sites)]
    return sorted(found, key=lambda way: way.rank, reverse=True)


def _score(rule: str, way: _Way, sites: Mapping[str, SiteFacts]) -> int:
    """How well a way follows a rule; less is better."""
    found = [part for part in way.parts if part.found]
    if rule == COMPLETE:
        return 0 if not way.missing and len({part.site for part in found}) == 1 else 1
    if rule == NEAREST:
        return sum(part.quantity * _km(sites[part.site]) for part in found)
    if rule == LEAST_SPLIT:
        return len({part.site for part in found})
    return 0


def _km(site: SiteFacts) -> int:
    return FAR_KM if site.km is None else site.km


class _Way:
    """One way to send: the sites of a choice give what they have, the nearest first."""

    def __init__(self, needs: Sequence[Need], sites: Sequence[SiteFacts]) -> None:
        self._sites = sorted(sites, key=lambda site: (_km(site), site.position, site.code))
        self._free = {(site.code, record): n for site in sites for record, n in site.pieces.items()}
        self.parts: list[Part] = []
        lost: list[tuple[Need, int]] = []
        for need in needs:
            left = self._give(need)
            if left:
                lost.append((need, left))
        self.missing = sum(left for _need, left in lost)
        home = self._home()
        self.parts += [Part(need.order_line_id, home, left, found=False) for need, left in lost]
        #: Ties end here: sites whose turn is earlier, then names, so that the same facts give the same answer.
        self.rank = tuple(sorted((site.position, site.code) for site in sites))

    def _give(self, need: Need) -> int:
        """Take pieces, all from one site where one has them. Returns what is missing."""
        if need.stockrecord_id is None:
            return need.quantity
        left = need.quantity
        whole = [site for site in self._sites if self._left(site, need) >= need.quantity]
        for site in whole[:1] or self._sites:
            taken = min(left, self._left(site, need))
            if taken > 0:
                self._free[site.code, need.stockrecord_id] -= taken
                left -= taken
                self.parts.append(Part(need.order_line_id, site.code, taken))
        return left

    def _left(self, site: SiteFacts, need: Need) -> int:
        return self._free.get((site.code, need.stockrecord_id or 0), 0)

    def _home(self) -> str:
        """The site that sends most; the nearest when none sends anything."""
        sums = dict.fromkeys((site.code for site in self._sites), 0)
        for part in self.parts:
            sums[part.site] += part.quantity
        return max(sums, key=lambda code: sums[code])  # the first of equals: the nearest


def _choices(needs: Sequence[Need], sites: Sequence[SiteFacts]) -> list[tuple[SiteFacts, ...]]:
    if len(sites) <= SITES_COMPARED_FULLY:
        sizes = range(1, len(sites) + 1)
        return [choice for size in sizes for choice in combinations(sites, size)]
    greedy = _greedy(needs, sites)
    return [*((site,) for site in sites), greedy, tuple(sites)]


def _greedy(needs: Sequence[Need], sites: Sequence[SiteFacts]) -> tuple[SiteFacts, ...]:
    """Again and again the site that has most of what is still missing; of equals the nearest, then the earlier turn."""
    wanted: dict[int, int] = {}
    for need in needs:
        if need.stockrecord_id is not None:
            wanted[need.stockrecord_id] = wanted.get(need.stockrecord_id, 0) + need.quantity
    chosen: list[SiteFacts] = []
    rest = list(sites)

    def gives(site: SiteFacts) -> int:
        return sum(min(n, site.pieces.get(record, 0)) for record, n in wanted.items())

    while rest:
        best = max(rest, key=lambda site: (gives(site), -_km(site), -site.position))
        if not gives(best):
            break
        wanted = {record: max(0, n - best.pieces.get(record, 0)) for record, n in wanted.items()}
        chosen.append(best)
        rest.remove(best)
    return tuple(chosen) or (sites[0],)
