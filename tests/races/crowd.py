"""Many people doing one thing in the same moment: real threads, real commits, a barrier before the start."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections

PATIENCE_S = 120


def all_at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run every deed in a thread of its own from one starting shot; the results, or the exceptions raised."""
    shot = threading.Barrier(len(deeds))
    answers: list[Any] = [None] * len(deeds)

    def run(position: int, deed: Callable[[], Any]) -> None:
        try:
            shot.wait(PATIENCE_S)
            answers[position] = deed()
        except Exception as error:
            answers[position] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i, deed), daemon=True) for i, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), "somebody is still waiting"
    return answers
