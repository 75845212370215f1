"""All of tests/faults in full, one after the other, with a report: `make chaos`. Two hours on two cores.

``--short``: with the figures of `make test`; ``--only WORD``: the parts so named; further words go to pytest. The
seed is printed; ``CHAOS_SEED=17 make chaos`` repeats.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from .fingerprints import ROOT

REPORT = ROOT / "var" / "chaos" / "report.md"
TIME_LIMIT_S = 3 * 3600


@dataclass
class Part:
    """One thing that has to hold, with the figure it is held with."""

    name: str
    tests: str
    figures: dict[str, str]
    database: str = "sqlite"
    words: tuple[str, ...] = ()
    short: dict[str, str] = field(default_factory=dict)  #: figures of ``--short``; none: those of `make test`
    seconds: float = 0.0
    held: bool = False
    said: str = ""

    def run(self, seed: str, short: bool, words: list[str]) -> None:
        """Do it, and keep what it said."""
        command = [
            sys.executable, "-m", "pytest", "-q", "-s", "--tb=short", f"--db={self.database}",
            "-o", f"timeout={TIME_LIMIT_S}", *self.words, f"tests/faults/{self.tests}", *words,
        ]  # fmt: skip
        chosen = self.short if short else self.figures
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"CHAOS_SEED": seed} | chosen,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        self.seconds, self.held, self.said = time.monotonic() - began, done.returncode == 0, done.stdout

    @property
    def verdict(self) -> str:
        """Whether it held; a part that needs what this machine lacks was not tried."""
        if self.held and re.search(r"\d+ skipped", self.said) and not re.search(r"\d+ passed", self.said):
            return "not tried"
        return "yes" if self.held else "**no**"

    @property
    def lines(self) -> list[str]:
        """What is worth reading of what it said: all of a failure, else the figures it printed."""
        if not self.held:
            return self.said.splitlines()[-80:]
        return [line for line in self.said.splitlines() if line and not set(line) <= set(".s[]%0123456789 ")]


KILLS = {
    "CHAOS_KILLS": "300",
    "CHAOS_CRASHES": "30",
    "CHAOS_EMPTIED": "50",
    "CHAOS_BROKER_CRASHES": "30",
    "CHAOS_FILLED": "10",
    "CHAOS_SHIFTED": "10",
}
NO_BLOWS = dict.fromkeys(KILLS, "0")  #: for a part that deals one kind

PARTS = [
    Part("each dependency x each fault", "", {}, words=("-m", "not live")),
    Part("PostgreSQL away, slow, torn, a standby", "test_postgres.py", {}, "postgres"),
    Part("webhooks doubled, shuffled, late", "test_stripe_script.py", {"CHAOS_WEBHOOKS": "10000"}),
    Part(
        "checkouts on scarce stock",
        "test_scarce_stock.py",
        {"CHAOS_CHECKOUTS": "2000", "CHAOS_THREADS": "64"},
        "postgres",
    ),
    *(
        Part(
            f"kills, crashes, emptied queues, a full disk, a wrong clock: {name}",
            "test_kills.py",
            KILLS | {"CHAOS_BROKERS": name},
            short={"CHAOS_BROKERS": name},
        )
        for name in ("files", "redis", "rabbitmq")
    ),
    Part(
        "the disk of PostgreSQL full (kills)",
        "test_kills.py",
        NO_BLOWS | {"CHAOS_DATABASE_FULL": "10", "CHAOS_BROKERS": "files"},
        short=NO_BLOWS | {"CHAOS_DATABASE_FULL": "1", "CHAOS_BROKERS": "files"},
    ),
    Part("overload", "test_overload.py", {"CHAOS_MINUTES": "10"}),
]


def report(parts: list[Part], seed: str, short: bool) -> str:
    """The report as Markdown."""
    lines = [
        "# Chaos",
        f"Seed {seed}, {'short' if short else 'full'}, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| what | figures | held | s |",
        "|---|---|---|---|",
    ]
    for part in parts:
        figures = " ".join(
            f"{name}={value}" for name, value in part.figures.items() if name.startswith("CHAOS")
        )
        lines.append(f"| {part.name} | {figures} | {part.verdict} | {part.seconds:.0f} |")
    for part in parts:
        lines += ["", f"## {part.name}", "```", *part.lines, "```"]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run all, also after a failure; the report says what held. Returns 1 when something did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", default="", help="part of the name of a part")
    options, words = parser.parse_known_args()
    seed = os.environ.get("CHAOS_SEED") or str(random.randrange(10**6))
    print(f"CHAOS_SEED={seed}", flush=True)
    parts = [part for part in PARTS if options.only in part.name]
    for part in parts:
        print(f"{part.name} ...", flush=True)
        part.run(seed, options.short, words)
        print(f"{'held' if part.held else 'FAILED':<7} {part.name}, {part.seconds:.0f} s", flush=True)
        _write(REPORT, report(parts, seed, options.short))
    print(f"report: {REPORT.relative_to(ROOT)}")
    return 0 if all(part.held for part in parts) else 1


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
