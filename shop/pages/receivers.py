"""A page was written, published or taken back: the links at the foot are read anew."""

from django.db.models.signals import post_delete, post_save
from wagtail.signals import page_published, page_slug_changed, page_unpublished

from fulfilment.finance.invoicing.models import MerchantProfile

from .models import ContentPage
from .queries import forget

for signal in (post_save, post_delete, page_published, page_unpublished, page_slug_changed):
    signal.connect(forget, sender=ContentPage, dispatch_uid=f"legal links of {id(signal)}")
post_save.connect(forget, sender=MerchantProfile, dispatch_uid="merchant at the foot of pages")
