"""What people upload, kept in S3-compatible storage: read by the shop and shown at its own addresses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage


class UploadsInS3(S3Storage):  # type: ignore[misc]
    """The storage has no address that a browser could or should reach: it is inside, and our pages show pictures of
    their own origin alone (CSP img-src). ``shop.pages.media`` brings them."""

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """The address of an upload at the shop, the same as where uploads are a folder."""
        return urljoin(settings.MEDIA_URL, filepath_to_uri(name).lstrip("/"))
