"""How the stories in a browser are shared out between two processes (``-n 2 --dist loadgroup``).

Those before the one running Kontor stay in one process, which begins with them, so that one Kontor is started; every
other story goes to whoever is free. The marker xdist_group would say the same, but pytest 9.2 no longer lets xdist
write it into the names of tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from .environment import ROOT

SHARED = "live_kontor"  #: the fixture


class Stories(LoadScopeScheduling):
    """One story at a time, and those that share the running Kontor as one."""

    def _split_scope(self, nodeid: str) -> str:
        return SHARED if _shares(ROOT / nodeid.partition("::")[0]) else nodeid


@cache
def _shares(path: Path) -> bool:
    return SHARED in path.read_text()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Stories | None:
    """Ours for ``loadgroup``, xdist's own for everything else."""
    return Stories(config, log) if config.getvalue("dist") == "loadgroup" else None
