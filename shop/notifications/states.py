"""The machine of a newsletter's issue."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.kernel.states import Machine

DRAFT, SENDING, STOPPED, SENT = "draft", "sending", "stopped", "sent"

ISSUE = Machine(
    name="newsletter_issue",
    initial=DRAFT,
    moves={
        DRAFT: (SENDING,),
        SENDING: (STOPPED, SENT),
        STOPPED: (SENDING,),
        SENT: (),
    },
    labels={
        DRAFT: _("Draft"),
        SENDING: _("is being sent"),
        STOPPED: pgettext_lazy("newsletter", "stopped"),
        SENT: _("Sent"),
    },
)
