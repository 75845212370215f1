"""The default policy: four levels after German practice and law, and the base rates of § 247 BGB with their source."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from django.db import transaction

from .models import BaseRate, CreditFormula, DunningLevel, DunningPolicy

BASE_RATES = Path(__file__).parent / "data" / "base_rates.csv"

LEVELS: list[dict[str, object]] = [
    {
        "level": 0,
        "name": "Zahlungserinnerung",
        "days_after": 3,
        "term_days": 7,
        "texts": {
            "de": {
                "title": "Zahlungserinnerung",
                "opening": "sicher ist es nur untergegangen: Für die folgenden Rechnungen haben wir noch keinen "
                "Zahlungseingang gesehen. Dürfen wir Sie bitten, den Betrag in den nächsten Tagen zu überweisen?",
                "closing": "Hat sich Ihre Zahlung mit diesem Schreiben gekreuzt, betrachten Sie es bitte als erledigt. "
                "Stimmt etwas nicht mit der Ware oder der Rechnung? Dann schreiben Sie uns.",
            },
            "en": {
                "title": "Payment reminder",
                "opening": "it has surely just been overlooked: we have not yet seen a payment for the following "
                "invoices. May we ask you to transfer the amount within the next few days?",
                "closing": "If your payment has crossed with this letter, please disregard it. Is something wrong with "
                "the goods or the invoice? Then write to us.",
            },
        },
    },
    {
        "level": 1,
        "name": "1. Mahnung",
        "days_after": 4,
        "term_days": 10,
        "causes_default": True,
        "texts": {
            "de": {
                "title": "1. Mahnung",
                "opening": "auf unsere Zahlungserinnerung haben wir noch nichts von Ihnen gehört. Wir fordern Sie auf, "
                "den folgenden Betrag bis zum genannten Tag zu zahlen. Für diese Mahnung berechnen wir nichts.",
                "closing": "Zahlen Sie nicht bis zu diesem Tag, sind Sie in Verzug (§ 286 BGB) und schulden "
                "Verzugszinsen (§ 288 BGB). Können Sie zurzeit nicht zahlen, sprechen Sie bitte mit uns.",
            },
            "en": {
                "title": "First notice",
                "opening": "we have not heard from you since our reminder. We call on you to pay the following amount "
                "by the day named below. There is no charge for this notice.",
                "closing": "If you do not pay by that day you are in default (§ 286 BGB) and owe default interest "
                "(§ 288 BGB). If you cannot pay at the moment, please talk to us.",
            },
        },
    },
    {
        "level": 2,
        "name": "2. Mahnung",
        "days_after": 4,
        "term_days": 10,
        "fee_minor": 130,
        "charges_interest": True,
        "letter": True,
        "texts": {
            "de": {
                "title": "2. Mahnung",
                "opening": "trotz unserer Mahnung ist Ihre Zahlung nicht eingegangen. Sie sind in Verzug. Wir fordern "
                "Sie auf, den folgenden Betrag mit Verzugszinsen und Kosten bis zum genannten Tag zu zahlen.",
                "closing": "Die Kosten sind Porto und Material dieses Briefes, mehr nicht. Bis der Betrag gezahlt ist, "
                "können Sie bei uns nicht auf Rechnung kaufen.",
            },
            "en": {
                "title": "Second notice",
                "opening": "despite our notice your payment has not arrived. You are in default. We call on you to pay "
                "the following amount with default interest and costs by the day named below.",
                "closing": "The costs are postage and material of this letter, nothing else. Until the amount is paid "
                "you cannot buy on account.",
            },
        },
    },
    {
        "level": 3,
        "name": "Letzte Mahnung",
        "days_after": 4,
        "term_days": 10,
        "fee_minor": 130,
        "charges_interest": True,
        "letter": True,
        "texts": {
            "de": {
                "title": "Letzte Mahnung",
                "opening": "dies ist unser letztes Schreiben in dieser Sache. Wir fordern Sie auf, den folgenden "
                "Betrag mit Verzugszinsen und Kosten bis zum genannten Tag zu zahlen.",
                "closing": "Danach übergeben wir die Forderung ohne weitere Ankündigung; die Kosten dafür tragen Sie. "
                "Ein Anruf genügt, wenn Sie in Raten zahlen möchten.",
            },
            "en": {
                "title": "Final notice",
                "opening": "this is our last letter in this matter. We call on you to pay the following amount with "
                "default interest and costs by the day named below.",
                "closing": "After that we hand the claim over without further notice, at your cost. A call is enough "
                "if you would like to pay by instalments.",
            },
        },
    },
]


def ensure() -> None:
    """Enter what is missing; rows that staff have edited stay as they are. Idempotent."""
    with transaction.atomic():
        if not DunningPolicy.objects.exists():
            DunningPolicy.objects.create()
        if not CreditFormula.objects.exists():
            CreditFormula.objects.create()
        known = set(DunningLevel.objects.values_list("level", flat=True))
        DunningLevel.objects.bulk_create([DunningLevel(**row) for row in LEVELS if row["level"] not in known])
        dates = set(BaseRate.objects.values_list("valid_from", flat=True))
        with BASE_RATES.open(encoding="utf-8", newline="") as file:
            rows = [
                (dt.date.fromisoformat(r["valid_from"]), int(r["rate_bp"]), r["source"])
                for r in csv.DictReader(file)
            ]
        BaseRate.objects.bulk_create(
            [
                BaseRate(valid_from=day, rate_bp=rate, source=source)
                for day, rate, source in rows
                if day not in dates
            ]
        )
