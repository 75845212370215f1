"""Pages travel compressed, but for those where a length could tell a secret (docs/decisions/0101)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

#: Rooms whose pages travel as they are. Staff's show what was typed into the address beside what customers are called,
#: and an account's doors hold keys that stay the same from one answer to the next: two of the three things that
#: BREACH (CVE-2013-3587) needs.
PLAIN_ROOMS = frozenset({"accounts", "cms", "dashboard"})


class PackingMiddleware(GZipMiddleware):
    """Compress HTML of the shop for readers who take it, each answer padded by a random length.

    Django pads (``max_random_bytes``, "Heal the Breach") and masks the token of forms anew in each answer. Pages kept
    for everybody come here packed already. Streams, files and data are left as they are.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, packed where it may be."""
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.streaming or not is_page or _room(request.path) in PLAIN_ROOMS:
            return response
        return super().process_response(request, response)  # type: ignore[arg-type, return-value]


def _room(path: str) -> str:
    """The first word of an address after its language."""
    words = path.lstrip("/").split("/", 2)[:2]
    return words[-1] if words[0] in dict(settings.LANGUAGES) else words[0]
