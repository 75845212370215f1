"""Keys in the addresses of mails (a new password, an order, a newsletter): whoever has one may do what its link does.

A mail that holds nothing else (``confidential``) forgets them in the moment it was sent. Staff see no key in any mail,
whatever their role: the addresses are shown without it.
"""

from __future__ import annotations

import re

TAKEN_OUT = "\N{HORIZONTAL ELLIPSIS}"  #: what stands in the place of a key
KEY_MIN = 16  #: signs; a nonce of ours has 22, what Django and allauth sign more
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
#: What stands behind / or =, long, with a digit or capital in it, as names of pages have none; behind key= and the like
#: whatever it is made of. It ends at the first sign that no key has: a bracket behind an address is not its end.
_KEY = re.compile(
    rf"(?<=[/=])(?:(?=[\w:.~%-]*[\dA-Z])|(?<=\bkey=)|(?<=\btoken=)|(?<=/key/))[\w:.~%-]{{{KEY_MIN},}}"
)


def without_keys(text: str) -> str:
    """HTML or plain text, each key in an address of it taken out."""
    return _ADDRESS.sub(lambda found: _KEY.sub(TAKEN_OUT, found[0]), text)
