"""The life of a file of statements."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

STATEMENT_FILE = Machine(
    name="statement_file",
    initial="waiting",
    moves={
        "waiting": ("reading", "refused"),
        "reading": ("imported", "refused"),
        "imported": (),
        "refused": ("waiting",),  # what was missing (an account, a mapping) is there now
    },
    labels={
        "waiting": _("waits to be read"),
        "reading": _("is being read"),
        "imported": _("imported"),
        "refused": _("refused"),
    },
)
