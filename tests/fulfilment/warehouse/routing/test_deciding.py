"""Which site sends: every piece once, never more than a site has, the same answer to the same facts, and the rules."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfilment.warehouse.routing.deciding import Need, SiteFacts, decide
from fulfilment.warehouse.routing.places import distance_km, place_of

RULES = ["complete", "nearest", "least_split"]
needs_of = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 4)), st.integers(1, 6)), min_size=1, max_size=6
).map(lambda rows: [Need(n, record, quantity) for n, (record, quantity) in enumerate(rows, start=1)])
site = st.builds(
    SiteFacts,
    code=st.just("?"),
    pieces=st.dictionaries(st.integers(1, 4), st.integers(0, 8), max_size=4),
    km=st.one_of(st.none(), st.integers(0, 900)),
    position=st.integers(0, 3),
)


def named(sites: list[SiteFacts]) -> list[SiteFacts]:
    return [SiteFacts(f"S{n}", s.pieces, s.km, s.position) for n, s in enumerate(sites)]


sites_of = st.lists(site, min_size=1, max_size=9).map(named)


@given(needs=needs_of, sites=sites_of, rules=st.permutations(RULES), asked=st.integers(0, 3))
def test_every_piece_goes_to_one_site_and_no_site_gives_more_than_it_has(
    needs: list[Need], sites: list[SiteFacts], rules: list[str], asked: int
) -> None:
    decision = decide(needs, sites, rules[:asked])
    per_line: dict[int, int] = defaultdict(int)
    taken: dict[tuple[str, int], int] = defaultdict(int)
    record_of = {need.order_line_id: need.stockrecord_id for need in needs}
    for part in decision.parts:
        assert part.quantity > 0
        per_line[part.order_line_id] += part.quantity
        if part.found:
            taken[part.site, record_of[part.order_line_id] or 0] += part.quantity
    assert per_line == {need.order_line_id: need.quantity for need in needs}
    has = {s.code: s.pieces for s in sites}
    assert all(n <= has[code].get(record, 0) for (code, record), n in taken.items())
    assert decision.reasons


@given(needs=needs_of, sites=sites_of, rules=st.permutations(RULES))
def test_nothing_is_missing_that_some_site_has(
    needs: list[Need], sites: list[SiteFacts], rules: list[str]
) -> None:
    wanted: dict[int, int] = defaultdict(int)
    for need in needs:
        if need.stockrecord_id is not None:
            wanted[need.stockrecord_id] += need.quantity
    there = {record: sum(s.pieces.get(record, 0) for s in sites) for record in wanted}
    nobody_sells = sum(need.quantity for need in needs if need.stockrecord_id is None)
    lacking = sum(max(0, n - there[record]) for record, n in wanted.items())
    assert decide(needs, sites, rules).missing == lacking + nobody_sells


@given(
    needs=needs_of, sites=sites_of, rules=st.permutations(RULES), shuffled=st.randoms(use_true_random=False)
)
def test_the_same_facts_in_any_order_give_the_same_decision(
    needs: list[Need], sites: list[SiteFacts], rules: list[str], shuffled: object
) -> None:
    first = decide(needs, sites, rules)
    others, again = list(sites), list(needs)
    shuffled.shuffle(others)  # type: ignore[attr-defined]
    shuffled.shuffle(again)  # type: ignore[attr-defined]
    assert decide(again, others, rules) == first


SHOE, BOOT = 1, 2
HAMBURG = SiteFacts("hh", {SHOE: 5, BOOT: 0}, km=10, position=1)
MUNICH = SiteFacts("muc", {SHOE: 5, BOOT: 5}, km=600, position=2)
BERLIN = SiteFacts("b", {SHOE: 0, BOOT: 5}, km=250, position=3)
BOTH = [Need(1, SHOE, 1), Need(2, BOOT, 1)]


@pytest.mark.parametrize(
    ("rules", "sites", "reasons"),
    [
        (["complete", "nearest"], ("muc",), ("most", "complete")),
        (["nearest", "complete"], ("b", "hh"), ("most", "nearest")),
        (["least_split", "nearest"], ("muc",), ("most", "least_split")),
        ([], ("hh", "muc"), ("most",)),
    ],
)
def test_the_rules_are_asked_in_their_order(
    rules: list[str], sites: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    decision = decide(BOTH, [HAMBURG, MUNICH, BERLIN], rules)
    assert (decision.sites, decision.reasons, decision.missing) == (sites, reasons, 0)


def test_the_nearest_of_two_that_have_everything_sends() -> None:
    decision = decide([Need(1, SHOE, 2)], [MUNICH, HAMBURG], RULES)
    assert (decision.sites, decision.reasons) == (("hh",), ("nearest",))


def test_the_only_one_that_has_everything_sends() -> None:
    decision = decide([Need(1, BOOT, 2)], [MUNICH, HAMBURG], RULES)
    assert (decision.sites, decision.reasons) == (("muc",), ("complete",))


def test_what_nobody_has_is_short_at_the_site_that_sends_most() -> None:
    decision = decide([Need(1, SHOE, 2), Need(2, 99, 1)], [MUNICH, HAMBURG], RULES)
    assert [(part.order_line_id, part.site, part.found) for part in decision.parts] == [
        (1, "hh", True),
        (2, "hh", False),
    ]


def test_without_any_goods_the_first_site_waits_for_them() -> None:
    decision = decide([Need(1, 99, 2)], [MUNICH, HAMBURG], RULES)
    assert (decision.sites, decision.reasons, decision.missing) == (("hh",), ("nowhere",), 2)


def test_twenty_sites_are_searched_greedily_and_nothing_is_lost() -> None:
    sites = [SiteFacts(f"s{n:02d}", {n: 1}, km=n, position=n) for n in range(20)]
    decision = decide([Need(n, n, 1) for n in range(20)], sites, RULES)
    assert (decision.missing, len(decision.sites)) == (0, 20)


def test_without_a_site_nobody_decides() -> None:
    with pytest.raises(ValueError, match="no site"):
        decide(BOTH, [], RULES)


def test_places_are_about_right() -> None:
    hamburg, munich = place_of("DE", "20457"), place_of("DE", "80331")
    assert 580 <= (distance_km(hamburg, munich) or 0) <= 640
    assert place_of("DE", "99999") and place_of("AT", "1010") == place_of("AT", "6020")
    assert place_of("DE", "05000") == place_of("DE", ""), "a region nobody knows: the centre of the country"
    assert place_of("XX", "1") is None
    assert distance_km(None, hamburg) is None
    assert distance_km(hamburg, hamburg) == 0
