"""What invoicing still has to do before a month is closed."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.translation import ngettext

from fulfilment.finance.ledger.closing import Matter

from .models import Invoice


def without_files(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """Documents of these days whose PDF and XML are not archived yet. One query."""
    waiting = Invoice.objects.filter(issued_on__gte=first_day, issued_on__lte=last_day, pdf_sha256="").count()
    text = ngettext("%(n)d document has no file yet", "%(n)d documents have no file yet", waiting)
    url = reverse("finance:invoices") + f"?first={first_day.isoformat()}&last={last_day.isoformat()}"
    return [Matter(text % {"n": waiting}, waiting, url)]
