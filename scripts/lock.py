"""Pin the libraries of requirements/*.in with hashes, for every system: `make lock`."""

from __future__ import annotations

import subprocess
import sys

from .fingerprints import ROOT

REQUIREMENTS = ROOT / "requirements"


def compile_one(name: str, *more: str) -> None:
    """Write ``name.txt`` from ``name.in``; no index address gets into the file."""
    subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "compile", f"requirements/{name}.in", "-o", f"requirements/{name}.txt",
            "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header",
            "--quiet", *more,
        ],
        cwd=ROOT, check=True,
    )  # fmt: skip


def main() -> int:
    """base.txt first: the others are bound by it."""
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv else []
    compile_one("base", *upgrade)
    compile_one("test", *upgrade)
    compile_one("carriers", *upgrade)
    compile_one("browser", *upgrade)
    return 0


if __name__ == "__main__":
    sys.exit(main())
