"""The newsletter in the browser: written, looked at, tried, sent, stopped. Judged on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from shop.customers import newsletter
from shop.notifications.models import NewsletterCopy
from shop.notifications.tasks import write_newsletters
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.people import make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]


def test_a_newsletter_is_written_looked_at_tried_and_sent(
    live_server: Any, open_window: Callable[..., Page]
) -> None:
    with override("de"):
        for n in range(3):
            newsletter.ask(email=f"n{n}@example.org", place="", via="page")
            asked = newsletter.newest(f"n{n}@example.org")
            assert asked is not None
            newsletter.confirm(token=newsletter.confirm_token(asked), place="")
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    author = make_staff("anna@example.org", "notifications.send_newsletters")
    phone.sign_in(page.context, live_server.url, author)
    page.goto(live_server.url + reverse("notifications:newsletters"))
    judge.see("newsletters-none")
    page.get_by_role("link", name="Newsletter schreiben").first.click()
    page.get_by_label("Betreff (Deutsch)").fill("Neue Stiefel aus Leder, das lange hält und schön alt wird")
    judge.see("newsletter-form")
    page.get_by_label("Text (Deutsch)").fill(
        "Moin,\n\ndie neuen Stiefel sind da.\n\n[Zu den Stiefeln](https://kontor.example/)"
    )
    page.get_by_role("button", name="Entwurf speichern").click()
    page.frame_locator("iframe").get_by_text("die neuen Stiefel sind da").wait_for()
    judge.see("newsletter-draft")
    page.get_by_role("button", name="An mich schicken").click()
    page.get_by_role("button", name="An alle verschicken").click()
    page.get_by_role("button", name="Versand anhalten").wait_for()
    write_newsletters()
    page.get_by_text("0 / 3").first.wait_for()
    page.locator("#newsletter-state dd").get_by_text("3", exact=True).nth(1).wait_for()  # by itself
    judge.see("newsletter-sending")
    page.get_by_role("button", name="Versand anhalten").click()
    page.get_by_text("3 Mails wurden zurückgenommen").first.wait_for()
    judge.see("newsletter-stopped")
    assert not NewsletterCopy.objects.exists()
    page.goto(live_server.url + reverse("notifications:newsletters"))
    judge.see("newsletters")
    assert judge.found == []
