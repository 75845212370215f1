"""The register, as a stand-in, and a country that is delivered to abroad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.vies import Register


@pytest.fixture
def register(settings: Any) -> Iterator[Register]:
    """The stand-in, which the shop asks."""
    with Register().running() as found:
        settings.VIES_URL = found.url
        yield found
