"""Where Django keeps what the next page says ("It lies in the basket"): a cookie under the name the settings give."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class NamedCookieStorage(CookieStorage):
    """Django's has a fixed name, which a neighbouring host could set for us."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]
        """MESSAGES_COOKIE_NAME."""
        return settings.MESSAGES_COOKIE_NAME


class MessageStorage(FallbackStorage):
    """The cookie, and the session for what is too long for it."""

    storage_classes = (NamedCookieStorage, SessionStorage)  # type: ignore[assignment]
