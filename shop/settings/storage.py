"""Files. Nothing set: folders. S3_BUCKET: S3-compatible storage for what people upload; static files stay with us."""

from typing import Any

from .env import BASE_DIR, DATA_DIR, env

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
#: Invoices, labels, letters: never served by address, only through views that ask who you are.
DOCUMENTS_ROOT = DATA_DIR / "documents"

#: Where the bank's program puts its files; empty: nobody looks. See fulfilment/finance/bank/folder.py.
BANK_FOLDER = env.str("BANK_FOLDER", default="")

STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "documents": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DOCUMENTS_ROOT},
    },
    "staticfiles": {"BACKEND": "shop.static_files.StaticFiles"},
}
#: Nobody waits longer for the S3 server to answer; then it counts as down.
S3_TIMEOUT_S = env.float("S3_TIMEOUT_S", default=5.0)


def in_s3(bucket: str, endpoint: str | None, access: str | None, secret: str | None) -> dict[str, Any]:
    """The two stores of files, in one bucket. Browsers never reach it: pictures and papers come through the shop."""
    from botocore.config import Config

    kept = {
        "client_config": Config(
            connect_timeout=S3_TIMEOUT_S,
            read_timeout=S3_TIMEOUT_S,
            retries={"total_max_attempts": 2, "mode": "standard"},
        ),
        "bucket_name": bucket,
        "endpoint_url": endpoint,
        "access_key": access,
        "secret_key": secret,
        "file_overwrite": False,
    }
    return {
        "default": {"BACKEND": "shop.uploads.UploadsInS3", "OPTIONS": kept | {"location": "media"}},
        "documents": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": kept | {"location": "documents", "default_acl": "private"},
        },
    }


if env.str("S3_BUCKET", default=""):
    STORAGES |= in_s3(
        env.str("S3_BUCKET"),
        env.str("S3_ENDPOINT_URL", default=None),
        env.str("S3_ACCESS_KEY", default=None),
        env.str("S3_SECRET_KEY", default=None),
    )
WHITENOISE_MAX_AGE = 3600
THUMBNAIL_FORMAT = "WEBP"
#: Where `manage.py backup` puts its folders. A place on another disk or machine is what makes it a backup.
BACKUP_DIR = env.str("BACKUP_DIR", default=str(DATA_DIR / "backups"))
#: Whether the clock makes a backup each night, and how many of them stay.
BACKUP_NIGHTLY = env.bool("BACKUP_NIGHTLY", default=False)
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)
#: Seals every file of a backup. Keep it apart from the backups: without it nobody can read them, you neither.
BACKUP_KEY = env.str("BACKUP_KEY", default="")
