"""What a container asks itself: ``python -m scripts.alive web|worker|beat``; exit status 1 when it does not work.

web: /readyz answers 200 under the shop's own name. worker and beat: they wrote their sign of life within a minute.
"""

from __future__ import annotations

import http.client
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

PORT = 8000
OLD_AFTER_S = 60.0
TIMEOUT_S = 4.0


def web() -> bool:
    """Whether the web server here is ready, asked as the server in front would."""
    host = urlsplit(os.environ.get("SITE_URL", "")).netloc or "127.0.0.1"
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wrote_lately(name: str) -> bool:
    """Whether ``<name>.alive`` in the data folder is young."""
    path = Path(os.environ.get("KONTOR_DATA_DIR", "/data"), f"{name}.alive")
    return path.exists() and time.time() - path.stat().st_mtime < OLD_AFTER_S


def main(arguments: list[str]) -> int:
    """0: alive."""
    if len(arguments) != 1 or arguments[0] not in ("web", "worker", "beat"):
        print(__doc__)
        return 2
    return 0 if (web() if arguments[0] == "web" else wrote_lately(arguments[0])) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
