"""Cache. Nothing set: in the process. CACHE_URL: Redis."""

from .env import env

if env.str("CACHE_URL", default=""):
    CACHES = {"default": env.cache_url("CACHE_URL")}
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kontor"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
