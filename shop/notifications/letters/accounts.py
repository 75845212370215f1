"""Letters on accounts: confirm an address, reset a password, notices of changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from fulfilment.finance.invoicing.letterhead import day
from shop.customers.events import AccountMailRequested
from shop.notifications import facts
from shop.notifications.letter import Block, Button, Letter, Paragraph

from .orders import signature


def letter(asked: AccountMailRequested, name: str) -> Letter:
    """The letter for a request of the account pages; allauth's own words where we have none."""
    template = asked.template.rsplit("/", 1)[-1]
    make = LETTERS.get(template)
    if make is not None:
        return make(asked, name)
    if template in NOTICES:
        return _notice(name, *NOTICES[template](asked))
    blocks: list[Block] = [Paragraph(part.strip()) for part in asked.text.split("\n\n") if part.strip()]
    return Letter(asked.subject, asked.subject, asked.subject, "", blocks)


def _confirm(asked: AccountMailRequested, name: str) -> Letter:
    blocks: list[Block] = [
        Paragraph(_("Please confirm that this e-mail address is yours. Then your account is complete.")),
        *_action(_("Confirm address"), asked.facts.get("activate_url", ""), asked.facts.get("code", "")),
        Paragraph(_("If you have not registered with us, you need not do anything."), small=True),
    ]
    return Letter(
        subject=_("Please confirm your e-mail address"),
        preheader=_("One click, and your account is complete."),
        heading=_("Please confirm your address"),
        greeting=facts.hello(name),
        blocks=blocks,
        closing=signature(),
    )


def _reset(asked: AccountMailRequested, name: str) -> Letter:
    url = asked.facts.get("password_reset_url", "")
    blocks: list[Block] = [
        Paragraph(_("You would like to choose a new password for your account. Here you can do so.")),
        *_action(_("Choose a new password"), url, asked.facts.get("code", "")),
        Paragraph(
            _("If you have not asked for this, you need not do anything: your password stays as it is."),
            small=True,
        ),
    ]
    return Letter(
        subject=_("Choose a new password"),
        preheader=_("The link works for a short time only."),
        heading=_("Choose a new password"),
        greeting=facts.hello(name),
        blocks=blocks,
        closing=signature(),
    )


def _first_factor(asked: AccountMailRequested, name: str) -> Letter:
    blocks: list[Block] = [
        Paragraph(
            _(
                "Somebody, presumably you, signed in with your password and would like to set up a second factor. "
                "Open this link in the same browser; it works for an hour."
            )
        ),
        *_action(_("Set up a second factor"), asked.facts.get("url", ""), ""),
        Paragraph(
            _(
                "If it was not you, somebody knows your password: do not open the link, and choose a new one at once."
            )
        ),
    ]
    return Letter(
        subject=_("Set up your second factor"),
        preheader=_("The link works for an hour."),
        heading=_("Your second factor"),
        greeting=facts.hello(name),
        blocks=blocks,
        closing=signature(),
    )


def _unknown(asked: AccountMailRequested, name: str) -> Letter:
    text = _(
        "Somebody, presumably you, wanted to choose a new password for %(email)s. We have no account with this "
        "address. Perhaps you have ordered as a guest or registered with another address."
    )
    blocks: list[Block] = [
        Paragraph(text % {"email": asked.email}),
        *_action(_("Open an account"), asked.facts.get("signup_url", ""), ""),
        Paragraph(_("If it was not you, you need not do anything."), small=True),
    ]
    return Letter(
        subject=_("No account with this address"),
        preheader=_("Perhaps you have ordered as a guest."),
        heading=_("No account with this address"),
        greeting=facts.hello(name),
        blocks=blocks,
        closing=signature(),
    )


def _exists(asked: AccountMailRequested, name: str) -> Letter:
    blocks: list[Block] = [
        Paragraph(
            _(
                "Somebody, presumably you, wanted to open an account for %(email)s. You already have one: log in, or "
                "choose a new password if you have forgotten it."
            )
            % {"email": asked.email}
        ),
        *_action(_("Choose a new password"), asked.facts.get("password_reset_url", ""), ""),
        Paragraph(_("If it was not you, you need not do anything."), small=True),
    ]
    return Letter(
        subject=_("You already have an account"),
        preheader=_("Log in, or choose a new password."),
        heading=_("You already have an account"),
        greeting=facts.hello(name),
        blocks=blocks,
        closing=signature(),
    )


def _action(label: str, url: str, code: str) -> list[Block]:
    if url:
        return [Button(label, url if url.startswith("http") else settings.SITE_URL + url)]
    return [Paragraph(_("Your code: %(code)s") % {"code": code})] if code else []


def _notice(name: str, subject: str, text: str) -> Letter:
    blocks: list[Block] = [
        Paragraph(text),
        Paragraph(
            _("If this was not you, please answer this mail at once: we will secure your account with you.")
        ),
    ]
    return Letter(subject, text, subject, facts.hello(name), blocks, signature())


LETTERS: dict[str, Callable[[AccountMailRequested, str], Letter]] = {
    "email_confirmation": _confirm,
    "email_confirmation_signup": _confirm,
    "password_reset_key": _reset,
    "password_reset_code": _reset,
    "unknown_account": _unknown,
    "account_already_exists": _exists,
    "first_factor": _first_factor,
}
#: Notices that something changed: subject and sentence.
NOTICES: dict[str, Callable[[AccountMailRequested], tuple[str, str]]] = {
    "password_changed": lambda asked: (
        _("Your password was changed"),
        _("The password of your account was changed."),
    ),
    "password_set": lambda asked: (_("Your password was set"), _("A password was set for your account.")),
    "password_reset": lambda asked: (
        _("Your password was changed"),
        _("The password of your account was changed."),
    ),
    "second_factor_reset": lambda asked: (
        _("Your second factor was taken away"),
        _("A colleague took your second factor away. At the next sign-in you set up a new one."),
    ),
    "email_confirm": lambda asked: (
        _("Your address is confirmed"),
        _("The e-mail address of your account is confirmed."),
    ),
    "email_changed": lambda asked: (
        _("Your e-mail address was changed"),
        _("The e-mail address of your account is now %(email)s.")
        % {"email": asked.facts.get("to_email", "")},
    ),
    "email_deleted": lambda asked: (
        _("An e-mail address was removed"),
        _("The address %(email)s was removed from your account.")
        % {"email": asked.facts.get("deleted_email", asked.email)},
    ),
    "deletion_asked": lambda asked: (
        _("Your account will be deleted"),
        _(
            "As you wished, your account will be deleted on %(day)s. Until then you can sign in and take it back."
        )
        % {"day": day(localdate(dt.datetime.fromisoformat(asked.facts["due"])), asked.language)},
    ),
    "totp_activated": lambda asked: (
        _("Two-step login is switched on"),
        _("Logging in to your account now needs a code of your authenticator app as well."),
    ),
    "totp_deactivated": lambda asked: (
        _("Two-step login is switched off"),
        _("Logging in to your account needs the password only."),
    ),
    "webauthn_added": lambda asked: (
        _("A passkey was added"),
        _("A passkey was added to your account; it opens the account from now on."),
    ),
    "webauthn_removed": lambda asked: (
        _("A passkey was removed"),
        _("A passkey was removed from your account; it opens the account no more."),
    ),
    "recovery_codes_generated": lambda asked: (
        _("New recovery codes"),
        _("New recovery codes were made for your account; the old ones no longer work."),
    ),
}
