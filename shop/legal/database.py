"""Rules that are looked for in what the shop keeps: prices, products, mails, orders, invoices. A constant number of
queries each; of a thousand faults the first few are named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from catalogue.announced import not_from_the_lowest
from catalogue.models import Maker, Product, ProductImage
from catalogue.partner.prices import unlawful_references
from catalogue.partner.vat import UnknownVatRate, rate_bp
from checkout.order.models import AcceptedSummary, Order
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.clock import now
from shop.notifications.models import OutgoingAttachment, OutgoingMail
from shop.pages.models import ContentPage, GuaranteeNotice

from . import invoices
from .makers import outside_the_eu
from .rules import Rule

NAMED = 10  #: faults named per rule
LATEST = 200  #: of orders, mails and invoices, how many are looked at
READ = 25  #: of the latest invoices, how many documents are read
AT_ONCE = dt.timedelta(minutes=15)  #: until then a mail may still be on its way through the outbox
#: Orders that a customer made of a basket. The others came without a page to agree to: taken by phone (who took it is
#: noted), sent once more or in exchange (it follows another order), written by an import (no basket is behind it).
ON_THE_WEB = Order.objects.filter(kind=Order.SALE, taken_by=None, placement_key__startswith="basket:")

Check = Callable[[Rule, dt.date], list[str]]


def withdrawals_receipted(rule: Rule, day: dt.date) -> list[str]:
    """Every withdrawal of more than a quarter of an hour ago has its mail."""
    rows = Withdrawal.objects.filter(receipt_mail_id=None, received_at__lt=now() - AT_ONCE)
    return _some(f"{row.number}: no receipt was written" for row in rows.order_by("-pk")[: NAMED + 1])


def reductions_lawful(rule: Rule, day: dt.date) -> list[str]:
    """The reference beside each reduced price is what the history says."""
    return _some(unlawful_references())


def announcements_lawful(rule: Rule, day: dt.date) -> list[str]:
    """No campaign of today announces an amount that is not taken off the lowest price of the 30 days before it. One
    query per campaign that announces one."""
    return _some(not_from_the_lowest())


def makers_named(rule: Rule, day: dt.date) -> list[str]:
    """No public product without a manufacturer that can be reached by post and electronically, without a picture or
    without its type; where the manufacturer's address is outside the EU, somebody inside answers for it."""
    public = Product.objects.filter(parent=None, is_public=True).order_by("pk")
    unreachable = (
        Q(maker=None) | Q(maker__postal_address="") | Q(maker__electronic_address="") | Q(maker__company="")
    )
    pictured = Exists(ProductImage.objects.filter(product=OuterRef("pk")))
    foreign = [
        maker.pk
        for maker in Maker.objects.filter(eu_responsible="").order_by("pk")
        if outside_the_eu(maker.postal_address)
    ]
    wanting = [
        (public.filter(unreachable), "the manufacturer or an address is missing"),
        (public.filter(maker__in=foreign), "the manufacturer is outside the EU, and nobody inside answers"),
        (public.exclude(pictured), "a picture is missing"),
        (public.filter(Q(product_class=None) | Q(title="")), "its type is missing"),
    ]
    return _some(f"{row.title}: {what}" for rows, what in wanting for row in rows[: NAMED + 1])


def graphics_uploaded(rule: Rule, day: dt.date) -> list[str]:
    """The Commission's graphic of the notice on the legal guarantee is uploaded in every language of the shop."""
    uploaded = set(GuaranteeNotice.objects.values_list("language", flat=True))
    return [
        f"not uploaded in {code} (/cms/snippets/pages/guaranteenotice/): pages show words of the shop's own"
        for code, _name in settings.LANGUAGES
        if code not in uploaded
    ]


def notice_with_goods(rule: Rule, day: dt.date) -> list[str]:
    """Where a public product's search text has one of ``words``, the page ``key`` is published in every language."""
    wanted = Q()
    for word in rule.options["words"]:
        wanted |= Q(search_text__icontains=word)
    goods = Product.objects.filter(wanted, parent=None, is_public=True).order_by("pk").first()
    if goods is None:
        return []
    pages = ContentPage.objects.live().filter(key=rule.options["key"])
    written = set(pages.values_list("locale__language_code", flat=True))
    missing = [code for code, _name in settings.LANGUAGES if code not in written]
    return [f"{goods.title}: “{rule.options['key']}” is not written in {code}" for code in missing]


def rates_on_file(rule: Rule, day: dt.date) -> list[str]:
    """A rate for every class of goods in the home country."""
    classes = Product.objects.filter(is_public=True).order_by().values_list("vat_class", flat=True).distinct()
    found = []
    for vat_class in sorted(classes):
        try:
            rate_bp(vat_class, settings.KONTOR_HOME_COUNTRY, day)
        except UnknownVatRate as unknown:
            found.append(str(unknown))
    return found


def mails_carry_texts(rule: Rule, day: dt.date) -> list[str]:
    """The latest order confirmations have the withdrawal notice with them, and the terms where the shop has some."""
    mails = list(OutgoingMail.objects.filter(kind="order_confirmed").values_list("pk", flat=True)[:LATEST])
    files = OutgoingAttachment.objects.filter(mail_id__in=mails, source__startswith="legal:")
    sent: dict[int, int] = dict.fromkeys(mails, 0)
    for mail_id in files.values_list("mail_id", flat=True):
        sent[mail_id] += 1
    least = 2 if ContentPage.objects.live().filter(key="terms").exists() else 1
    return _some(
        f"mail {pk}: {count} of {least} texts are with it" for pk, count in sent.items() if count < least
    )


def summaries_kept(rule: Rule, day: dt.date) -> list[str]:
    """Every order placed on the web has its summary, and those of the latest are what their hash says."""
    gone = ON_THE_WEB.filter(accepted_summary=None).order_by("-pk").values_list("number", flat=True)
    rows = AcceptedSummary.objects.select_related("order").order_by("-pk")[:LATEST]
    return _some(
        chain(
            (f"order {number}: no summary is kept" for number in gone[: NAMED + 1]),
            (
                f"order {row.order.number}: the kept summary was changed"
                for row in rows
                if AcceptedSummary.digest(row.html) != row.sha256
            ),
        )
    )


def invoices_complete(rule: Rule, day: dt.date) -> list[str]:
    """The latest invoices carry what § 14 (4) UStG lists: as rows, and on the document that the customer gets."""
    return _some(f"{row.number}: {what} is missing" for row, what in _faults_of_invoices())


def _faults_of_invoices() -> Iterator[tuple[Invoice, str]]:
    rows = list(Invoice.objects.order_by("-pk").prefetch_related("lines")[:LATEST])
    for place, row in enumerate(rows):
        found = invoices.lacking(row)
        if row.pdf_sha256 and place < READ:
            found += invoices.lacking_on_paper(row)
        elif not row.pdf_sha256 and row.created_at < now() - AT_ONCE:
            found.append("the document")
        yield from ((row, what) for what in found)


def _some(faults: Iterable[str]) -> list[str]:
    """The first few, and that there are more."""
    found = list(islice(faults, NAMED + 1))
    return [*found[:NAMED], "and more"] if len(found) > NAMED else found


ON_DATABASE: dict[str, Check] = {
    check.__name__: check
    for check in (
        withdrawals_receipted,
        reductions_lawful,
        announcements_lawful,
        makers_named,
        graphics_uploaded,
        notice_with_goods,
        rates_on_file,
        mails_carry_texts,
        summaries_kept,
        invoices_complete,
    )
}
