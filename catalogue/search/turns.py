"""A campaign begins or ends without anybody writing a row: pages that were made before hear of it.

Lists ask at each question which campaigns run, so they are right by themselves. What keeps whole pages looks for a
change, and here is one: looked for each second, told once. The moment that was told last lies beside the index, so
that it is told also by a worker that was down at that moment.
"""

from __future__ import annotations

from contextlib import suppress

from catalogue.campaigns import last_turns
from shop.kernel.sharing import RULES, touch

from .alone import folder

_told = ""


def tell() -> bool:
    """Have pages made anew where a campaign began or ended since this was asked last on this host. One query; a write
    only then. Two processes that ask at once both tell, which does no harm."""
    global _told
    found = " ".join(turn.isoformat() for turn in last_turns() if turn)
    if found == _told:
        return False
    with suppress(OSError):  # the file is not there yet
        if (folder() / "turned").read_text() == found:
            _told = found
            return False
    touch(RULES)  # before it is noted as told: where the database is busy the next second tries again
    _told = found
    with suppress(OSError):  # it is told once by each process then
        (folder() / "turned").write_text(found)
    return True


def forget() -> None:
    """Look into the file at the next question."""
    global _told
    _told = ""
