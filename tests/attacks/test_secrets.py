"""Secrets are used and never written down: a walk with a known secret in each place, through all that goes wrong, and
then every log line, answer, row of every table and list that leaves the house is searched for them."""

from __future__ import annotations

import datetime as dt
import io
import logging
import re
import zipfile
from collections.abc import Iterator
from secrets import token_urlsafe
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core import signing
from django.core.files.storage import storages
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse

from fulfilment.finance.bank import actions as bank
from fulfilment.finance.exports import actions as exports
from fulfilment.finance.reconciliation.tasks import take_in_all
from shop.connect import actions as connect
from shop.connect import sending as pushes
from shop.connect.models import ORDER_CONFIRMED, Endpoint
from shop.dashboard.roles import sync_roles
from shop.errors import server_error
from shop.kernel.clock import today
from shop.kernel.logs import Json
from shop.notifications import sending as mails
from shop.notifications.models import OutgoingMail
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.orders import make_country
from tests.factories.people import make_user as make_staff
from tests.factories.shopping import make_user, make_variant, place_order
from tests.fulfilment.finance.bank.papers import THEIRS, Entry, camt, make_account, transaction
from tests.shop.dashboard.test_methods import taken
from tests.shop.dashboard.test_roles import ADDRESSES
from tests.support.receiver import Receiver
from tests.walks.withdrawing import walk as declare

pytestmark = pytest.mark.django_db

CANARY = "kanarienvogel"
TEXTS = {"CharField", "TextField", "JSONField", "SlugField", "URLField", "EmailField", "BinaryField"}
#: What is known -> tables that hold it because they must: nothing else may.
ALLOWED: dict[str, set[str]] = {
    "key of the shop": set(),
    "key of Stripe": set(),
    "secret of Stripe's webhook": set(),
    "secret of the carrier's webhook": set(),
    "password of the mail server": set(),
    "password typed": set(),
    "wrong password typed": set(),
    "secret of a push": set(),
    "session": {"customer_personsession"},
    "link to a new password": {"notifications_outgoingmail"},
    "link to an order": {"notifications_outgoingmail"},
    "key in the mails of an order": {"notifications_outgoingmail"},
    "receipt of a withdrawal": set(),
    "account of a payer": {
        "bank_statementfile", "bank_statementline", "bank_statement", "reconciliation_receipt", "bank_bankline",
    },
}  # fmt: skip


class Lines(logging.Handler):
    """Every log line of every logger, with its traceback: as production writes it (``written``), and what was said
    before it was masked (``texts``), but for the addresses of requests, which masking alone can free of keys."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []
        self.written: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep both."""
        self.written.append(Json().format(record))
        if record.name not in ("shop.requests", "django.request"):
            self.texts.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """All that is logged, also what is debug only, and the line of each request, as LOG_FORMAT=json writes it."""
    handler, root, requests = Lines(), logging.getLogger(), logging.getLogger("shop.requests")
    before, level = root.level, requests.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    requests.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)
    requests.setLevel(level)


