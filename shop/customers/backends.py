"""What somebody may do, read in one query. It signs nobody in: see ``AUTHENTICATION_BACKENDS``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class PermissionsInOneQuery(ModelBackend):
    """Stands first among the backends and leaves signing in to those behind it, so that sessions stay theirs and a
    wrong password is not computed once more.

    Django asks for a person's own permissions and for those of their groups in two queries, on each page of staff.
    Here it is one; what it finds stays on the user where Django's own backends look for it.
    """

    def authenticate(self, *args: Any, **kwargs: Any) -> None:
        """Nobody."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """``app_label.codename`` of all that a person may do, their own and their groups'; empty for who is not active,
        and for the permissions on one object, which there are not."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = _permissions(user_obj.pk)
        found: set[str] = user_obj._perm_cache
        return found


def _permissions(user_id: int) -> set[str]:
    names = ("content_type__app_label", "codename")
    own = Permission.objects.filter(user=user_id).order_by().values_list(*names)
    of_groups = Permission.objects.filter(group__user=user_id).order_by().values_list(*names)
    return {f"{label}.{codename}" for label, codename in own.union(of_groups)}
