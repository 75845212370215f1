"""What the picker's app says. Its script holds no text: the page brings them in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class Forms(TypedDict):
    """A text for one thing and for several."""

    one: str
    other: str


Words = dict[str, str | Forms]


def _scans() -> Words:
    """Answers to scans."""
    return {
        "right_bin": _("Right bin. Now scan the product."),
        "bin_first": _("Please scan the bin first: %(bin)s."),
        "wrong_bin": _("Wrong: you scanned %(scanned)s. Please go to %(bin)s."),
        "other_bin": _("%(scanned)s comes later. Please go to %(bin)s first, or tap the other stop below."),
        "wrong_product": _("Wrong product: you scanned %(scanned)s, wanted is %(sku)s (%(title)s)."),
        "pack_too_big": _("This pack holds %(n)s pieces, only %(open)s are wanted here."),
        "now_serial": _("Right product. Now scan the serial number."),
        "now_lot": _("Right product. Now scan the lot %(lot)s."),
        "wrong_lot": _("Wrong lot: you scanned %(scanned)s, wanted is %(lot)s."),
        "how_many_first": _("First say how many pieces of %(sku)s you took: %(open)s are wanted."),
        "too_many": _("Too many: only %(open)s pieces are wanted here, not %(n)s."),
        "at_least_one": _("At least one piece, please."),
        "counted": _("%(n)s of %(open)s. Scan the next piece, or say how many you took."),
        "taken": _("Right: %(n)s × %(sku)s."),
        "taken_more": _("Right: %(n)s × %(sku)s. Still wanted here: %(left)s."),
        "into_box": _("Box %(box)s · %(order)s"),
        "nothing": _("Nothing was scanned."),
        "not_the_place": _("This is not the packing place. Please go to %(bin)s."),
        "short_kept": _("Noted: %(n)s × %(sku)s not found."),
        "look_again": _("The walk has changed. Please look again."),
        "more_to_pick": _("The missing pieces were found elsewhere: please go to %(bin)s."),
        "cannot_keep": _(
            "Not taken: there is no network, and this browser may not keep anything. Please look for network first."
        ),
        "broken": _("This scan did not work and was not taken. Please scan again (%(why)s)."),
    }


def _stops() -> Words:
    """Labels of the stops."""
    return {
        "pieces": _forms(lambda n: ngettext("%(n)s piece", "%(n)s pieces", n)),
        "already": _("%(n)s of %(of)s already taken"),
        "lot": _("Lot %(lot)s"),
        "best_before": _("best before %(day)s"),
        "ask_bin": _("Scan the bin"),
        "ask_product": _("Scan the article"),
        "ask_lot": _("Scan the lot %(lot)s"),
        "ask_serial": _("Scan the serial number"),
        "ask_quantity": _("Scan the next piece, or type how many"),
        "ask_end": _("Scan the packing place"),
        "only": _("Only %(n)s"),
        "all": _("All %(n)s taken"),
        "missing": _forms(
            lambda n: ngettext("%(n)s piece was not found.", "%(n)s pieces were not found.", n)
        ),
        "rest_short": _("Then %(n)s × %(sku)s will be looked for elsewhere."),
        "progress": _("%(done)s of %(all)s stops, %(pieces)s of %(wanted)s pieces"),
        "open_of": "%(n)s × %(sku)s",
        "picked_of": _("%(n)s of %(of)s × %(sku)s"),
        "by_at": "%(name)s, %(at)s",
        "waits_here": _("you; waits to be sent"),
        "ending": _("Finishing …"),
        "finishing": _forms(
            lambda n: ngettext(
                "Finishing as soon as it is sent: %(n)s scan waits.",
                "Finishing as soon as everything is sent: %(n)s scans wait.",
                n,
            )
        ),
    }


def _sync() -> Words:
    """About the network, what waits and why."""
    return {
        "all_sent": _("All sent"),
        "away": _("No network: go on, scans are kept here"),
        "waiting": _forms(
            lambda n: ngettext("%(n)s scan waits since %(at)s", "%(n)s scans wait since %(at)s", n)
        ),
        "last_contact": _("last contact %(at)s"),
        "late": _(
            "For more than 30 minutes nothing could be sent. Your scans are kept, but nobody else sees them: "
            "please look for network before you go on."
        ),
        "memory": _(
            "This browser keeps nothing: a private window, or its storage is full. "
            "Scanning works only with network; leave this page open."
        ),
        "login": _forms(
            lambda n: ngettext(
                "You are logged out. Please log in again; %(n)s scan is kept and sent afterwards.",
                "You are logged out. Please log in again; %(n)s scans are kept and sent afterwards.",
                n,
            )
        ),
        "other_person": _(
            "Somebody else is logged in on this phone. Your scans are kept and wait until %(name)s logs in again."
        ),
        "others": _forms(
            lambda n: ngettext(
                "%(n)s scan of %(name)s waits on this phone until %(name)s logs in here.",
                "%(n)s scans of %(name)s wait on this phone until %(name)s logs in here.",
                n,
            )
        ),
        "trouble_forbidden": _(
            "The server does not take your scans: your role may have changed. They are kept here."
        ),
        "trouble_server": _("The server has trouble. Your scans are kept and sent again by themselves."),
        "trouble_gone": _("This list is no longer there. Your scans are kept here."),
        "not_mine": _("This list is with somebody else now. Nothing more can be scanned here."),
        "closed_walk": _("This list is closed. Nothing more can be scanned here."),
        "box_cancelled": _("Order %(order)s was cancelled. Please put the pieces of box %(box)s back."),
        "box_on_hold": _("Order %(order)s is on hold. Its box %(box)s waits."),
        "clock_off": _(
            "The clock of this phone is off by %(n)s minutes. Times are put right when they are sent."
        ),
        "problem_pick": _("Not booked: %(n)s × %(sku)s from %(bin)s (%(at)s)"),
        "problem_short": _("Not noted: %(n)s × %(sku)s missing in %(bin)s (%(at)s)"),
        "unreadable": _("The server could not read this scan."),
    }


def _camera() -> Words:
    """About the camera."""
    return {
        "camera_starting": _("The camera is starting …"),
        "camera_hold": _("Hold the barcode into the picture."),
        "camera_denied": _(
            "The camera may not be used here. Please allow it for this page in the browser's settings, "
            "or type the code."
        ),
        "camera_none": _("This device has no camera that can be used here. Please type the code."),
        "camera_busy": _("Another program holds the camera. Please close it and try again."),
        "camera_broken": _("The camera did not start. Please try again, or type the code."),
        "camera_no_reader": _(
            "This browser cannot read barcodes, and the reader of the house is not installed. "
            "Please type the code."
        ),
    }


def words() -> Words:
    """Every text of the app by name, in the active language."""
    return _scans() | _stops() | _sync() | _camera()


def _forms(text: Callable[[int], str]) -> Forms:
    return {"one": text(1), "other": text(2)}
