"""Asking whoever may have sent money what it was for."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from fulfilment.finance.reconciliation.events import PayerAsked
from fulfilment.finance.reconciliation.models import UNEXPLAINED, PayerQuestion, Receipt
from fulfilment.finance.reconciliation.taking import person
from shop.kernel import outbox
from shop.kernel.transactions import retrying


class AskedMeanwhile(ValueError):
    """Somebody asked, or explained the money, since the page was shown."""


def ask_payer(
    *,
    receipt: Receipt,
    email: str,
    seen: int,
    name: str = "",
    language: str = "de",
    words: str = "",
    by: Any = None,
) -> PayerQuestion:
    """Ask by mail what a receipt was for. ``seen``: how many questions the page knew of, so that a double click asks
    once; words: a sentence of whoever asks. Raises AskedMeanwhile.
    """

    def work() -> PayerQuestion:
        present = Receipt.objects.select_for_update(of=("self",)).get(pk=receipt.pk)
        if present.state not in UNEXPLAINED:
            raise AskedMeanwhile("the money is explained by now")
        if present.questions.count() != seen:
            raise AskedMeanwhile("it was asked already")
        with transaction.atomic():
            question = PayerQuestion.objects.create(
                receipt=present,
                number=seen + 1,
                email=email.strip(),
                name=name.strip()[:140],
                language=language,
                words=words.strip()[:500],
                asked_by=person(by),
            )
        outbox.record(PayerAsked(question.pk))
        return question

    try:
        return retrying(work)
    except IntegrityError:  # a double click
        raise AskedMeanwhile("it was asked already") from None