@pytest.fixture
def known(settings: Any) -> dict[str, str]:
    """A secret in each place of the settings; the servers behind them are down, so that errors are written."""
    values = {
        "key of the shop": f"{CANARY}-shop-0123456789abcdef0123456789abcdef",
        "key of Stripe": f"sk_test_{CANARY}1234567890",
        "secret of Stripe's webhook": f"whsec_{CANARY}stripe12345",
        "secret of the carrier's webhook": f"whsec_{CANARY}dhl12345678",
        "password of the mail server": f"{CANARY}-mail-77",
    }
    settings.SECRET_KEY = values["key of the shop"]
    settings.STRIPE_SECRET_KEY = values["key of Stripe"]
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.STRIPE_WEBHOOK_SECRET = values["secret of Stripe's webhook"]
    settings.CARRIER_WEBHOOK_SECRET = values["secret of the carrier's webhook"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    settings.EMAIL_HOST_USER = "kontor"
    settings.EMAIL_HOST_PASSWORD = values["password of the mail server"]
    return values


def walk(known: dict[str, str], outbox: Any) -> list[str]:
    """Sign in rightly and wrongly, buy by card with Stripe down, ask for a password, push to somebody who fails, take
    a statement in, meet forged webhooks. Returns the answers; adds to ``known`` what came to be on the way."""
    make_country()
    known["password typed"], known["wrong password typed"] = f"Richtig-{CANARY}-1", f"Falsch-{CANARY}-2"
    person = make_user("anna@example.org")
    person.set_password(known["password typed"])
    person.save()
    client, answers = Client(raise_request_exception=False), []

    def see(answer: Any) -> Any:
        # A page may name the address by which it was asked for (canonical, where another language leads back to).
        own_address = answer.wsgi_request.path
        answers.append(answer.content.decode(errors="replace").replace(own_address, ""))
        return answer

    see(client.post("/accounts/login/", {"login": person.email, "password": known["wrong password typed"]}))
    assert client.post(
        "/accounts/login/", {"login": person.email, "password": known["password typed"]}
    ).status_code in (302, 200)
    see(client.get("/account/"))
    known["session"] = client.session.session_key or ""
    put_in_basket(client, make_variant(stock=9))
    page = go_to_summary(client, "card")
    order = see(client.post(reverse("checkout:summary"), order_button(page)))
    if order.status_code == 302:
        see(client.get(order["Location"]))
    Client().post("/accounts/password/reset/", {"email": person.email})
    outbox.drain()
    reset = OutgoingMail.objects.filter(recipient=person.email, text__contains="/password/reset/key/").get()
    known["link to a new password"] = re.findall(r"/password/reset/key/([^/\s]+)/", reset.text)[0]
    see(client.get(f"/accounts/password/reset/key/{known['link to a new password']}/"))
    mails.send_due()
    with Receiver().running() as receiver:
        receiver.fail_times = 9
        endpoint = connect.add_endpoint(name="Lager", url=receiver.url, events=[ORDER_CONFIRMED], by=None)
        known["secret of a push"] = Endpoint.objects.get(pk=endpoint.pk).secret
        connect.send_test(endpoint=endpoint, by=None)
        pushes.send_due()
        assert receiver.requests
        assert known["secret of a push"] not in str(receiver.requests)
    for path in ("/payments/stripe/webhook", "/carriers/dhl/webhook"):
        for headers in ({"Stripe-Signature": "t=1,v1=00"}, {"X-Kontor-Signature": "t=1,v1=00"}, {}):
            see(client.post(path, b'{"id": "evt_1"}', content_type="application/json", headers=headers))
    known["account of a payer"] = THEIRS
    make_account(is_default=True)
    day = today().isoformat()
    paid = Entry("5.00", day=day, transactions=[transaction(text="?", name="Ada", iban=THEIRS)])
    file, _new = bank.take_file(content=camt(paid, day=day, opening="0.00", closing="5.00"), name="x.xml")
    bank.read(file.pk)
    outbox.drain()
    take_in_all()
    outbox.drain()
    follow_links(known, outbox, see)
    return answers


def follow_links(known: dict[str, str], outbox: Any, see: Any) -> None:
    """A guest looks for the order, opens it, comes by a link of a mail and withdraws; each link is tried twice, forged,
    and by a stranger."""
    order = place_order((make_variant(stock=9), 1), method="invoice", email="gast@example.org")
    outbox.drain()
    guest = Client(raise_request_exception=False)
    see(guest.post(reverse("orders:lookup"), {"number": order.number, "email": "gast@example.org"}))
    outbox.drain()
    texts = dict(OutgoingMail.objects.filter(order=order).values_list("kind", "text"))
    address, known["link to an order"] = re.findall(
        r"https?://[^/]+(/orders/link/([^/\s]+)/)", texts["order_link"]
    )[0]
    for client in (guest, guest, Client()):
        see(client.get(address))
    see(guest.get(address.replace(known["link to an order"], known["link to an order"][:-3] + "xyz")))
    known["key in the mails of an order"] = re.findall(r"[?&]key=([^&\s]+)", texts["order_confirmed"])[0]
    see(guest.get("/withdrawal/", {"order": order.number, "key": known["key in the mails of an order"]}))
    done = declare(guest, {"name": "Gerd Gast", "contract": order.number, "email": "gast@example.org"})
    known["receipt of a withdrawal"] = done["Location"].strip("/").rsplit("/", 1)[-1]
    guest.get(done["Location"])
    Client().get(done["Location"][:-4] + "xyz/")
    outbox.drain()


def books_as_files() -> list[bytes]:
    """What leaves the books for the tax adviser and the tax office, unpacked."""
    last = today()
    month = {"first_day": last.replace(day=1), "by": None}
    end = (last.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    asked = [
        exports.ask_for_datev(
            **month, last_day=last, consultant=12_345, client=678, year_month=1, is_final=True
        ),
        exports.ask_for_journal(**month, last_day=last),
        exports.ask_for_z3(**month, last_day=end),
    ]
    files: list[bytes] = []
    for export in asked:
        made = exports.make(export.pk)
        with storages["documents"].open(made.key) as file:
            packed = file.read()
        if packed.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(packed)) as folder:
                files += [folder.read(name) for name in folder.namelist()]
        else:
            files.append(packed)
    return files


def rows_with(secret: str) -> dict[str, int]:
    """Tables that hold a text, by the number of rows."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = connection.ops.quote_name(model._meta.db_table)
            columns = [
                connection.ops.quote_name(field.column)
                for field in model._meta.local_concrete_fields
                if field.get_internal_type() in TEXTS
            ]
            if not columns or not model._meta.managed:
                continue
            where = " OR ".join(f"CAST({column} AS TEXT) LIKE %s" for column in columns)
            cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}", [f"%{secret}%"] * len(columns))
            [count] = cursor.fetchone()
            if count:
                found[model._meta.db_table] = count
    return found


def test_no_secret_is_written_where_it_need_not_be(known: dict[str, str], lines: Lines, outbox: Any) -> None:
    answers = walk(known, outbox)
    assert known.keys() == ALLOWED.keys()
    for name, secret in known.items():
        assert len(secret) > 9, name
        logged = [text for text in (*lines.texts, *lines.written) if secret in text]
        assert not logged, f"{name} in the log: {logged[:2]}"
        kept = rows_with(secret).keys() - ALLOWED[name]
        assert not kept, f"{name} in {kept}: if a table must hold it, say so in ALLOWED"
        shown = [text[max(0, text.index(secret) - 200) :][:300] for text in answers if secret in text]
        assert not shown, f"{name} in an answer: {shown[:2]}"
    assert len(lines.texts) > 10 and len(answers) > 8
    assert len([line for line in lines.written if "[token]" in line and '"shop.requests"' in line]) > 5
    assert {"notifications_outgoingmail"} <= rows_with(known["link to a new password"]).keys(), (
        "the search finds"
    )


def addresses_with_a_key(patterns: Any, before: str = "") -> Iterator[str]:
    """Every address of the shop with a key in it, the key left out: ``/help/case/%s/received/``."""
    for one in patterns:
        route = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from addresses_with_a_key(one.url_patterns, route)
        elif re.search(r"<str:(?:token|key)>", route):
            with_key = re.sub(r"<str:(?:token|key)>", "%s", route)
            yield "/" + re.sub(r"<\w+:\w+>", "7", with_key)


def test_no_address_with_a_key_leaves_it_in_the_log(lines: Lines) -> None:
    """Keys that open nothing any more, so that also what is said about a refused one is seen."""
    addresses = sorted(set(addresses_with_a_key(get_resolver().url_patterns)))
    assert {"/help/case/%s/received/", "/open-items/%s/", "/alerts/%s/", "/orders/missing/%s/"} <= set(
        addresses
    )
    drawn, client = token_urlsafe(24), Client(raise_request_exception=False)
    keys = [
        drawn,
        signing.dumps(7),
        signing.dumps({"n": drawn}, compress=True),
        signing.Signer().sign_object([7]),
    ]
    for address in addresses:
        for key in keys[address != "/alerts/%s/" :]:  # that kind alone is drawn and not signed
            client.get(address % key)
            client.post(address % key)
    assert len(lines.written) > 2 * len(addresses)
    left = {line for line in lines.written for key in keys if key in line}
    assert not left, sorted(left)[:3]


def test_no_file_of_the_books_holds_a_secret(known: dict[str, str], outbox: Any) -> None:
    walk(known, outbox)
    files = books_as_files()
    assert len(files) > 10 and sum(map(len, files)) > 2_000
    held = {name for name, secret in known.items() for file in files if secret.encode() in file}
    assert held <= {"account of a payer"}


def test_no_list_and_no_page_of_the_house_shows_a_secret(known: dict[str, str], outbox: Any) -> None:
    walk(known, outbox)
    sync_roles()
    boss = Client(raise_request_exception=False)
    chief = make_staff("leitung@example.org", is_staff=True)
    chief.groups.set(
        Group.objects.all()
    )  # every role at once; a superuser alone reads mails that open accounts
    boss.force_login(chief)
    secrets = {name: secret for name, secret in known.items() if name != "account of a payer"}
    shown = []
    numbered = [reverse("connect:endpoint", args=[Endpoint.objects.get().pk])]
    numbered += [reverse("notifications:detail", args=[mail.pk]) for mail in OutgoingMail.objects.all()]
    numbered += [reverse("notifications:preview", args=[mail.pk]) for mail in OutgoingMail.objects.all()]
    for address in [one for name, one, _access in ADDRESSES if "GET" in taken()[name]] + numbered:
        for parameters in ({}, {"format": "csv"}):
            answer = boss.get(address, parameters)
            if answer.status_code != 200:
                break
            body = b"" if answer.streaming else answer.content
            shown += [f"{name} at {address}" for name, secret in secrets.items() if secret.encode() in body]
    assert not shown


def test_an_error_page_says_nothing_of_what_was_in_hand(
    known: dict[str, str], lines: Lines, monkeypatch: pytest.MonkeyPatch, rf: Any
) -> None:
    from catalogue import views

    def broken(*args: Any, **options: Any) -> Any:
        password = known["password of the mail server"]
        raise RuntimeError(f"something of {len(password)} signs")

    monkeypatch.setattr(views, "listing", broken)
    answer = Client(raise_request_exception=False).get("/catalogue/")
    assert answer.status_code == 500
    written = answer.content.decode() + "".join(lines.texts) + server_error(rf.get("/")).content.decode()
    assert not [name for name, secret in known.items() if secret in written]
    assert "RuntimeError" not in answer.content.decode() and "Traceback" not in answer.content.decode()


def test_settings_that_are_secret_are_named_so_that_reports_hide_them() -> None:
    from django.conf import settings
    from django.views.debug import SafeExceptionReporterFilter

    hidden = SafeExceptionReporterFilter().get_safe_settings()
    for name in ("SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "CARRIER_WEBHOOK_SECRET"):
        assert hasattr(settings, name)
        assert set(str(hidden[name])) <= {"*"}, name
