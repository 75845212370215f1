"""Staff of the tests have shown their second factor: ``force_login`` writes the mark that the real page writes.

The rule itself stays on. Who wants a session without the mark signs in by ``by_password``.
"""

from __future__ import annotations

from typing import Any

from django.test import Client

_force_login = Client.force_login


def shown_at_force_login(self: Client, user: Any, backend: str | None = None) -> None:
    """As Django's; staff then have shown a second factor in this session."""
    from shop.customers.second_factor import note_shown

    by_password(self, user, backend)
    if user.is_staff or user.is_superuser or user.has_perm("wagtailadmin.access_admin"):
        session = self.session
        note_shown(session, user)
        session.save()


def by_password(client: Client, user: Any, backend: str | None = None) -> None:
    """Signed in by password alone, in a fresh session."""
    user.refresh_from_db(
        fields=["sessions_version"]
    )  # rights given to another row in hand ended its sessions
    _force_login(client, user, backend)
