"""Our own source as syntax trees, for tests that read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("shop", "catalogue", "checkout", "fulfilment")


@dataclass(frozen=True)
class Module:
    """One file of ours."""

    path: Path

    @property
    def name(self) -> str:
        """Its path inside the project."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        """Its content."""
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    def walk(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """Every node of these kinds."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def imports(self) -> Iterator[str]:
        """Names of everything it imports, also inside functions."""
        return _imported(self.walk(ast.Import, ast.ImportFrom))

    def top_level_imports(self) -> Iterator[str]:
        """Names of what it imports when it is itself imported."""
        return _imported(self.tree.body)

    def imports_from(self, module: str) -> bool:
        """Whether it imports something from ``module``."""
        return any(node.module == module for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom))

    def calls(self, *names: str) -> Iterator[tuple[str, ast.Call]]:
        """Calls of functions or methods by these names."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in names:
                    yield called, node


def _imported(nodes: object) -> Iterator[str]:
    for node in nodes:  # type: ignore[attr-defined]
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """Every Python file of our rooms, without migrations."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            inside = path.relative_to(ROOT).parts
            if "migrations" not in inside and inside[:2] != ("shop", "schema"):
                found.append(Module(path))
    return tuple(found)
