"""Lines of the log: ids of what caused them, and nothing of a person or a secret."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.test import Client

from checkout.order.models import Order
from checkout.payment.actions import receive_transfer
from checkout.payment.models import Payment
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from shop.kernel import masks, outbox, people_read
from shop.kernel.logs import Json, Line
from shop.kernel.outbox import core
from shop.kernel.work import Task
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.shopping import make_user
from tests.factories.warehouse import send_everything
from tests.faults import shopper
from tests.support.helpers import Outbox
from tests.walks.test_basket_to_books import shoe_in_stock

PEOPLE = ("billing-first_name", "billing-last_name")


class Kept(logging.Handler):
    """Lines as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Json())
        self.lines: list[dict[str, object]] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self.text += line + "\n"
        self.lines.append(json.loads(line))


@pytest.fixture
def log() -> Iterator[Kept]:
    kept, root, requests = Kept(), logging.getLogger(), logging.getLogger("shop.requests")
    before, level = root.level, requests.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    requests.setLevel(logging.INFO)
    yield kept
    root.removeHandler(kept)
    root.setLevel(before)
    requests.setLevel(level)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("mail to jana.o'neil+x@post.example waits", "mail to [e-mail] waits"),
        ("from DE89 3704 0044 0532 0130 00 came 5", "from [iban] came 5"),
        ("from DE89370400440532013000, and", "from [iban], and"),
        ("card 4242 4242 4242 4242 declined", "card [number] declined"),
        ("amqp://kontor:geheim@queue.example:5672// down", "amqp://[login]@queue.example:5672// down"),
        ("redis://:geheim@cache.example/1", "redis://[login]@cache.example/1"),
        ("key sk_live_51Habc and whsec_abcdef12", "key [key] and [key]"),
        ("pi_3Abc_secret_xyz", "[key]"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: [secret] [token]"),
        ("sent Bearer abc.def-ghi", "sent Bearer [token]"),
        ("GET /x?token=abc123&page=2", "GET /x?token=[secret]&page=2"),
        ('{"password": "hunter 2", "n": 3}', '{"password": [secret], "n": 3}'),
        ("Address(first_name='Jana', last_name='Maß', n=3)", "Address(first_name=[person], last_name=[person], n=3)"),
        ("DETAIL:  Key (email)=(jana@post.example) already exists.", "DETAIL:  Key (email)=([row]) already exists."),
        ("DETAIL:  Failing row contains (7, Jana, Maß (geb. Ohm), 3).", "DETAIL:  Failing row contains ([row])"),
        ("link eyJvcmRlciI6MX0:1uAbCd:5rT0k3nT0k3nT0k3nT0k3n opened", "link [token] opened"),
        ("GET /help/case/MTI:1uAbCd:5rT0k3nT0k3nT0k3nT0k3n/received/ 200", "GET /help/case/[token]/received/ 200"),
        ("/withdrawal/?key=.eJ-x_1%3A1uAbCd%3A5rT0k3nT0k3nT0k3nT0k3n&order=7", "/withdrawal/?key=[token]&order=7"),
        (f"GET /open-items/eyJuIjo3fQ:{'5rT0k3nT0k3' * 4}/pay/3/", None),
        (f"GET /open-items/eyJuIjo3fQ:{'5rT0k3nT0k3' * 3}-012345678/pay/3/", "GET /open-items/[token]/pay/3/"),
        ("GET /alerts/8Kx_2v-Zk3s0d9f8g7h6j5k4l3m2n1o0/ 200", "GET /alerts/[token]/ 200"),
        ("GET /alerts/asked/ 200", None),
        ("payment.expire:worker:of_the_order_that_was_left_alone", None),
        ("order 100042 of 2026-11-26 12:30:05.123 has 3 lines, EUR 1,234.50",
         "order 100042 of 2026-11-26 12:30:05.123 has 3 lines, EUR 1,234.50"),
        ("delivery 5f0c9f2e7b5a4b0f8f7b3e0d9c1a2b3c to finance.issue_invoice", None),
    ],
)  # fmt: skip
def test_what_has_a_shape_is_found_by_its_shape(said: str, written: str | None) -> None:
    assert masks.mask(said) == (said if written is None else written)


def test_a_name_is_left_out_while_its_form_or_event_is_worked_on() -> None:
    form = {"first_name": "Wilhelmine", "last_name": "von Ahn", "qty": "12", "note": "bitte klingeln",
            "shipping": {"line1": "Am Wall 7"}}  # fmt: skip
    said = "Wilhelmine von Ahn, Am Wall 7: label refused; Wilhelmines shoes stay"
    assert masks.mask(said) == said, "outside nobody knows the name"
    with masks.about(lambda: masks.personal(form)):
        assert masks.mask(said) == "[person] [person], [person]: label refused; Wilhelmines shoes stay"


def test_a_traceback_is_masked_as_well_in_both_forms() -> None:
    try:
        raise ValueError("no such mailbox: jana@post.example")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "mail to %s", ("j@mail.example",), sys.exc_info()
        )
    with outbox.correlation("abc"):
        for formatter in (Json(), Line("%(levelname)s %(message)s")):
            written = formatter.format(record)
            assert "jana@" not in written and "j@" not in written
            assert written.count("no such mailbox: [e-mail]") == 2 and "mail to [e-mail]" in written
            assert "abc" in written.partition("\n")[0]


def test_what_extra_gives_is_a_field_of_its_own_and_masked() -> None:
    record = logging.makeLogRecord({"msg": "done", "ms": 12, "who": "jana@post.example", "levelname": "INFO"})
    line = json.loads(Json().format(record))
    assert (line["ms"], line["who"], line["message"], line["level"]) == (12, "[e-mail]", "done", "INFO")


