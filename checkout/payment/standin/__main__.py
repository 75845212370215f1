"""`python -m checkout.payment.standin`: start the stand-in."""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
import threading

from .server import Server
from .store import Store
from .world import Settings, World


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; secrets may come from the environment so that they do not show in `ps`."""
    parser = argparse.ArgumentParser(prog="python -m checkout.payment.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=12111, help="port on 127.0.0.1 (0: a free one)")
    parser.add_argument("--webhook-url", default="", help="where events are sent; empty: nowhere")
    parser.add_argument("--webhook-secret", default=os.environ.get("STANDIN_WEBHOOK_SECRET", ""))
    parser.add_argument("--control-token", default=os.environ.get("STANDIN_CONTROL_TOKEN", ""))
    parser.add_argument("--state", required=True, help="the state file; made when it does not exist")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end when the starting process ends"
    )
    parser.add_argument("--quiet", action="store_true", help="no line per request")
    return parser.parse_args(given)


def _end_with_stdin(server: Server) -> None:
    while os.read(0, 1024):
        pass
    server.shutdown()


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    options = arguments()
    if options.webhook_url and not options.webhook_secret:
        sys.exit("--webhook-url needs --webhook-secret (or STANDIN_WEBHOOK_SECRET).")
    try:
        server = Server(options.port)
    except OSError as error:
        sys.exit(f"The stand-in cannot listen on 127.0.0.1:{options.port}: {error.strerror}.")
    try:
        store = Store(options.state)
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"The state file {options.state} cannot be used: {error}.")
    world = World(store, Settings(f"http://127.0.0.1:{server.server_port}", options.control_token))
    if options.webhook_url:
        world.set_webhook_target(options.webhook_url, options.webhook_secret)
    server.use(world)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    if options.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
    sys.stdout.write(f"Stripe stand-in on {world.settings.url} (no money moves)\n")
    sys.stdout.flush()
    server.quiet = options.quiet
    server.serve_forever(poll_interval=0.1)
    server.deliverer.stop()
    server.deliverer.join(timeout=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
