"""Database. Nothing set: SQLite in the data folder. DATABASE_URL: PostgreSQL."""

from .env import DATA_DIR, env

SQLITE_BUSY_TIMEOUT_S = 20
CONNECTION_KEPT_S = 300
#: Seconds until a PostgreSQL that does not take our call counts as down.
DATABASE_CONNECT_S = env.int("DATABASE_CONNECT_S", default=5)
#: Seconds a statement may take, 0: any. shop/wsgi.py sets it for the web server: nobody waits longer for a page, while
#: exports, imports and migrations of other processes may.
DATABASE_PATIENCE_S = env.float("DATABASE_PATIENCE_S", default=0.0)

if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db_url("DATABASE_URL")}
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=CONNECTION_KEPT_S)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # PostgreSQL compiles what it believes to be dear, which costs a report half a second and saves nothing. Behind a
    # pooler that does not know startup options, give the address its own: ?options= (decisions/0067).
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault("options", "-c jit=off")
    if DATABASE_PATIENCE_S:
        _options["options"] += f" -c statement_timeout={round(DATABASE_PATIENCE_S * 1000)}"
    # A server that vanished without a word is noticed: keep-alives, and data that nobody acknowledges.
    for _name, _value in {
        "connect_timeout": DATABASE_CONNECT_S,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }.items():
        _options.setdefault(_name, _value)
else:
    #: Of each connection: KB of what was read that it keeps, and bytes of the file that it maps into its memory.
    #: Each thread has a connection, and what is mapped counts for each: shop/wsgi.py wants less of both.
    SQLITE_CACHE_KB = env.int("SQLITE_CACHE_KB", default=20_000)
    SQLITE_MAPPED_BYTES = env.int("SQLITE_MAPPED_BYTES", default=134_217_728)
    DATABASES = {
        "default": {
            "ENGINE": "shop.kernel.sqlite",
            "NAME": DATA_DIR / "kontor.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Every transaction takes the write lock when it begins: no deadlock by upgrading a read lock.
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_BUSY_TIMEOUT_S,
                "init_command": (
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;"
                    f"PRAGMA mmap_size={SQLITE_MAPPED_BYTES};PRAGMA cache_size=-{SQLITE_CACHE_KB};"
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
