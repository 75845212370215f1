"""Times for readers: short in the text, exact in the title, machine-readable in the attribute."""

from __future__ import annotations

import datetime as dt

from babel import dates
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S


def exact(value: dt.date) -> str:
    """Date with weekday; for a datetime also the time to the second and the zone."""
    day = formats.date_format(value, _("l, j F Y"), use_l10n=False)
    if not isinstance(value, dt.datetime):
        return day
    return f"{day}, {value:%H:%M:%S} {value:%Z}".strip()


def ago_text(value: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in words ("5 minutes ago"); after one day, or for the future, the date itself."""
    seconds = int((now - value).total_seconds())
    if seconds < 0 or seconds >= DAY_S:
        return short_date(value)
    if seconds < MINUTE_S:
        return _("just now")
    if seconds < HOUR_S:
        minutes = seconds // MINUTE_S
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    hours = seconds // HOUR_S
    return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}


def time_element(value: dt.date, text: str) -> SafeString:
    """`<time>` with the given text, the exact moment as title and the ISO form as datetime attribute."""
    moment = _local(value)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), text)


def short_date(value: dt.date) -> str:
    """The day in the reader's short form: 22.11.2026 or 22 Nov 2026."""
    return formats.date_format(_local(value), _("j M Y"), use_l10n=False)


def long_date(value: dt.date, lang: str) -> str:
    """A day as papers write it: 26. November 2026, 26 November 2026."""
    return dates.format_date(value, "d. MMMM yyyy" if lang.startswith("de") else "d MMMM yyyy", locale=lang)


def short_datetime(value: dt.datetime) -> str:
    """Day and minute in the reader's short form, in the shop's time zone."""
    return f"{short_date(value)}, {short_time(value)}"


def short_time(value: dt.datetime) -> str:
    """The minute of the day, 08:40, in the shop's time zone."""
    return f"{_local(value):%H:%M}"


def _local(value: dt.date) -> dt.date:
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value
