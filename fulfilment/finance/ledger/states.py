"""The life of a period."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

PERIOD = Machine(
    name="period",
    initial="open",
    moves={"open": ("soft",), "soft": ("open", "hard"), "hard": ()},
    labels={"open": _("open"), "soft": _("softly closed"), "hard": _("closed for good")},
)
