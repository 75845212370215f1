"""What a web worker carries before it has answered anything: the libraries of few requests are left out, and it stays
below 200 MB (with room for what it keeps of pages)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import ROOT, isolated

MOST_MB = 200
#: Loaded at their first use (shop/kernel/late.py) or by the one program that needs them.
LATE = (
    "barcode",
    "cryptography",
    "css_inline",
    "elasticsearch",
    "elasticsearch_dsl",
    "facturx",
    "faker",
    "fido2",
    "karrio",
    "ninja",
    "openpyxl",
    "pikepdf",
    "pytest",
    "saxonche",
    "sepaxml",
    "stripe",
    "text_unidecode",
    "typst",
)
WORKER = """
import json, re, sys
from pathlib import Path
from shop.wsgi import application
from catalogue import page_parts
from django.urls import get_resolver
get_resolver()._populate()
status = Path("/proc/self/status").read_text()
parts = [one.__name__ for one in page_parts._parts]
loaded = sorted(sys.modules)
print(json.dumps({"loaded": loaded, "parts": parts, "rss_mb": int(re.search(r"VmRSS:\\s+(\\d+)", status)[1]) / 1024}))
"""


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A process that has loaded all that gunicorn's workers load, every address included."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not say how much memory a process takes (no /proc)")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER], env=isolated(tmp_path_factory.mktemp("data")),
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_worker_loads_no_library_that_few_requests_need(worker: dict[str, Any]) -> None:
    assert "shop.wsgi" in worker["loaded"], "nothing was looked at"
    assert not set(LATE) & set(worker["loaded"])


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


def test_a_worker_takes_less_than_200_mb(worker: dict[str, Any]) -> None:
    assert worker["rss_mb"] < MOST_MB


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
