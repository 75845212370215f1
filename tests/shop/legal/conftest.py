"""A shop as it should be: written pages, the seller, goods of every kind, an order that was mailed and invoiced."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as real
from django.db import transaction

from shop.legal.rules import in_force, read
from shop.legal.running import run
from tests.shop.legal.shop import build
from tests.support.helpers import Outbox, Queue

Faults = Callable[..., dict[str, list[str]]]


@pytest.fixture(scope="module")
def _built(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Built once: every test of the module changes it in a savepoint of its own."""
    with django_db_blocker.unblock(), Queue().catching():
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]  # what a test wraps around itself
        with around:
            build(Outbox())
            yield
            transaction.set_rollback(True)


@pytest.fixture
def lawful_shop(_built: None, db: None) -> None:
    """A shop in which no rule finds anything."""


@pytest.fixture
def faults() -> Faults:
    """Run rules (by name; all of them without) and say what each found: ``faults("withdrawal link", day=...)``."""

    def run_them(*names: str, day: Any = None) -> dict[str, list[str]]:
        from shop.kernel.clock import today

        rules = [rule for rule in read() if not names or rule.name in names]
        assert len(rules) == (len(names) or len(read()))
        day = day or today()
        findings, _found = run(day, rules)
        assert len(findings) == len(in_force(rules, day))
        return {finding.rule.name: finding.faults for finding in findings if finding.faults}

    return run_them


@pytest.fixture
def change_template(tmp_path: Path, settings: Any) -> Callable[[str, str, str], None]:
    """Render a template with something else in it: ``change_template("storefront/base.html", old, new)``."""

    def change(name: str, old: str, new: str) -> None:
        target = tmp_path / name
        source = target if target.exists() else real.BASE_DIR / "templates" / name
        text = source.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}: the test changes nothing"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace(old, new), encoding="utf-8")
        engines = copy.deepcopy(real.TEMPLATES)
        engines[0]["DIRS"] = [tmp_path, real.BASE_DIR / "templates"]
        settings.TEMPLATES = engines

    return change