def test_what_somebody_sent_begins_no_line_and_steers_no_screen() -> None:
    sent = "/x\n2026-11-26 12:00:00+0100 INFO shop.security signed in person=1\x1b[2J\r\x85\u2028end"
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": (sent,), "levelname": "WARNING"})
    line = Line("%(levelname)s %(message)s").format(record)
    assert line.splitlines() == [line] and "\x1b" not in line and "\\x0a2026-11-26" in line
    assert len(Json().format(record).splitlines()) == 1


def test_lines_go_to_the_screen_and_nowhere_else(settings: Any) -> None:
    told = settings.LOGGING
    assert {name: one["class"] for name, one in told["handlers"].items()} == {
        "console": "logging.StreamHandler"
    }
    assert told["root"]["handlers"] == ["console"]
    assert not [name for name, one in told["loggers"].items() if one.get("handlers")]


def test_every_line_says_when_in_utc_or_with_the_distance_from_it(settings: Any) -> None:
    record = logging.makeLogRecord({"msg": "done", "levelname": "INFO", "created": 1_795_000_000.0})
    assert json.loads(Json().format(record))["at"] == "2026-11-18T11:06:40.000+00:00"
    made = settings.LOGGING["formatters"]["line"]
    when = Line(made["format"], made["datefmt"]).format(record)[:24]
    assert dt.datetime.strptime(when, "%Y-%m-%d %H:%M:%S%z").timestamp() == 1_795_000_000


def test_a_request_writes_one_line_and_nothing_of_who_sent_it(db: None, log: Kept, client: Client) -> None:
    person = make_user("jana.ohm@post.example", first_name="Jana", last_name="Ohm-Sander")
    client.force_login(person)
    client.get("/", {"email": "jana.ohm@post.example"})
    (line,) = [one for one in log.lines if one["logger"] == "shop.requests"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/", 200)
    assert line["id"] and isinstance(line["ms"], int) and line["person"] in (person.pk, None)
    assert "jana" not in log.text.lower() and "Sander" not in log.text


def test_one_id_leads_from_the_click_to_the_row_of_the_ledger_and_the_log_names_nobody(
    db: None, log: Kept, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_country()
    shoe = shoe_in_stock(5)
    outbox.drain()
    before = list(Entry.objects.values_list("pk", flat=True))
    order = shopper.buy(Client(), shoe)
    receive_transfer(payment=Payment.objects.get(), amount_minor=order.total_minor, reference="t1")
    heard = core.SUBSCRIBERS["OrderConfirmed"]
    who = next(name for name in heard if name.startswith("notifications."))

    def grumble(event: Any) -> None:
        person = Order.objects.get(pk=event.order_id).billing_address
        logging.getLogger("grumbler").warning("no paper for %s %s", person.first_name, person.last_name)

    monkeypatch.setitem(heard, who, grumble)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff("lager@example.org"))
    outbox.drain()
    clicks = [one for one in log.lines if one["logger"] == "shop.requests" and one["method"] == "POST"]
    (heard_line,) = [one for one in log.lines if one["logger"] == "grumbler"]
    ids = set(Entry.objects.exclude(pk__in=before).values_list("correlation_id", flat=True))
    assert ids == {order.correlation_id} == {clicks[-1]["id"]} == {heard_line["id"]}
    # The event names nobody; the grumbler read the name from the order's row and wrote it down.
    assert heard_line["message"] == "no paper for [person] [person]"
    for name in (*PEOPLE, "email"):
        assert str(shopper.CONTACT[name]) not in log.text


def test_who_was_read_from_a_row_is_left_out_of_the_lines_of_that_block(db: None) -> None:
    person = make_user("w@post.example", first_name="Wilhelmine", last_name="von Ahn")
    said = "for Wilhelmine von Ahn, and Li"
    assert masks.mask(said) == said, "outside of a block nothing is remembered"
    with masks.about():
        User.objects.only("first_name").get(pk=person.pk)
        assert masks.mask(said) == "for [person] von Ahn, and Li", "what was not read is not asked for"
        with masks.about():
            User.objects.get(pk=person.pk)
            assert masks.mask(said) == "for [person] [person], and Li"
        assert masks.mask(said) == "for [person] von Ahn, and Li"
        for n in range(masks.READ_MAX):
            masks.read([f"Name {n}"])
        assert masks.mask(said) == said and masks.mask(f"Name {n}") == "[person]", "the newest are remembered"
    assert masks.mask(f"Name {n}") == f"Name {n}"


def test_every_model_with_a_name_of_a_person_is_watched() -> None:
    watched = {model._meta.label: fields for model, fields in people_read.watched().items()}
    assert set(watched["order.ShippingAddress"]) >= {"first_name", "last_name", "line1", "phone_number"}
    assert {
        "customer.User",
        "order.BillingAddress",
        "address.UserAddress",
        "dispatch.Label",
        "bank.StatementLine",
    } <= set(watched)
    assert "catalogue.Product" not in watched


def test_a_task_is_a_block_as_well(db: None, log: Kept) -> None:
    person = make_user("w@post.example", first_name="Wilhelmine")

    @current_app.task(base=Task)  # type: ignore[untyped-decorator]
    def grumble() -> None:
        logging.getLogger("grumbler").warning("no task for %s", User.objects.get(pk=person.pk).first_name)

    grumble.apply()
    (line,) = [one for one in log.lines if one["logger"] == "grumbler"]
    assert line["message"] == "no task for [person]"
