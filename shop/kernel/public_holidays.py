"""The library of holidays, of which a process loads the countries it asks for: its packages would load all 250 to know
one, 8 MB and half a second of every process."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

import holidays


def _leave_the_others_out() -> None:
    for name in ("holidays.countries", "holidays.financial"):
        spec = find_spec(name)
        if name in sys.modules or spec is None:
            continue
        package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations or [])
        package.__spec__ = spec
        sys.modules[name] = package


_leave_the_others_out()
country_holidays, financial_holidays = holidays.country_holidays, holidays.financial_holidays
