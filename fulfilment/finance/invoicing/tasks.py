"""Celery's side: the documents of invoices."""

from celery import shared_task

from . import files
from .models import Invoice

BATCH = 50


@shared_task(name="invoicing.make_documents", ignore_result=True)
def make_documents(invoice_id: int) -> None:
    """Make and archive the XML and PDF of one invoice."""
    files.make(invoice_id)


@shared_task(name="invoicing.make_missing", ignore_result=True)
def make_missing() -> None:
    """Make what a crash or a lost queue left; runs by beat."""
    for pk in list(Invoice.objects.filter(pdf_sha256="").order_by("pk").values_list("pk", flat=True)[:BATCH]):
        make_documents.delay(pk)
