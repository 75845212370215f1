"""Where random tests begin: at the same place in every `make test`, elsewhere in a long run.

What guards main has to answer the same for the same code. Chance belongs where somebody reads what it found:
``KONTOR_SEED=random`` draws anew, ``KONTOR_SEED=4711`` repeats a run, a test's own variable wins over both.
"""

from __future__ import annotations

import os
import random

from hypothesis import settings

DEFAULT_SEED = 7
DRAWN = "random"


def seed(own: str = "") -> int:
    """The seed of a random test.

    Args:
        own: name of an environment variable of the test alone, e.g. ``RETURNS_SEED``.
    Returns:
        A number the test prints when it fails.
    Raises:
        ValueError: when a variable holds neither a number nor ``random``.
    """
    said = (os.environ.get(own) if own else None) or os.environ.get("KONTOR_SEED") or str(DEFAULT_SEED)
    return random.randrange(10**6) if said == DRAWN else int(said)


def hypothesis_profile() -> None:
    """Let hypothesis draw the same examples for the same code, unless chance was asked for."""
    settings.register_profile("same", derandomize=True)
    if os.environ.get("KONTOR_SEED") != DRAWN:
        settings.load_profile("same")
