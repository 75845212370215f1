"""What browsers are told behind https, over each kind of page: the HTTP Observatory would give A+."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils.translation import override

import shop.settings.base
from checkout.basket.models import Line  # type: ignore[attr-defined]
from tests.factories.people import make_staff, make_user
from tests.support import observatory
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = pytest.mark.django_db
HOST = "schuhe.example"
RIGHTS = ("dashboard.enter", "order.view_orders", "wagtailadmin.access_admin", "picking.pick_orders")


def read_behind_https(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings of security.py as they are where SITE_URL is a real address."""
    monkeypatch.setattr(shop.settings.base, "SITE_URL", f"https://{HOST}")
    path = Path(shop.settings.base.__file__ or "").with_name("security.py")
    spec = importlib.util.spec_from_file_location("shop.settings._behind_https", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.isupper()}


@pytest.fixture
def https(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The shop behind https."""
    for name, value in read_behind_https(monkeypatch).items():
        setattr(settings, name, value)
    settings.ALLOWED_HOSTS = [HOST]
    return settings


def visitor(user: Any = None) -> Client:
    """Somebody whose browser came by https."""
    client = Client(headers={"host": HOST, "x-forwarded-proto": "https"})
    if user is not None:
        client.force_login(user)
    return client


def strict(answer: Any) -> dict[str, list[str]]:
    """The policy, which must have neither inline nor eval nor a source elsewhere."""
    policy = observatory.directives(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == policy["object-src"] == ["'none'"]
    words = {word for parts in policy.values() for word in parts}
    assert not words & {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"}
    return policy


PUBLIC_PAGES = {
    "home": "/",
    "list": "/catalogue/",
    "search": "/catalogue/search/?q=stiefel",
    "basket": "/basket/",
    "sign in": "/accounts/login/",
    "register": "/accounts/signup/",
    "reset": "/accounts/password/reset/",
    "order lookup": "/orders/",
    "withdrawal": "/withdrawal/",
    "newsletter": "/newsletter/",
    "help": "/help/",
    "not found": "/nothing-here/",
    "english": "/en/",
}


@pytest.mark.parametrize("page", PUBLIC_PAGES)
def test_each_kind_of_page_of_the_shop_gets_an_a_plus(https: Any, page: str) -> None:
    answer = visitor().get(PUBLIC_PAGES[page])
    strict(answer)
    points = observatory.score(answer)
    assert (points >= 100, observatory.grade(points)) == (True, "A+"), observatory.findings(answer)


def test_a_product_and_what_is_put_into_the_basket_get_an_a_plus(https: Any) -> None:
    shoe = shoe_in_stock(3).product
    client = visitor()
    added = client.post("/basket/add/", {"product_id": shoe.pk, "quantity": 1})
    assert added.status_code == 302
    assert added.cookies, "the basket has cookies"
    assert observatory.findings(added)["cookies"] == 5, added.cookies.output()
    with override("de"):
        address = shoe.get_absolute_url()
    for answer in (added, client.get("/basket/"), client.get(address, follow=True)):
        assert observatory.score(answer) >= 100, observatory.findings(answer)


@pytest.mark.parametrize(
    "page", ["/dashboard/", "/dashboard/orders/", "/dashboard/orders/?format=csv", "/dashboard/nothing/"]
)
def test_each_kind_of_page_of_the_office_gets_an_a_plus(https: Any, page: str) -> None:
    answer = visitor(make_staff("office@example.org", *RIGHTS)).get(page)
    points = observatory.score(answer)
    assert (points >= 100, observatory.grade(points)) == (True, "A+"), observatory.findings(answer)


def test_errors_and_data_for_scripts_do_too(https: Any) -> None:
    client = visitor(make_user())
    answers = {
        "forbidden": client.get("/dashboard/"),
        "bad input": client.get("/catalogue/search/?q=%00"),
        "another name": Client(headers={"host": "evil.example", "x-forwarded-proto": "https"}).get("/"),
        "suggestions": client.get("/catalogue/search/suggestions/?q=st"),
        "health": client.get("/healthz"),
    }
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert [statuses[name] for name in ("forbidden", "bad input", "another name")] == [403, 400, 400]
    low = {name: observatory.findings(one) for name, one in answers.items() if observatory.score(one) < 100}
    assert not low


def test_uploads_can_do_nothing(https: Any) -> None:
    name = default_storage.save("images/x.png", ContentFile(b"\x89PNG\r\n\x1a\n"))
    answer = visitor().get(f"/media/{name}")
    assert answer.status_code == 200
    assert observatory.score(answer) >= 100, observatory.findings(answer)
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin", "mails and those who link show it"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_the_editor_has_a_policy_of_its_own_that_lets_nothing_in_from_elsewhere(https: Any) -> None:
    editor = make_user("chefin@example.org", is_staff=True, is_superuser=True)
    for page in ("/cms/", "/cms/pages/", "/cms/images/"):
        answer = visitor(editor).get(page, follow=True)
        assert answer.status_code == 200
        policy = observatory.directives(answer)
        assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == ["'none'"]
        assert policy["frame-ancestors"] == policy["form-action"] == policy["connect-src"] == ["'self'"]
        sources = {word for parts in policy.values() for word in parts}
        assert sources <= {"'none'", "'self'", "'unsafe-inline'", "data:", "blob:"}
        assert "'unsafe-eval'" not in sources


def test_no_page_carries_a_script_a_handler_or_a_style_in_itself(https: Any) -> None:
    staff = make_staff("office@example.org", *RIGHTS)
    pages = [(visitor(), page) for page in PUBLIC_PAGES.values()]
    pages += [(visitor(staff), page) for page in ("/dashboard/", "/dashboard/orders/", "/accounts/2fa/")]
    for client, page in pages:
        text = client.get(page).content.decode()
        for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL):
            assert "src=" in attributes or "json" in attributes or "speculationrules" in attributes, (
                page,
                body,
            )
        assert not re.findall(r"<[a-z][^>]*\s(?:on[a-z]+|style)=[\"']", text), page


def test_a_nonce_is_new_each_time_and_goes_with_what_is_shown_to_one_person(https: Any) -> None:
    client = visitor(make_user())
    seen = set()
    for _turn in range(2):
        answer = client.get("/account/")
        (nonce,) = re.findall(r"'nonce-([^']+)'", answer["Content-Security-Policy"])
        assert f'nonce="{nonce}"' in answer.content.decode()
        seen.add(nonce)
    assert len(seen) == 2


def test_cookies_are_bound_to_this_name_and_out_of_reach_of_scripts_and_neighbours(https: Any) -> None:
    person = make_user("erika@example.org")
    person.set_password("hafen-kontor-26")
    person.save()
    client = visitor()
    client.get("/accounts/login/")
    shoe = shoe_in_stock(3)
    client.get(shoe.product.get_absolute_url(), follow=True)
    client.post("/basket/add/", {"product_id": shoe.product_id, "quantity": 1})
    client.post(f"/basket/lines/{Line.objects.get().pk}/later/")
    client.post("/accounts/login/", {"login": person.email, "password": "hafen-kontor-26"})
    client.post("/i18n/setlang/", {"language": "en"})
    client.post("/account/profile/", {"first_name": "E", "last_name": "M", "phone": "", "language": "en"})
    client.post("/basket/add/", {"product_id": shoe_in_stock(3).product_id, "quantity": 1})
    cookies = client.cookies
    assert not [name for name in cookies if not name.startswith("__Host-")]
    kinds = ("sessionid", "csrftoken", "device", "django_language", "messages")
    kinds += ("oscar_open_basket", "basket_count", "kept_for_later")
    assert {f"__Host-{kind}" for kind in kinds} == set(cookies)
    session = cookies["__Host-sessionid"]
    assert (session["httponly"], session["secure"], session["path"], session["domain"]) == (
        True,
        True,
        "/",
        "",
    )
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["samesite"]) == (True, "Lax"), cookie.key
        assert (cookie["path"], cookie["domain"]) == ("/", ""), "else a browser refuses it under this name"


def test_what_the_merchant_chooses_about_hsts_is_said(https: Any) -> None:
    assert visitor().get("/")["Strict-Transport-Security"] == "max-age=31536000"
    https.SECURE_HSTS_INCLUDE_SUBDOMAINS = https.SECURE_HSTS_PRELOAD = True
    assert visitor().get("/")["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def test_http_leads_to_the_same_name_by_https(https: Any) -> None:
    answer = Client(headers={"host": HOST}).get("/catalogue/")
    assert (answer.status_code, answer["Location"]) == (301, f"https://{HOST}/catalogue/")


SENT_BY_PROGRAMS = ("/payments/stripe/webhook", "/carriers/dhl/webhook", "/newsletter/leave/x/", "/help/")


@pytest.mark.parametrize("address", SENT_BY_PROGRAMS)
def test_what_is_sent_without_https_is_refused_and_not_led_on(https: Any, address: str) -> None:
    """Led on, a program that sends in the clear would never be noticed (ASVS 4.1.2)."""
    answer = Client(headers={"host": HOST}).post(address, b"{}", content_type="application/json")
    assert (answer.status_code, answer.get("Location")) == (403, None)
    assert answer.json() == {"error": "https only"}
    assert visitor().post(address, b"{}", content_type="application/json").status_code != 301
    https.SECURE_SSL_REDIRECT = False
    at_home = Client(headers={"host": HOST}).post(address, b"{}", content_type="application/json")
    assert "https only" not in at_home.content.decode()


LOADED = [
    ("no-cors", "image"),
    ("no-cors", "script"),
    ("cors", "empty"),
    ("navigate", "iframe"),
    ("navigate", "object"),
]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("mode", "dest"), LOADED)
def test_no_page_of_somebody_else_loads_one_of_ours_behind_a_readers_back(
    site: str, mode: str, dest: str
) -> None:
    """What a link of a mail opens is opened by a reader, not by a picture in another page (ASVS 3.5.3)."""
    client = Client()
    said = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    for address in ("/", "/basket/", "/orders/", "/newsletter/leave/x/", "/accounts/logout/"):
        answer = client.get(address, headers=said)
        assert (answer.status_code, answer["Cache-Control"]) == (403, "no-store"), address
        assert not answer.cookies
        opened = {**said, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        own = {**said, "Sec-Fetch-Site": "same-origin"}
        for meant in (opened, own, {**said, "Sec-Fetch-Site": "none"}, {}):
            assert client.get(address, headers=meant).status_code != 403, (address, meant)
    name = default_storage.save("images/x.png", ContentFile(b"\x89PNG\r\n\x1a\n"))
    picture = client.get(f"/media/{name}", headers=said)
    assert picture.status_code == 200, "mails and those who link show it"


def test_what_the_browser_may_do_is_said(https: Any) -> None:
    answer = visitor().get("/")
    said = answer["Permissions-Policy"]
    for feature in ("geolocation", "microphone", "usb", "browsing-topics", "display-capture"):
        assert f"{feature}=()" in said
    assert "camera=(self)" in said
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"


def test_the_rules_of_the_observatory_find_what_is_wrong() -> None:
    """The measure itself: a bare answer, a lax one and a strict one."""

    class Answer:
        streaming, content = False, b"<script src='http://cdn.example/x.js'></script>"

        def __init__(self, headers: dict[str, str]) -> None:
            from http.cookies import SimpleCookie

            self.headers, self.cookies = headers, SimpleCookie()

    bare = Answer({"Content-Type": "text/html"})
    assert observatory.score(bare) == 0
    lax = Answer({"Content-Security-Policy": "script-src 'unsafe-inline'", "X-Frame-Options": "DENY"})
    assert observatory.findings(lax)["content-security-policy"] == -20
    closed = "default-src 'none'; script-src 'self'; form-action 'self'; frame-ancestors 'none'"
    assert observatory.findings(Answer({"Content-Security-Policy": closed}))["content-security-policy"] == 10
    assert json.dumps([observatory.grade(points) for points in (135, 100, 95, 80, 10)]) == json.dumps(
        ["A+", "A+", "A", "B+", "D or worse"]
    )
