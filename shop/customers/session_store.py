"""Where sessions are kept: Django's own rows, with whose they are and when they were last used, so that people can see
and end theirs (own_sessions.py). ``SESSION_ENGINE`` names this module."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from shop.kernel import outages
from shop.kernel.clock import now

LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class SessionStore(DatabaseStore):
    """As Django's. ``seen_at``: when the row was last used, as it was read; None for one that is new. ``person``: whose
    the row says it is, read along with it (signed_in.py)."""

    seen_at: Any = None
    person: Any = None

    @classmethod
    def get_model_class(cls) -> Any:
        """The table with the person in it."""
        from .models import PersonSession

        return PersonSession

    def load(self) -> dict[str, Any]:
        """What is in it; one query, as Django's."""
        row: Any = self._get_session_from_db()  # type: ignore[attr-defined]  # Django's stubs leave it out
        if row is None:
            return {}
        held = dict(self.decode(row.session_data))
        is_noted = row.user_id == _number(held.get(SESSION_KEY))
        self.person = row.user
        self.seen_at = row.seen_at if is_noted else LONG_AGO  # one from before the table knew whose it is
        return held

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """The row to write: as Django's, with whose it is."""
        row: Any = super().create_model_instance(data)
        row.user_id, row.seen_at = _number(data.get(SESSION_KEY)), now()
        return row

    def save(self, must_create: bool = False) -> None:
        """Write it. Raises UpdateError where somebody ended the session meanwhile. Django says that of a database that
        is away as well, which the visitor would be told as a mistake of their own (400): here that error stays what it
        is (503)."""
        try:
            super().save(must_create)
        except UpdateError as error:
            if outages.cause_of(error) and error.__context__ is not None:
                raise error.__context__ from None
            raise

    def touch(self) -> None:
        """Somebody is here: written beside the contents, so that no other request's changes to these are undone."""
        self.seen_at = now()
        whose = _number(self.get(SESSION_KEY))
        self.model.objects.filter(session_key=self.session_key).update(seen_at=self.seen_at, user_id=whose)


def _number(said: Any) -> int | None:
    text = str(said or "")
    return int(text) if text.isdecimal() else None
