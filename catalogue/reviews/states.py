"""The life of a review as a table."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

WAITING, PUBLISHED, REFUSED = "waiting", "published", "refused"

REVIEW = Machine(
    name="review",
    initial=WAITING,
    moves={
        WAITING: (PUBLISHED, REFUSED),
        PUBLISHED: (REFUSED, WAITING),
        REFUSED: (PUBLISHED, WAITING),
    },
    labels={
        WAITING: _("to be read"),
        PUBLISHED: _("published"),
        REFUSED: _("not published"),
    },
)
