"""`python -m fulfilment.warehouse.dispatch.standin`: start the carrier's stand-in."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from .server import Server
from .world import Settings, World


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; secrets come from the environment so that they do not show in `ps`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12112, help="port on 127.0.0.1 (0: a free one)")
    parser.add_argument("--webhook-url", default="", help="where events are pushed; empty: nowhere")
    parser.add_argument("--state", default="", help="file that keeps the shipments; empty: memory only")
    parser.add_argument("--until-stdin-closes", action="store_true")
    parser.add_argument("--loud", action="store_true", help="a line per request")
    return parser.parse_args(given)


def _end_with_stdin(server: Server) -> None:
    while os.read(0, 1024):
        pass
    server.shutdown()


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    options = arguments()
    settings = Settings(
        control_token=os.environ.get("CARRIER_STANDIN_CONTROL_TOKEN", ""),
        webhook_url=options.webhook_url,
        webhook_secret=os.environ.get("CARRIER_WEBHOOK_SECRET", ""),
    )
    if options.webhook_url and not settings.webhook_secret:
        sys.exit("--webhook-url needs CARRIER_WEBHOOK_SECRET.")
    world = World(settings, Path(options.state) if options.state else None)
    try:
        server = Server(options.port, world)
    except OSError as error:
        sys.exit(f"The stand-in cannot listen on 127.0.0.1:{options.port}: {error.strerror}.")
    server.quiet = not options.loud
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    if options.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
    sys.stdout.write(f"Carrier stand-in on {server.url} (no parcel moves)\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
