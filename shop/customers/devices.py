"""What device a browser says it is, in two words for its owner. It is what the browser says: no proof of anything."""

from __future__ import annotations

from django.utils.translation import gettext as _

#: What stands in the header -> how people call it. The first that fits: most browsers name others besides.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)
READ_MAX = 500  #: characters of the header that are looked at


def words_of(header: str) -> str:
    """The words that are kept: "Firefox|Windows", one or both empty. Nothing of what was sent is kept itself."""
    said = header[:READ_MAX]
    return "|".join(next((name for sign, name in known if sign in said), "") for known in (BROWSERS, SYSTEMS))


def device_of(words: str) -> str:
    """For people: "Firefox, Windows"; "unknown device" where nothing was known."""
    parts = [part for part in words.split("|") if part]
    return ", ".join(parts) if parts else _("unknown device")
