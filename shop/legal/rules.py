"""The rules as they stand in ``rules.toml``: read, checked for sense, and chosen by day."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "rules.toml"
FIELDS = ("name", "duty", "source", "valid_from", "valid_to", "scope", "check")


@dataclass(frozen=True)
class Rule:
    """One duty. ``valid_to`` is its last day, None while it goes on; ``scope`` "" looks at the database."""

    name: str
    duty: str
    source: str
    valid_from: dt.date
    check: str
    valid_to: dt.date | None
    scope: str
    options: dict[str, Any]

    @property
    def to_fill_in(self) -> bool:
        """Whether what it finds is a thing that nobody but the shop can supply: it is said, and nothing is broken."""
        return bool(self.options.get("to_fill_in"))

    def texts(self, language: str) -> list[str]:
        """What must be said in ``language`` (two letters), without capitals."""
        return [text.casefold() for text in self.options.get("texts", {}).get(language, [])]


def read(path: Path = FILE) -> list[Rule]:
    """All rules of a file, in its order. Raises KeyError or ValueError for one that makes no sense."""
    rules = [_rule(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["rule"]]
    names = [rule.name for rule in rules]
    if len(set(names)) < len(names):
        raise ValueError("two rules have the same name")
    return rules


def in_force(rules: list[Rule], day: dt.date) -> list[Rule]:
    """The rules that apply on ``day``."""
    return [
        rule for rule in rules if rule.valid_from <= day and (rule.valid_to is None or day <= rule.valid_to)
    ]


def _rule(row: dict[str, Any]) -> Rule:
    rule = Rule(
        name=row["name"],
        duty=row["duty"],
        source=row["source"],
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
        scope=row.get("scope", ""),
        check=row["check"],
        options={key: value for key, value in row.items() if key not in FIELDS},
    )
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        raise ValueError(f"{rule.name}: it ends before it begins")
    return rule
