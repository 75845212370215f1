"""How the moment of arrival is written: to the second, in the shop's time zone, as § 356a (4) BGB asks."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from fulfilment.finance.invoicing.letterhead import day


def moment(at: dt.datetime, language: str) -> str:
    """``22. November 2026 um 14:03:27 Uhr (CET)``. The language must be active."""
    local = timezone.localtime(at)
    return _("%(day)s at %(time)s (%(zone)s)") % {
        "day": day(local.date(), language),
        "time": f"{local:%H:%M:%S}",
        "zone": f"{local:%Z}",
    }
