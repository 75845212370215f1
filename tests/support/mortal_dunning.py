"""A dunning run that is killed with SIGKILL: ``python -m tests.support.mortal_dunning DAY WHERE TIMES``.

WHERE: ``items`` (notices are written, their items are not), ``told`` (all is written, not committed), ``committed``
(between two transactions), or ``never``. It dies when it comes by there for the TIMES-th time.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

CUSTOMERS_PER_CHUNK = 10


def main() -> None:
    """Run the letters of a day in small chunks, and die on the way."""
    django.setup()
    from fulfilment.finance.dunning.actions import run, write
    from fulfilment.finance.dunning.actions.run import Result
    from fulfilment.finance.dunning.models import DunningItem

    day, where, times = dt.date.fromisoformat(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    passed = 0

    def die(here: str) -> None:
        nonlocal passed
        passed += here == where
        if passed == times and here == where:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_items(insert: Callable[..., None]) -> Callable[..., None]:
        def deadly(model: Any, *args: Any) -> None:
            if model is DunningItem:
                die("items")
            insert(model, *args)

        return deadly

    def after(work: Callable[..., Any], here: str) -> Callable[..., Any]:
        def deadly(*args: Any, **kwargs: Any) -> Any:
            answer = work(*args, **kwargs)
            die(here)
            return answer

        return deadly

    write.bulk.insert = before_items(write.bulk.insert)  # type: ignore[assignment]
    write.record = after(write.record, "told")  # type: ignore[assignment]
    Result.add = after(Result.add, "committed")  # type: ignore[method-assign]
    run(day=day, chunk=CUSTOMERS_PER_CHUNK)


if __name__ == "__main__":
    main()
