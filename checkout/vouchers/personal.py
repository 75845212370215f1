"""Who may use a voucher: one that was given to an account is for that account alone."""

from __future__ import annotations

from typing import Any


def may_use(voucher: Any, user: Any) -> bool:
    """Whether this person may use it. No query when ``personal`` was selected with the voucher, else one."""
    personal = getattr(voucher, "personal", None)
    return personal is None or personal.user_id is None or personal.user_id == getattr(user, "pk", None)
