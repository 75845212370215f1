"""People: customers and staff are users; staff have roles (groups)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from oscar.apps.customer.abstract_models import AbstractUser


class User(AbstractUser):
    """A person with an account. The e-mail address is the name."""

    language = models.CharField(_("Language"), max_length=8, default="de")
    phone = models.CharField(_("Phone"), max_length=40, blank=True)

    def __str__(self) -> str:
        return self.email

    @property
    def name(self) -> str:
        """How staff and letters call the person; the address where no name is known."""
        return self.get_full_name() or self.email


from oscar.apps.customer.models import *  # noqa: E402, F403
