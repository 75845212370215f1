"""Logs and figures. Nothing set: lines for people, on the screen. LOG_FORMAT=json: one JSON object per line."""

from .env import env

LOG_FORMAT = env.str("LOG_FORMAT", default="line")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "shop.kernel.logs.Line",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "datefmt": "%Y-%m-%d %H:%M:%S%z",
        },
        "json": {"()": "shop.kernel.logs.Json"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "json" if LOG_FORMAT == "json" else "line"}
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # Debug only, and noisy: fonts of PDF, statements, each question to the search.
    "loggers": {
        "fontTools": {"level": "WARNING"},
        "factur-x": {"level": "WARNING"},
        "elastic_transport": {"level": "WARNING"},
        # Each request with its status and time: for machines; people see them in the server in front.
        "shop.requests": {"level": "INFO" if LOG_FORMAT == "json" else "WARNING"},
        # Django's own handlers would write beside ours, unmasked.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
#: Who asks for /metrics says this ("Authorization: Bearer ..."). Nothing set: only from this machine, and only in a
#: shop without a real address.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
