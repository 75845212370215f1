"""Another time than now: ``KONTOR_TEST_NOW=2026-12-31T23:50+01:00`` begins every test at that moment.

For finding what fails only at midnight, at the end of a month or on the night the clocks change. The clock of Django
is set wrong, and with it the shop's, which runs on from there; the machine's own (``time.time``, processes that tests
start, dates of files) stays right. A run of tests that ask those too can differ without a fault.
"""

from __future__ import annotations

import datetime as dt
import os

from django.utils import timezone

CHOICE = "KONTOR_TEST_NOW"
_right = timezone.now
_wrong_by = dt.timedelta()


def prepare() -> None:
    """Set Django's clock when a moment was asked for. Before Django is set up: libraries bind ``now`` when imported.

    Raises:
        ValueError: when the variable holds no moment of ISO 8601, or none with a zone.
    """
    if CHOICE in os.environ:
        begin()
        timezone.now = _wrong


def begin() -> None:
    """From now on it is the chosen moment, when one was chosen."""
    global _wrong_by
    if CHOICE in os.environ:
        moment = dt.datetime.fromisoformat(os.environ[CHOICE])
        if moment.tzinfo is None:
            raise ValueError(f"{CHOICE}={moment.isoformat()} needs a zone, as in 2026-12-31T23:50+01:00")
        _wrong_by = moment - _right()


def _wrong() -> dt.datetime:
    return _right() + _wrong_by
