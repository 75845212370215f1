"""One measured number, with its budget if it has one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A value with its unit; ``at_most`` or ``at_least`` is the budget somebody promised."""

    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the promise holds (True where none was made)."""
        too_much = self.at_most is not None and self.value > self.at_most
        too_little = self.at_least is not None and self.value < self.at_least
        return not too_much and not too_little

    def as_dict(self) -> dict[str, float | str]:
        """For results.json; a budget that was not named does not appear."""
        known = {"value": self.value, "unit": self.unit, "at_most": self.at_most, "at_least": self.at_least}
        return {name: value for name, value in known.items() if value is not None}

    def __str__(self) -> str:
        budget = f" (at most {self.at_most:g})" if self.at_most is not None else ""
        budget += f" (at least {self.at_least:g})" if self.at_least is not None else ""
        missed = "" if self.is_kept else "   MISSED"
        return f"{self.value:g} {self.unit}{budget}{missed}"
