"""Everything that must hold: `make test`. `--only lint` for what needs no test run; further words go to pytest."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .fingerprints import ROOT

PYTHON = sys.executable
WORKERS = "2"
#: Stories in a browser, two side by side: one alone keeps no more than one of two cores busy.
STORIES = "browser"
#: Need the machine for themselves: a worker that is killed, a shop that is flooded.
ALONE = "live and not browser"
#: A browser draws when it likes. A test that fails there is run once more and named at the end with what went wrong, so
#: that it gets mended.
ONCE_MORE = ["--reruns", "1", "-rR", "--rerun-show-tracebacks"]
PYTEST = [PYTHON, "-m", "pytest", "-q", "--durations=8", "--durations-min=5"]


@dataclass
class Step:
    """One thing to hold; quiet ones show their output only when they fail."""

    name: str
    command: list[str]
    quiet: bool = True
    seconds: float = 0.0
    failed: bool = field(default=False)

    def run(self) -> Step:
        """Do it and note time and outcome."""
        began = time.monotonic()
        if not self.quiet:
            print(f"\n== {self.name}", flush=True)
        done = subprocess.run(
            self.command,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE if self.quiet else None,
            stderr=subprocess.STDOUT if self.quiet else None,
            check=False,
        )
        self.seconds, self.failed = time.monotonic() - began, done.returncode != 0
        if self.quiet and self.failed:
            print(f"\n== {self.name}\n{done.stdout}", flush=True)
        return self


def lint() -> list[Step]:
    """What can be said without running anything. Import contracts are tests/architecture."""
    return [
        Step("format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
        Step("lint", [PYTHON, "-m", "ruff", "check", "."]),
        Step("types", [PYTHON, "-m", "mypy"]),
    ]


def preparation() -> list[Step]:
    """Template databases, made while the linters run; skipped by themselves when they are there."""
    return [
        Step(f"template database ({name})", [PYTHON, "-m", "tests.support.templates", name])
        for name in ("sqlite", "postgres")
    ]


def tests(arguments: list[str]) -> list[Step]:
    """The test runs, one after the other: they want both cores."""
    together = ["-n", WORKERS, "--dist", "worksteal"]
    # The stories that share one running Kontor stay together: tests/support/stories.py.
    by_group = ["-n", WORKERS, "--dist", "loadgroup"]
    in_process = "not (browser or live)"
    return [
        Step("tests on SQLite", [*PYTEST, *together, "-m", in_process, *arguments], quiet=False),
        Step(
            "tests on PostgreSQL",
            [*PYTEST, *together, "--db=postgres", "-m", f"both_databases and {in_process}", *arguments],
            quiet=False,
        ),
        Step(
            "stories in a browser", [*PYTEST, *by_group, "-m", STORIES, *ONCE_MORE, *arguments], quiet=False
        ),
        Step("the running shop", [*PYTEST, "-m", ALONE, *ONCE_MORE, *arguments], quiet=False),
    ]


def one_after_the_other(steps: list[Step]) -> list[Step]:
    """Run a row of steps."""
    return [step.run() for step in steps]


def main() -> int:
    """Run all, also after a failure, and say at the end what held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("lint", "tests"))
    options, arguments = parser.parse_known_args()
    done: list[Step] = []
    with ThreadPoolExecutor() as pool:
        rows = [lint()] if options.only == "lint" else [lint(), preparation()]
        if options.only == "tests":
            rows = [preparation()]
        for finished in pool.map(one_after_the_other, rows):
            done += finished
    if options.only != "lint":
        done += one_after_the_other(tests(arguments))
    print()
    for step in done:
        print(f"{'FAILED' if step.failed else 'ok':<7} {step.name:<34} {step.seconds:6.1f} s")
    return 1 if any(step.failed for step in done) else 0


if __name__ == "__main__":
    sys.exit(main())
