"""Lines of the log: text for people or JSON for machines (LOG_FORMAT), each with the id of what caused it, masked.

``id`` is the click's (or the message's, or the night's task's); ``thread`` that of the order it turned out to be
about, which is what events, moves, mails and postings carry (outbox/threads.py). For the click that places an order
both are one.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

from .masks import mask
from .outbox import core, threads

#: What a LogRecord has by itself; anything else was given by ``extra=``.
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


def ids() -> dict[str, str]:
    """The ids of the block that is running; empty outside of any."""
    cause, thread = core._correlation.get(), threads.only_one_met()
    return ({"id": cause} if cause else {}) | ({"thread": thread} if thread and thread != cause else {})


#: What would begin a line that nobody wrote, or steer the screen on which it is read.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)} | {9: "\t"}
#: JSON leaves these as they are; for some who gather lines they end one.
_LEFT_BY_JSON = {code: f"\\u{code:04x}" for code in (*range(127, 160), 0x2028, 0x2029)}


class Line(logging.Formatter):
    """One line of text, the id at its end. What somebody sent cannot end it: only a traceback has lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The text, with control characters written out."""
        record.message = record.message.translate(_CONTROL)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """Masked as a whole, with its traceback."""
        found = ids()
        mark = "".join(f" {name}={value}" for name, value in found.items())
        first, break_, rest = mask(super().format(record)).partition("\n")
        return f"{first}{mark}{break_}{rest}"


class Json(logging.Formatter):
    """One JSON object per line: at, level, logger, message, id, thread, error, and what ``extra=`` gave."""

    def format(self, record: logging.LogRecord) -> str:
        """Every text in it is masked; ids and numbers are kept."""
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": mask(record.getMessage()),
            "process": record.process,
        }
        more = {key: value for key, value in record.__dict__.items() if key not in _OWN}
        line |= {key: _plain(value) for key, value in more.items() if key not in ("request", "data")}
        line |= ids()
        if record.exc_info:
            line["error"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False).translate(_LEFT_BY_JSON)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))
