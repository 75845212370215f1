"""Database. Nothing set: SQLite in the data folder. DATABASE_URL: PostgreSQL."""

from .env import DATA_DIR, env

SQLITE_BUSY_TIMEOUT_S = 20
CONNECTION_KEPT_S = 300

if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db_url("DATABASE_URL")}
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=CONNECTION_KEPT_S)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # PostgreSQL compiles what it believes to be dear, which costs a report half a second and saves nothing. Behind a
    # pooler that does not know startup options, give the address its own: ?options= (decisions/0067).
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "kontor.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Every transaction takes the write lock when it begins: no deadlock by upgrading a read lock.
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_BUSY_TIMEOUT_S,
                "init_command": (
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;"
                    "PRAGMA mmap_size=134217728;PRAGMA cache_size=-20000;"
                ),
            },
        }
    }
# With IMMEDIATE, ATOMIC_REQUESTS would make every page view take the write lock: actions open their own transactions.
DATABASES["default"]["ATOMIC_REQUESTS"] = False

# The project owns its schema: one fresh history per Oscar label, none of Oscar's.
MIGRATION_MODULES = {
    label: f"shop.schema.{label}"
    for label in ("address", "analytics", "communication", "offer", "reviews", "voucher", "wishlists")
}
