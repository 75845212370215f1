"""Names for the content of files: what has the same name need not be made again."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("shop", "catalogue", "checkout", "fulfilment")
#: Libraries that bring tables: another version may bring others.
WITH_TABLES = (
    "django", "django-oscar", "wagtail", "django-allauth", "django-taggit", "django-simple-history",
    "sorl-thumbnail", "django-treebeard", "django-modelcluster",
)  # fmt: skip


def versions() -> str:
    """The versions of everything that brings tables."""
    known = {dist.metadata["Name"].lower(): dist.version for dist in distributions() if dist.metadata["Name"]}
    return " ".join(f"{name}={known.get(name)}" for name in WITH_TABLES)


def digest(files: Iterable[Path], *more: str) -> str:
    """A short name for the content of ``files``."""
    summed = hashlib.sha256("\n".join(more).encode())
    for path in files:
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        summed.update(f"\n{name}\n".encode() + path.read_bytes())
    return summed.hexdigest()[:16]


def schema() -> str:
    """The name of the schema that the working tree describes."""
    return digest(migration_files(), versions())


def migration_files() -> list[Path]:
    """Our migrations, what they import from us, and what runs after every ``migrate``."""
    found: set[Path] = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            inside = path.relative_to(ROOT).parts
            is_migration = "migrations" in inside or inside[:2] == ("shop", "schema")
            if is_migration or "post_migrate" in path.read_text():
                found |= {path, *_imported(path)}
    return sorted(found | {ROOT / "shop" / "settings" / "base.py"})


def _imported(path: Path) -> Iterable[Path]:
    """Files of ours that ``path`` imports by ``from x import y``."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = package[: len(package) - node.level + 1] if node.level else ()
        module = (*base, *(node.module or "").split("."))
        if not module or module[0] not in ROOMS:
            continue
        for names in ((), *((alias.name,) for alias in node.names)):
            candidate = ROOT.joinpath(*(part for part in (*module, *names) if part)).with_suffix(".py")
            if candidate.is_file():
                yield candidate
