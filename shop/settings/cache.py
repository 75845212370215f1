"""Cache. Nothing set: in the process. CACHE_URL: Redis.

Shared pages (shop/pages/shared.py) are kept where the rest is. Whether one still holds is asked of the database, so
processes that keep pages of their own agree as well as those with a Redis between them.
"""

from .env import env

#: Pages kept in each process without a Redis; one takes about 10 kB, the whole at most a tenth of a worker.
PAGES_KEPT = 1_500

#: A page waits for the cache no longer than this, and after a fault nobody asks it for so long.
CACHE_TIMEOUT_S = env.float("CACHE_TIMEOUT_S", default=0.5)
CACHE_REST_S = env.float("CACHE_REST_S", default=5.0)
#: Part of every key in Redis. One more wherever the shape of what is kept changes: versions of the shop then do not
#: meet each other's (2: signed, shop/kernel/signed_cache.py).
CACHE_SHAPE = 2
if env.str("CACHE_URL", default=""):
    _redis = env.cache_url("CACHE_URL")
    _redis["BACKEND"] = "shop.kernel.patient_cache.PatientRedis"
    _redis["VERSION"] = CACHE_SHAPE
    _redis["OPTIONS"] = {
        **_redis.get("OPTIONS", {}),
        "socket_timeout": CACHE_TIMEOUT_S,
        "socket_connect_timeout": CACHE_TIMEOUT_S,
    }
    CACHES = {"default": _redis, "pages": {**_redis, "KEY_PREFIX": "pages"}}
else:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kontor"},
        "pages": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "pages",
            "OPTIONS": {"MAX_ENTRIES": PAGES_KEPT},
        },
    }
#: Seconds a shared page is kept at most, changed or not: what it says about the time of day is that old. 0: none is.
SHARED_KEPT_S = env.int("SHARED_KEPT_S", default=60)
#: Seconds a part of a page (menu, card of a list) is kept in a process at most, changed or not. 0: none is.
PARTS_KEPT_S = env.int("PARTS_KEPT_S", default=60)
#: Seconds between two looks whether a page still holds: within the promised second. A CDN's is on top (0080).
SHARED_CHECKED_S = 0.25
#: Whole seconds a CDN may show a page without asking, beside our own promise; 0: none. More than one would let it show
#: prices that are no longer true.
SHARED_CDN_S = env.int("SHARED_CDN_S", default=1)
SESSION_ENGINE = "shop.customers.session_store"  #: in the database, with whose they are
