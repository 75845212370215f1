"""What shop/web.py takes for granted of gunicorn's inner workings, function by function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest
from gunicorn import util
from gunicorn.http import body, message, parser, unreader, wsgi
from gunicorn.workers import gthread

from shop import web

#: Each function with the checksum of its source, and what we take for granted of it.
TAKEN: dict[Callable[..., Any], tuple[int, str]] = {
    gthread.TConn.__init__: (595119942, "a connection is made of (cfg, sock, client, server)"),
    gthread.TConn.init: (
        1927566615,
        "runs in the thread before each request; makes `parser` once, which has an `unreader`",
    ),
    gthread.TConn.close: (332371394, "closes at once unless `graceful`, which would wait in the main loop"),
    gthread.ThreadWorker.__init__: (
        2144021184,
        "`nr_conns`, `keepalived_conns`, `poller` mean what they did",
    ),
    gthread.ThreadWorker.accept: (2373436442, "counts `nr_conns`; we do it in its place"),
    gthread.ThreadWorker.on_client_socket_readable: (
        1404520364,
        "what a kept connection sends; we gather it instead",
    ),
    gthread.ThreadWorker.enqueue_req: (
        2796744314,
        "`handle` in a thread, then `finish_request` in the main loop",
    ),
    gthread.ThreadWorker.finish_request: (
        1147375468,
        "keeps a connection that may be kept, if its unreader has no rest",
    ),
    gthread.ThreadWorker.murder_pending: (
        2210480993,
        "called at least once a second, also while the worker ends",
    ),
    gthread.ThreadWorker._cap_keepalive: (
        1108263747,
        "called once when the worker ends, with the last moment for idle ones",
    ),
    gthread.ThreadWorker.run: (3377249209, "goes on while `nr_conns` > 0, at most graceful_timeout"),
    gthread.ThreadWorker.wait_for_and_dispatch_events: (
        219813136,
        "calls back for events that an earlier call made void",
    ),
    gthread.ThreadWorker.handle: (
        2643496344,
        "reads from nothing but the parser, once `data_ready` and `init` were seen to",
    ),
    gthread.ThreadWorker._keepalive_after: (2768188372, "throws away the rest of a body, from the unreader"),
    unreader.Unreader.read: (
        1237097385,
        "asks `chunk` for no more than is missing, if nothing is to be read ahead",
    ),
    unreader.Unreader.unread: (3521147169, "puts back what the parser did not need"),
    parser.Parser.finish_body: (1967221829, "needs no `sock` at the unreader"),
    parser.Parser.__next__: (1342316165, "makes each request from `self.unreader` of that moment"),
    body.LengthReader.read: (485652709, "reads by `unreader.read`, no more than the length"),
    message.Message.set_body_reader: (
        2915054369,
        "one Content-Length of digits; Transfer-Encoding we refuse before",
    ),
    message.Request.set_body_reader: (2033569763, "without a length there is no body"),
    util.write: (918964744, "writes by `sendall`"),
    util.write_chunk: (1497602679, "writes by `sendall`"),
    wsgi.Response.sendfile: (469272150, "writes files by `sock.sendfile(file, offset=, count=)`"),
}


@pytest.mark.parametrize("function", TAKEN, ids=lambda function: function.__qualname__)
def test_gunicorn_does_inside_what_our_worker_takes_for_granted(function: Callable[..., Any]) -> None:
    known, what = TAKEN[function]
    found = crc32(inspect.getsource(function).encode())
    assert found == known, (
        f"gunicorn changed {function.__module__}.{function.__qualname__}, of which shop/web.py takes for granted: "
        f"{what}. Read it again; if that is still so, write {found} here."
    )


def test_what_we_override_exists() -> None:
    """A method that gunicorn renamed would never be called, and stock threads would read from slow clients again."""
    for ours, theirs, names in (
        (web.Worker, gthread.ThreadWorker, "accept on_client_socket_readable enqueue_req finish_request"),
        (web.Worker, gthread.ThreadWorker, "murder_pending _cap_keepalive"),
        (web.Connection, gthread.TConn, "init"),
        (web.Gathered, unreader.Unreader, "read chunk"),
    ):
        for name in names.split():
            assert inspect.signature(getattr(ours, name)).parameters.keys() == (
                inspect.signature(getattr(theirs, name)).parameters.keys()
            ), name
