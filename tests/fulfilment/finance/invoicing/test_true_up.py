"""The last cent of VAT when goodwill and pieces meet at one rate of an invoice."""

from __future__ import annotations

import pytest

from fulfilment.finance.invoicing.actions.true_up import vat_left


@pytest.mark.parametrize(
    ("gross", "vat", "lost", "left"),
    [
        # 37.12 with 6.19 VAT; goodwill 3.43, a pair of shoes, twice more goodwill, delivery: 1 cent of VAT was left
        (0, 1, (0, 0), 0),
        (0, -1, (0, 0), 0),  # a cent too much was about to be taken back
        (118_58, 18_92, (118_58, 18_93), 18_93),  # all is back but what was kept: exactly its VAT stays
        (
            118_60,
            18_90,
            (118_58, 18_93),
            18_93,
        ),  # two cents are still to come: no less than the VAT of what was kept
        (118_60, 18_96, (118_58, 18_93), 18_95),  # nor more than that and the price that is left
        (5, 7, (7, 1), 5),  # goodwill gave of what had been kept
        (500, 80, (0, 0), 80),  # nothing to mend
    ],
)
def test_vat_that_may_be_left(gross: int, vat: int, lost: tuple[int, int], left: int) -> None:
    assert vat_left(gross, vat, *lost) == left
