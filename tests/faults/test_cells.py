"""Every cell of the table of faults has an expectation in words and a test that shows it."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

from tests.faults.cells import DEPENDENCIES, ELSEWHERE, EXPECTED, FAULTS, NOT_NEEDED_TO_BUY
from tests.support.environment import ROOT

HERE = Path(__file__).parent
Cell = tuple[str, str]


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def marked(node: ast.FunctionDef) -> list[Cell]:
    """Cells a test says it shows: ``@pytest.mark.cell("mail", "down")``."""
    return [
        (call.args[0].value, call.args[1].value)  # type: ignore[attr-defined]
        for call in node.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.cell"
    ]


def shown() -> dict[Cell, list[str]]:
    found: dict[Cell, list[str]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for node in functions(path):
            for cell in marked(node):
                found.setdefault(cell, []).append(f"{path.name}::{node.name}")
    return found


def test_every_cell_has_an_expectation_in_words() -> None:
    cells = set(product(DEPENDENCIES, FAULTS))
    assert set(EXPECTED) == cells
    assert not [cell for cell, words in EXPECTED.items() if len(words.split()) < 4]
    assert set(NOT_NEEDED_TO_BUY) <= set(DEPENDENCIES)


def test_every_cell_has_a_test() -> None:
    here = shown()
    assert set(here) <= set(EXPECTED), "a test shows a cell that the table does not have"
    bare = [cell for cell in EXPECTED if cell not in here and cell not in ELSEWHERE]
    assert not bare, f"no test shows {bare}"


def test_what_is_held_elsewhere_is_there() -> None:
    for cell, names in ELSEWHERE.items():
        assert cell in EXPECTED
        for name in names:
            path, _sep, function = name.partition("::")
            assert function in {node.name for node in functions(ROOT / path)}, name
