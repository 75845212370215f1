"""Fixtures that start programs: the whole of Kontor, and a browser."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import needs
from .environment import ROOT
from .kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: As root Chromium has no sandbox of its own; the rest keeps it from calling home.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 15_000
SCREENSHOTS = ROOT / "var" / "screenshots"


@pytest.fixture(scope="session")
def live_kontor() -> Iterator[Kontor]:
    """A whole Kontor with the demo shop, shared by all tests of a run: web, worker, beat, stand-in.

    Its database is not that of the test process; look at it by ``live_kontor.rows(sql)``.
    """
    with tempfile.TemporaryDirectory(prefix="kontor-live-") as folder, Kontor(Path(folder)) as kontor:
        yield kontor


@pytest.fixture
def start_kontor() -> Iterator[Callable[..., Kontor]]:
    """Start a whole Kontor for this test alone, to kill parts of it: ``kontor = start_kontor()``; addresses of the
    scaled profile as ``start_kontor(environment={...})``."""
    with ExitStack() as stack:

        def start(environment: dict[str, str] | None = None) -> Kontor:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kontor-live-"))
            return stack.enter_context(Kontor(Path(folder), environment))

        yield start


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, steered by Playwright."""
    executable = needs.chromium()
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop on this thread; Django's database layer would refuse to work beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browser_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh window (1280 x 900, German). Fails the test on script errors; a failed test leaves a picture.

    ``@pytest.mark.window(width=360, height=740, locale="en-GB", java_script_enabled=False)`` changes it.
    """
    wanted: dict[str, Any] = {"width": 1280, "height": 900, "locale": "de-DE"}
    marker = request.node.get_closest_marker("window")
    wanted |= marker.kwargs if marker else {}
    viewport = {"width": wanted.pop("width"), "height": wanted.pop("height")}
    context = browser.new_context(viewport=viewport, **wanted)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if _is_refusal(line.text) else None)
    yield page
    _picture_of_failure(page, request)
    context.close()
    if errors:
        pytest.fail("the browser complained:\n" + "\n".join(errors), pytrace=False)


def _is_refusal(text: str) -> bool:
    """Whether a console line says that the content policy refused something."""
    return "Content Security Policy" in text or "Refused to" in text


def _picture_of_failure(page: Page, request: pytest.FixtureRequest) -> None:
    report = request.node.stash.get(REPORT, None)
    if report is not None and report.failed and not page.is_closed():
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / (re.sub(r"\W+", "-", request.node.nodeid)[-120:] + ".png")
        page.screenshot(path=path, full_page=True)
        print(f"picture of the failure: {path} ({page.url})")


REPORT: pytest.StashKey[pytest.TestReport] = pytest.StashKey()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep the outcome of the test's own part where fixtures can read it."""
    report = yield
    if call.when == "call":
        item.stash[REPORT] = report  # type: ignore[assignment]
    return report  # type: ignore[return-value]
