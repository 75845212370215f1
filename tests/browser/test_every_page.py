"""Every page of the warehouse, and the pages its customers see, in the middle of a day: on a phone and at a desk, in
German and in English. Nothing is cut off, nothing keeps people out, a finger hits what it means, no English is left in
the German pages. A page that nobody walks to here fails as well.

``KONTOR_PICTURES=/folder`` keeps a picture of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.utils.translation import override

from fulfilment.warehouse.urls import urlpatterns
from tests.browser import phone
from tests.browser.judge import LANGUAGES, Judge
from tests.browser.whole_day import Day
from tests.browser.whole_day_pages import Address, shopper_pages, staff_pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
#: What answers a button, sends a file or a part of a page: nothing to look at.
NOT_PAGES = {
    "add-code",
    "batch-act",
    "batch-finish",
    "batch-paper",
    "batch-scan",
    "batch-short",
    "batch-walk",
    "close-bin",
    "close-loss",
    "close-site",
    "count",
    "count-approve",
    "count-cancel",
    "count-finish",
    "count-let-go",
    "count-plan",
    "count-refuse",
    "count-start",
    "count-take-over",
    "count-tally",
    "count-total",
    "cut-off-delete",
    "dispatch",
    "dock-book",
    "dock-finish",
    "dock-open",
    "dock-undo",
    "dock-wrong",
    "finish",
    "handling",
    "index",
    "label",
    "label-cancel",
    "label-retry",
    "label-state",
    "label-want",
    "label-zpl",
    "manifest-pdf",
    "open-bin",
    "open-site",
    "order-contact",
    "outcome",
    "pack-back",
    "pack-close",
    "packing-slip",
    "phone-manifest",
    "phone-worker",
    "pick-act",
    "recall-close",
    "recall-lift",
    "recall-new",
    "remove-bin",
    "remove-code",
    "remove-zone",
    "return-act",
    "return-decide",
    "return-give-back",
    "return-label",
    "return-slip",
    "scan",
    "scans",
    "settle-scan",
    "short",
    "shortage-answer",
    "shortage-ask-again",
    "shortage-extend",
    "shortage-offer",
    "shortage-take-back",
    "tracking-settle",
    "transfer",
    "transfer-cancel",
    "transfer-dispatch",
    "transfer-paper",
    "transfer-send-back",
    "transfer-take-off",
    "undo-receipt",
    "unpack",
    "walk",
}


def left_out(walked: dict[str, Address]) -> list[str]:
    """Pages of the warehouse that nobody walks to, and names above that are none."""
    names = {one.name for one in urlpatterns if getattr(one, "name", None)}
    missing = names - {address.name for address in walked.values()} - NOT_PAGES
    told = [f"{name}: walk to it in whole_day_pages.py, or it is no page: name it above" for name in missing]
    return told + [f"{name} is no address any more" for name in NOT_PAGES - names]


@pytest.mark.parametrize(("language", "locale"), LANGUAGES)
def test_every_page_is_looked_at(
    day: Day, live_server: Any, open_window: OpenWindow, language: str, locale: str
) -> None:
    page = open_window(locale=locale, service_workers="block")  # what the server says, not what the app keeps
    judge = Judge(page, language, left_out(staff_pages(day)))
    with override(language):
        for who, pages in ((day.boss, staff_pages(day)), (day.shopper, shopper_pages(day))):
            phone.sign_in(page.context, live_server.url, who)
            for name, address in pages.items():
                answer = page.goto(live_server.url + address.url)
                if answer is None or answer.status != address.status:
                    judge.note(name, f"{answer.status if answer else 'no answer'} for {address.url}")
                else:
                    judge.see(name)
    assert not judge.found, "\n".join(judge.found)
