"""Which libraries of others this shop runs with, as a file for programs that know of holes in them (CycloneDX 1.6)."""

from __future__ import annotations

import json
import re
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Prints what is installed, not what was meant to be. Asks nobody: whoever looks for known holes feeds it to a
    scanner of their choice (docs/operations.md, "Libraries")."""

    help = "print all libraries with their versions as CycloneDX JSON, for a scanner"

    def handle(self, *args: Any, **options: Any) -> None:
        """To the standard output."""
        found = sorted({*python_libraries(), *browser_libraries(settings.BASE_DIR / "package-lock.json")})
        components = [
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:{kind}/{_quoted(name)}@{version}",
            }
            for kind, name, version in found
        ]
        bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
        self.stdout.write(json.dumps(bill, indent=1))


def python_libraries() -> set[tuple[str, str, str]]:
    """("pypi", name, version) of each library that is installed; names as PyPI writes them (PEP 503)."""
    return {
        ("pypi", re.sub(r"[-_.]+", "-", str(one.metadata["Name"])).lower(), str(one.version))
        for one in distributions()
    }


def browser_libraries(lock: Path) -> set[tuple[str, str, str]]:
    """("npm", name, version) of what browsers get, from npm's lock file; nothing where there is none."""
    if not lock.is_file():
        return set()
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return {
        ("npm", path.rpartition("node_modules/")[2], one["version"])
        for path, one in packages.items()
        if path and not one.get("dev")
    }


def _quoted(name: str) -> str:
    return name.replace("@", "%40", 1)
