"""Which passwords are refused besides short, common and own ones (shop/settings/accounts.py names all validators)."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

log = logging.getLogger("shop.security")

#: Words of the house and its trade, of which no password may consist: the list of OWASP ASVS 6.1.2. The name of the
#: shop, the parts of its address and PASSWORD_WORDS come on top.
HOUSE_WORDS = (
    "kontor", "shop", "store", "laden", "onlineshop", "admin", "administrator", "root", "test", "demo", "user", "login",
    "passwort", "password", "kennwort", "geheim", "secret", "willkommen", "welcome", "hallo", "moin", "konto",
    "account", "kunde", "kundin", "customer", "service", "warehouse", "lager", "finance", "finanzen", "buchhaltung",
    "marketing", "manager", "chef", "office", "buero", "büro", "dashboard", "schuh", "schuhe", "shoe", "shoes",
    "sneaker", "stiefel", "fruehling", "frühling", "sommer", "summer", "herbst", "autumn", "winter",
)  # fmt: skip
OWN_LETTERS_MIN = 4  #: letters that a password has besides the words of the house
PARTS_MIN = 3  #: letters of a part of the address that counts as a word: not "de", not "my"
LINE_MAX = 80  #: bytes of a line of the list of breached passwords: 40 digits, a colon, a count


class HouseWordsValidator:
    """Refuses what consists of words of the house, digits and signs: "Kontor2026!!" is guessed first here."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError with words for who chooses the password."""
        letters = re.sub(r"[\W\d_]+", " ", password.lower())
        for word in sorted(house_words(), key=len, reverse=True):
            letters = letters.replace(word, " ")
        if len(letters.replace(" ", "")) < OWN_LETTERS_MIN and re.search(r"[^\W\d_]", password):
            raise ValidationError(
                _(
                    "This password consists of words that everybody tries here first. Please add words of your own."
                ),
                code="password_of_the_house",
            )

    def get_help_text(self) -> str:
        """Shown beside the field."""
        return _("Not only words like the name of the shop, with digits and signs.")


def house_words() -> set[str]:
    """The list, with the shop's name, the parts of its address and what the merchant added, in small letters."""
    host = (urlsplit(settings.SITE_URL).hostname or "").split(".")
    said = [settings.OSCAR_SHOP_NAME, *settings.PASSWORD_WORDS, *host]
    own = {part for text in said for part in re.split(r"[\W\d_]+", text.lower()) if len(part) >= PARTS_MIN}
    return own | set(HOUSE_WORDS)


class WellKnownValidator(CommonPasswordValidator):
    """Django's list of 20,000 words that everybody tries first, read when somebody chooses a password and then let go:
    kept, they are 2 MB of every process that has shown the form."""

    def __init__(self) -> None:
        """Nothing is read yet."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError with Django's words. Takes some 6 ms."""
        CommonPasswordValidator().validate(password, user)


class BreachedPasswordValidator:
    """Refuses what stands in ``PASSWORDS_BREACHED_FILE``: SHA-1 in capital hex, sorted, one a line, with or without
    ":count" behind it, as "Have I Been Pwned" gives its list out. Nothing set: nothing is refused here. No network."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError. A list that cannot be read refuses nobody and is said in the log: otherwise nobody
        could change a password that is known to be stolen."""
        if not settings.PASSWORDS_BREACHED_FILE:
            return
        try:
            found = is_breached(password, Path(settings.PASSWORDS_BREACHED_FILE))
        except OSError as problem:
            log.error("the list of breached passwords cannot be read: %s", problem.strerror)
            return
        if found:
            raise ValidationError(
                _(
                    "This password was stolen somewhere and is known to those who guess. Please choose another."
                ),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        """Shown beside the field."""
        return _("None that became known in a theft of data.")


def is_breached(password: str, path: Path) -> bool:
    """Whether the password's SHA-1 stands in the sorted list: some thirty reads, however long it is. Raises OSError."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:  # the first line that begins at or behind `low` and is not before `wanted`
            middle = (low + high) // 2
            file.seek(max(middle - 1, 0))
            if middle:
                file.readline(LINE_MAX)
            line = file.readline(LINE_MAX)
            if line and line[:40].upper() < wanted:
                low = middle + 1
            else:
                high = middle
        file.seek(max(low - 1, 0))
        if low:
            file.readline(LINE_MAX)
        return file.readline(LINE_MAX)[:40].upper() == wanted
