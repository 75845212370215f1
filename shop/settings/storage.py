"""Files. Nothing set: folders. S3_BUCKET: S3-compatible storage for what people upload; static files stay with us."""

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

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "documents": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DOCUMENTS_ROOT},
    },
    "staticfiles": {"BACKEND": "shop.static_files.StaticFiles"},
}
#: Nobody waits longer for the S3 server to answer; then it counts as down.
S3_TIMEOUT_S = env.float("S3_TIMEOUT_S", default=5.0)
if env.str("S3_BUCKET", default=""):
    from botocore.config import Config as _Config

    _s3 = {
        "client_config": _Config(
            connect_timeout=S3_TIMEOUT_S,
            read_timeout=S3_TIMEOUT_S,
            retries={"total_max_attempts": 2, "mode": "standard"},
        ),
        "bucket_name": env.str("S3_BUCKET"),
        "endpoint_url": env.str("S3_ENDPOINT_URL", default=None),
        "access_key": env.str("S3_ACCESS_KEY", default=None),
        "secret_key": env.str("S3_SECRET_KEY", default=None),
        "file_overwrite": False,
    }
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": _s3 | {"location": "media"},
    }
    STORAGES["documents"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": _s3 | {"location": "documents", "default_acl": "private"},
    }
WHITENOISE_MAX_AGE = 3600
THUMBNAIL_FORMAT = "WEBP"
#: Where `manage.py backup` puts its folders. A place on another disk or machine is what makes it a backup.
BACKUP_DIR = env.str("BACKUP_DIR", default=str(DATA_DIR / "backups"))
#: Whether the clock makes a backup each night, and how many of them stay.
BACKUP_NIGHTLY = env.bool("BACKUP_NIGHTLY", default=False)
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)
#: Seals every file of a backup. Keep it apart from the backups: without it nobody can read them, you neither.
BACKUP_KEY = env.str("BACKUP_KEY", default="")
