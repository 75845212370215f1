"""What a web worker carries before it has answered anything: the libraries of few requests are left out, and it stays
below 200 MB (with room for what it keeps of pages)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.processes import Plan
from tests.support.environment import ROOT, isolated

MOST_MB = 145  #: leaves room for what it keeps of pages, below 200 (shop/web_memory.py)
READ_MOST_MB = 25
#: Loaded at their first use (shop/kernel/late.py), left out (left_out.py) or loaded by the one program that needs them.
LATE = (
    "barcode",
    "charset_normalizer",
    "cryptography",
    "django.core.management.commands.migrate",  # checks that nobody reads
    "django.db.migrations.autodetector",
    "django.test",
    "css_inline",
    "django_tables2",
    "elasticsearch",
    "elasticsearch_dsl",
    "facturx",
    "faker",
    "fido2",
    "holidays.calendars.islamic",
    "html5lib",
    "karrio",
    "lxml",
    "ninja",
    "openpyxl",
    "pikepdf",
    "pillow_heif",
    "psycopg",
    "pydantic",
    "pygments",
    "pytest",
    "requests",
    "rest_framework",
    "saxonche",
    "segno",
    "sepaxml",
    "stripe",
    "text_unidecode",
    "typst",
    "unittest.mock",
    "urllib3",
    "yaml",
)
WORKER = """
import ctypes, gc, json, re, sqlite3, sys, threading
from pathlib import Path
from shop.wsgi import application
from catalogue import page_parts
from django.urls import get_resolver
from shop.health import migrations_on_disk
get_resolver()._populate()
assert migrations_on_disk()
from shop.celery import app
app.loader.import_default_modules()  # at the first order, which sends some
def rss_mb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
began_mb = rss_mb()
parts = [one.__name__ for one in page_parts._parts]
loaded = sorted(sys.modules)
from django.conf import settings
from django.db import connection
with sqlite3.connect(settings.DATABASES["default"]["NAME"]) as large:
    large.execute("CREATE TABLE large (text TEXT)")
    large.executemany("INSERT INTO large VALUES (?)", (("x" * 3_000,) for _ in range(10_000)))
def read(all_ready):
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM large WHERE text LIKE '%y%'")
    all_ready.wait()
    all_ready.wait()
all_ready = threading.Barrier(5, timeout=60)
for _ in range(4):
    threading.Thread(target=read, args=[all_ready]).start()
all_ready.wait()
read_mb = rss_mb() - began_mb
all_ready.wait()
library, arenas = ctypes.CDLL(None), 0
if hasattr(library, "gnu_get_libc_version"):
    library.fopen.restype = ctypes.c_void_p
    file = library.fopen(b"malloc.xml", b"w")
    library.malloc_info(0, ctypes.c_void_p(file))
    library.fclose(ctypes.c_void_p(file))
    arenas = Path("malloc.xml").read_text().count("<heap nr=")
full = gc.get_stats()[2]["collections"]
living = [[] for _ in range(30_000)]
for _ in range(700_000):
    lost = []
    lost.append(lost)
full = gc.get_stats()[2]["collections"] - full
print(json.dumps({"loaded": loaded, "parts": parts, "rss_mb": began_mb, "read_mb": read_mb, "arenas": arenas,
                  "full": full}))
"""


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A process that has loaded all that gunicorn's workers load, every address included."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not say how much memory a process takes (no /proc)")
    folder = tmp_path_factory.mktemp("data")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER], env=isolated(folder),
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_worker_loads_no_library_that_few_requests_need(worker: dict[str, Any]) -> None:
    assert "shop.wsgi" in worker["loaded"], "nothing was looked at"
    assert not set(LATE) & set(worker["loaded"])


def test_asking_whether_it_is_ready_loads_no_migration(worker: dict[str, Any]) -> None:
    assert not [name for name in worker["loaded"] if ".migrations.0" in name]


def test_of_all_countries_with_holidays_those_that_are_asked_for_are_loaded() -> None:
    ask = (
        "import datetime as dt, sys\n"
        "from shop.kernel.business_days import is_holiday\n"
        "from shop.kernel.public_holidays import financial_holidays\n"
        "assert is_holiday(dt.date(2026, 10, 3), 'HH') and not is_holiday(dt.date(2026, 10, 2), 'HH')\n"
        "assert dt.date(2026, 5, 1) in financial_holidays('ECB', years=2026)\n"
        "print(*(one for one in sys.modules if one.startswith(('holidays.countries.', 'holidays.financial.'))))"
    )
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["holidays.countries.germany", "holidays.financial.european_central_bank"]


def test_a_worker_begins_with_room_below_200_mb(worker: dict[str, Any]) -> None:
    assert worker["rss_mb"] < MOST_MB


def test_threads_that_read_a_large_database_do_not_each_hold_it(worker: dict[str, Any]) -> None:
    """30 MB were read by four threads, each on its own connection (SQLite)."""
    assert worker["read_mb"] < READ_MOST_MB


def test_its_threads_use_one_arena_of_the_c_library(worker: dict[str, Any]) -> None:
    """Each would have its own, and keep what it has freed there from the others."""
    if not worker["arenas"]:
        pytest.skip("the C library is not glibc")
    assert worker["arenas"] == 1


def test_a_c_library_that_knows_no_such_words_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """musl, macOS."""
    from shop.kernel import settling

    monkeypatch.setattr(settling.ctypes, "CDLL", lambda _name: object())
    assert not settling.keep_memory_together()
    settling._trim()


def test_what_is_lost_in_circles_is_found_although_what_was_loaded_is_not_looked_at(
    worker: dict[str, Any],
) -> None:
    """30,000 objects that stay are less than a quarter of those that were loaded: the collector would wait for more."""
    assert worker["full"]


def test_workers_share_what_is_loaded_before_them_here_and_in_the_image(tmp_path: Path) -> None:
    """A worker that ends for its size is also followed by one that need not load anything."""
    image = (ROOT / "Dockerfile").read_text().rpartition("\nCMD ")[2]
    here = next(child for child in Plan(1, None, tmp_path, {}).children() if child.name == "web").command
    for command in (json.loads(image), here):
        assert {"gunicorn", "--preload"} <= set(command)


def test_the_warehouse_tells_the_page_of_a_product_where_it_lies_also_outside_of_tests(
    worker: dict[str, Any],
) -> None:
    assert "places" in worker["parts"], "nobody has imported shop.pages.product_parts"


def test_a_late_library_is_the_library_once_something_of_it_is_used() -> None:
    from shop.kernel.late import late

    stands_for = late("colorsys")
    assert not hasattr(stands_for, "__path__")
    assert stands_for.rgb_to_hsv(1, 0, 0) == (0.0, 1.0, 1)
    assert sys.modules["colorsys"].rgb_to_hsv is stands_for.rgb_to_hsv
