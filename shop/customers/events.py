"""What the room tells. Plain values."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class AccountMailRequested:
    """Somebody needs a mail about an account: confirm an address, reset a password, a notice of a change.

    ``template`` is allauth's name of it, ``facts`` the links and values in it; ``subject`` and ``text`` are allauth's
    own words, for mails we have no letter for. ``key`` makes the request unique. Holds links that open accounts until
    the mail is written (``SECRET``).
    """

    SECRET = ("facts", "subject", "text")

    key: str
    template: str
    email: str
    language: str
    user_id: int | None
    facts: dict[str, str]
    subject: str
    text: str


@event
@dataclass(frozen=True)
class PasswordResetWanted:
    """Somebody typed an address to choose a new password. Whether it has an account is asked by who hears this, so that
    the answer takes as long for every address. ``language``: in which the page was read."""

    SECRET = ("email",)

    email: str
    language: str


@event
@dataclass(frozen=True)
class NewsletterWanted:
    """Somebody typed an address to get the newsletter; as for passwords, what becomes of it is asked by who hears this.

    ``place``: the visitor's network, ``words`` what they agreed to in ``language``, ``at`` when (ISO 8601): the proof.
    """

    SECRET = ("email", "place")

    email: str
    place: str
    words: str
    language: str
    at: str


@event
@dataclass(frozen=True)
class NewsletterAsked:
    """Somebody asked for the newsletter; nothing is sent but one mail with a link that confirms it (double opt-in)."""

    consent_id: int


@event
@dataclass(frozen=True)
class NewsletterConfirmed:
    """The link was used: from now on the newsletter may be sent to the address."""

    consent_id: int


@event
@dataclass(frozen=True)
class NewsletterLeft:
    """Somebody wants the newsletter no more; what waits to be sent to the address must not leave. ``consent_id``: the
    row that proves it."""

    consent_id: int


@event
@dataclass(frozen=True)
class AccountDeleted:
    """An account was deleted at its owner's wish, for good: rooms above forget what was the person's alone."""

    user_id: int
