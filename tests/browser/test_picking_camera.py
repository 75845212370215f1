"""The camera as a scanner, in a real browser with a camera that plays a film of a barcode, read by the real program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils.translation import override

from fulfilment.warehouse.barcodes import code128_modules
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.picking.phone import READER
from shop.customers.models import User
from tests.browser import phone
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.support import needs
from tests.support.cable import Cable
from tests.support.helpers import Outbox
from tests.support.running import CHROMIUM_ARGUMENTS, PATIENCE_MS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser]

WIDTH, HEIGHT, FRAMES = 640, 480, 10
WHITE, BLACK, GREY = 235, 16, 128


def film(path: Path, code: str) -> Path:
    """A film (YUV4MPEG2) that shows a Code 128 all the time."""
    modules = "0" * 12 + code128_modules(code) + "0" * 12
    wide = WIDTH // len(modules)
    left = (WIDTH - wide * len(modules)) // 2
    bars = b"".join(bytes([BLACK if module == "1" else WHITE]) * wide for module in modules)
    row = bytes([WHITE]) * left + bars + bytes([WHITE]) * (WIDTH - left - len(bars))
    blank = bytes([WHITE]) * WIDTH
    luma = b"".join(row if 120 <= y < 360 else blank for y in range(HEIGHT))
    chroma = bytes([GREY]) * (WIDTH * HEIGHT // 2)
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + (b"FRAME\n" + luma + chroma) * FRAMES)
    return path


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def lena(fresh_database: None) -> User:
    return make_staff("lena@example.org", "picking.pick_orders", first_name="Lena", last_name="Lager")


@pytest.fixture
def address(lena: User, live_server: object, outbox: Outbox) -> Iterator[str]:
    """Of a list that Lena picks."""
    make_order((make_stockrecord("SKU-1", bins={"A-01": 9}), 1))
    outbox.drain()
    pick_list = PickList.objects.get()
    actions.start(pick_list=pick_list, by=lena)
    with Cable(live_server.thread.port) as cable:  # type: ignore[attr-defined]
        yield f"http://localhost:{cable.port}" + reverse("warehouse:pick", args=[pick_list.pk])


@pytest.fixture
def with_camera(browser: Browser, address: str, lena: User) -> Iterator[Callable[..., Page]]:
    """The app in a browser whose camera plays a film; ``allowed=False``: whose user does not want that."""
    if finders.find(READER) is None:
        needs.missing("the barcode reader is not installed; `make setup` does it by npm")
    opened: list[Browser] = []

    def open_(scene: Path, *, allowed: bool = True) -> Page:
        camera = [
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={scene}",
            *(["--use-fake-ui-for-media-stream"] if allowed else []),
        ]
        chromium = browser.browser_type.launch(
            executable_path=needs.chromium(), args=[*CHROMIUM_ARGUMENTS, *camera]
        )
        opened.append(chromium)
        context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        phone.sign_in(context, address.split("/en/")[0], lena)
        phone.open_app(page, address)
        return page

    yield open_
    for chromium in opened:
        chromium.close()


def test_the_camera_reads_a_barcode_with_the_program_from_our_own_files(
    with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    page = with_camera(film(tmp_path / "bin.y4m", "A-01"))
    fetched: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.get_by_role("button", name="Camera").click()
    page.get_by_text("Right bin. Now scan the product.").wait_for()
    page.get_by_role("dialog", name="Camera").wait_for(state="hidden")
    origin = page.url.split("/en/")[0]
    assert complaints == []
    assert all(url.startswith((origin, "data:", "blob:")) for url in fetched), fetched
    if not page.evaluate("'BarcodeDetector' in window"):
        assert any(url.endswith("zxing_reader.wasm") for url in fetched)


def test_a_camera_that_is_refused_is_told_in_words_and_typing_goes_on(
    with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    page = with_camera(film(tmp_path / "bin.y4m", "A-01"), allowed=False)
    page.get_by_role("button", name="Camera").click()
    page.get_by_text("The camera may not be used here.").wait_for()
    page.get_by_role("button", name="Close").click()
    assert phone.scan(page, "A-01") == "Right bin. Now scan the product."
