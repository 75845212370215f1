"""The library of holidays, of which a process loads the countries it asks for: its packages would load all 250 to know
one, and the calendars of all religions to know the Christian one, 12 MB and half a second of every process."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

#: What the countries we ask for take out of the library's packages, and the module it comes from.
EARLY = {
    "holidays.calendars": {},
    "holidays.countries": {},
    "holidays.financial": {},
    "holidays.groups": {
        "ChristianHolidays": "christian",
        "InternationalHolidays": "international",
        "StaticHolidays": "custom",
    },
}


class _Package(ModuleType):
    """A package that has not looked into its modules. Whoever wants more of it than ``EARLY`` gets all of it."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__path__ = list(spec.submodule_search_locations or [])
        self.__spec__ = spec

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by machinery that looks at modules
            raise AttributeError(name)
        early = EARLY[self.__name__].get(name)
        if early:
            found = getattr(import_module(f"{self.__name__}.{early}"), name)
            setattr(self, name, found)
            return found
        spec = self.__spec__
        if spec is None or spec.loader is None or "__file__" in vars(self):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__file__ = spec.origin
        spec.loader.exec_module(self)
        return getattr(self, name)


def _leave_the_others_out() -> None:
    library = find_spec("holidays")
    if library is None or library.name in sys.modules:
        return
    for name in EARLY:
        spec = PathFinder.find_spec(name, list(library.submodule_search_locations or []))
        if spec is not None:
            sys.modules[name] = _Package(spec)


_leave_the_others_out()
import holidays  # noqa: E402

country_holidays, financial_holidays = holidays.country_holidays, holidays.financial_holidays
