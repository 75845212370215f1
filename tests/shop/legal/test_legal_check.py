"""``manage.py legal_check``: quiet in a lawful shop, red when what the law asks for is taken from what is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from catalogue.models import Maker, Product
from catalogue.partner import vat
from catalogue.partner.models import StockRecord, VatRate
from checkout.basket.models import Basket
from checkout.order.models import AcceptedSummary
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.invoicing import files
from shop.customers.models import User
from shop.legal import rules as rules_of_law
from shop.legal.checks import ON_SPECIMENS
from shop.legal.database import ON_DATABASE
from shop.legal.invoices import lacking, lacking_on_paper
from shop.legal.reading import read
from shop.notifications.models import OutgoingAttachment
from shop.pages.models import ContentPage, GuaranteeNotice
from tests.factories.finance import invoice_for
from tests.factories.people import make_user
from tests.shop.legal.test_shown import FROM_CARDS, TAKEN

pytestmark = pytest.mark.django_db


def test_a_lawful_shop_has_no_faults_and_everything_was_looked_at(lawful_shop: None) -> None:
    before = [model.objects.count() for model in (User, Basket)]
    out = StringIO()
    call_command("legal_check", "--complete", stdout=out)
    text = out.getvalue()
    assert "FAIL" not in text and "not looked at" not in text and "--  " not in text, text
    assert "to fill in" not in text
    assert "nothing found" in text
    assert [model.objects.count() for model in (User, Basket)] == before, "looking leaves nothing behind"


def test_a_language_without_the_graphic_of_the_commission_is_said_and_breaks_nothing(
    lawful_shop: None, faults: Callable[..., Any]
) -> None:
    rule = "graphic of the guarantee notice"

    def said(*arguments: str) -> list[str]:
        out = StringIO()
        call_command("legal_check", *arguments, stdout=out)
        assert "nothing found" in out.getvalue()
        return [line.strip() for line in out.getvalue().splitlines() if "to fill in" in line]

    assert said() == []
    GuaranteeNotice.objects.filter(language="en").delete()
    [line, last] = said("--complete")
    assert line.startswith("to fill in: not uploaded in en (/cms/") and last.endswith(f"to fill in: {rule}")
    GuaranteeNotice.objects.all().delete()
    assert [line[:30] for line in said()[:2]] == [
        f"to fill in: not uploaded in {code}" for code in ("de", "en")
    ]
    assert said("--date", "2026-09-26") == [], "the graphic is asked for from the next day on"
    assert faults(rule) == {}


def test_what_could_not_be_looked_at_is_said_and_red_where_all_was_to_be_tried(lawful_shop: None) -> None:
    StockRecord.objects.update(num_in_stock=F("num_allocated"))
    out = StringIO()
    call_command("legal_check", stdout=out)
    assert "4 of them not tried: nothing found" in out.getvalue()
    with pytest.raises(CommandError, match=r"4 rule\(s\) were not tried.*order button"):
        call_command("legal_check", "--complete", stdout=StringIO())


def test_the_command_ends_red_and_names_the_rule(
    lawful_shop: None, change_template: Callable[..., None]
) -> None:
    change_template(
        "storefront/base.html", 'class="site-footer__withdraw" href="{{ withdrawal_url }}"', 'href="/"'
    )
    out = StringIO()
    with pytest.raises(CommandError, match="withdrawal link"):
        call_command("legal_check", stdout=out)
    assert "FAIL withdrawal link (§ 356a (1) BGB" in out.getvalue()


def test_before_the_day_of_the_law_the_missing_link_is_no_fault(
    lawful_shop: None, change_template: Callable[..., None], faults: Callable[..., Any]
) -> None:
    change_template("storefront/base.html", "{% if withdrawal_url %}<li>", "{% if False %}<li>")
    assert faults("withdrawal link")["withdrawal link"]
    assert faults("withdrawal link", day=dt.date(2026, 6, 18)) == {}


def test_the_command_tries_the_rules_of_the_day_it_is_given(
    lawful_shop: None, change_template: Callable[..., None]
) -> None:
    change_template("storefront/base.html", "{% if withdrawal_url %}<li>", "{% if False %}<li>")
    out = StringIO()
    call_command("legal_check", "--date", "2026-06-18", stdout=out)
    assert "rules in force on 2026-06-18" in out.getvalue() and "withdrawal link" not in out.getvalue()
    with pytest.raises(CommandError, match="broken on 2026-06-19: withdrawal link"):
        call_command("legal_check", "--date", "2026-06-19", stdout=StringIO())
    with pytest.raises(CommandError, match="withdrawal link"):
        call_command("legal_check", stdout=StringIO())


def _write(key: str, body: str) -> None:
    ContentPage.objects.filter(key=key).update(body=body)


def test_what_is_wrong_in_texts_turns_their_rules_red(lawful_shop: None, faults: Callable[..., Any]) -> None:
    bodies = {
        "imprint": "<p>Wir</p>",
        "withdrawal": "<p>30 Tage</p>",
        "accessibility": "<p>Gut</p>",
        "privacy": "<p>Nichts</p>",
        "terms": "<p>[[Firma]]</p>",
    }
    for key, body in bodies.items():
        _write(key, body)
    ContentPage.objects.get(slug="versand-und-zahlung").unpublish()
    assert set(faults(*TEXTS)) == set(TEXTS)


TEXTS = (
    "imprint names the seller",
    "withdrawal notice",
    "withdrawal notice names the seller",
    "accessibility statement",
    "privacy notice",
    "privacy notice names what the shop keeps",
    "texts are filled in",
    "imprint and other pages are linked",
)


def test_what_is_wrong_in_the_database_turns_its_rules_red(
    lawful_shop: None, faults: Callable[..., Any]
) -> None:
    from tests.fulfilment.customer_service.test_withdrawals import declare

    Product.objects.filter(title="Wachs").update(search_text="wachs mit akku")
    assert faults("batteries") == {}
    ContentPage.objects.get(key="environment", locale__language_code="en").unpublish()
    StockRecord.objects.exclude(reference_price_minor=None).update(reference_price_minor=20_000)
    Maker.objects.update(electronic_address="")
    OutgoingAttachment.objects.all().delete()
    AcceptedSummary.objects.update(sha256="0" * 64)
    VatRate.objects.all().delete()
    vat.forget()
    Withdrawal.objects.filter(pk=declare().pk).update(received_at=dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    assert set(faults(*ROWS)) == set(ROWS)
    with pytest.raises(
        CommandError, match="pages that do not answer"
    ):  # without a rate nothing can be ordered
        call_command("legal_check", stdout=StringIO())
    vat.forget()


ROWS = (
    "batteries",
    "30-day prices are right",
    "product safety",
    "order mail carries the contract's texts",
    "what was agreed is kept",
    "VAT rates",
    "withdrawals are receipted",
)


def test_an_invoice_without_a_tax_number_is_named(lawful_shop: None, faults: Callable[..., Any]) -> None:
    invoice = invoice_for(make_user("anna@example.org"))
    assert lacking(invoice) == [] and faults("invoices are complete") == {}
    invoice.seller = {**invoice.seller, "vat_id": "", "tax_number": ""}
    assert lacking(invoice) == ["VAT id or tax number"]


def test_the_document_that_the_customer_gets_is_read(
    lawful_shop: None, faults: Callable[..., Any], settings: Any, tmp_path: Path, clock: Any
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "documents": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        }
    }
    rule = "invoices are complete"
    invoice = files.make(invoice_for(make_user("anna@example.org")).pk)
    assert lacking_on_paper(invoice) == [] and faults(rule) == {}
    seller, lines = invoice.seller, list(invoice.lines.all())
    invoice.seller = {**seller, "vat_id": "DE999999999"}
    invoice.gross_minor += 1
    assert lacking_on_paper(invoice)[0] == "“DE999999999” on paper"
    assert len(lacking_on_paper(invoice)) == 2 and lines
    invoice.xml_sha256 = "0" * 64
    assert "archived electronic invoice" in lacking_on_paper(invoice)[-1]
    (tmp_path / invoice.pdf_key).write_bytes(b"%PDF-1.7 nothing")
    [fault] = faults(rule)[rule]
    assert fault.startswith(f"{invoice.number}: the document (")
    invoice.pdf_sha256 = sha256(b"%PDF-1.7 nothing").hexdigest()
    assert "a document that can be read" in lacking_on_paper(invoice)[0]


def test_an_invoice_whose_document_was_never_made_is_named(
    lawful_shop: None, faults: Callable[..., Any], clock: Any
) -> None:
    invoice = invoice_for(make_user("anna@example.org"))
    assert faults("invoices are complete") == {}
    clock.advance(minutes=16)
    assert (
        f"{invoice.number}: the document is missing"
        in faults("invoices are complete")["invoices are complete"]
    )


def test_every_rule_knows_its_check_and_every_check_is_used() -> None:
    rules = rules_of_law.read()
    assert {rule.check for rule in rules} == set(ON_SPECIMENS) | set(ON_DATABASE)
    assert all(rule.source and rule.duty for rule in rules)
    tried = {row[0] for row in [*TAKEN, *FROM_CARDS]} | {
        *TEXTS,
        *ROWS,
        "maker and type are named with the goods",
        "what delivery costs is linked beside prices",
        "withdrawal link",
        "no link to the ODR platform",
    }
    assert {rule.name for rule in rules} - tried == {
        "invoices are complete",
        "campaigns announce what they take off",  # test_announced.py
        "30-day price beside what campaigns announce",  # there as well
        "graphic of the guarantee notice",
    }


@pytest.mark.parametrize("day", ["2026-13-01", "gestern", "x\x00", "20261"])
def test_a_day_that_is_none_is_refused_in_words(day: str) -> None:
    with pytest.raises(CommandError, match="is not a day"):
        call_command("legal_check", "--date", day)


def test_a_rules_file_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    text = (
        '[[rule]]\nname="a"\nduty="d"\nsource="s"\nvalid_from=2026-01-01\nvalid_to=2025-01-01\ncheck="says"\n'
    )
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ValueError, match="ends before"):
        rules_of_law.read(tmp_path / "r.toml")
    (tmp_path / "r.toml").write_text(text.replace("valid_to=2025-01-01\n", "") * 2)
    with pytest.raises(ValueError, match="same name"):
        rules_of_law.read(tmp_path / "r.toml")


def test_a_part_that_is_a_duty_is_read_where_it_needs_no_click() -> None:
    part = '<section data-duty="n">Two <section>years</section> <img alt="and more"><b>yes</b></section> no'
    assert read(part).duties["n"].split() == ["Two", "years", "and", "more", "yes"]
    assert read(f"<details>{part}</details>").duties == {}
    assert read(f"<details open>{part}</details>").duties["n"]
    assert read('<section data-duty="n">One<details>hidden</details>two</section>').duties["n"] == "Onetwo"


def test_cards_of_goods_are_read_one_by_one() -> None:
    page = "<article class='card product-card'><a href='/a_1/'>A</a> 3 € <i>je</i> 1 l <a href='/b/'>B</a></article> no"
    assert [(card.href, card.words) for card in read(page + page).cards] == [("/a_1/", "a 3 € je 1 l b")] * 2
    assert read("<article class='wish card'>A</article>").cards == []


def test_what_stands_at_the_foot_is_told_from_what_stands_above_it() -> None:
    page = read("<p>A <a href='/x/'>B</a></p><footer>C <a href='/y/'>D</a></footer>")
    assert [(one.href, one.in_foot) for one in page.links] == [("/x/", False), ("/y/", True)]
    assert (page.words_above_the_foot, page.words) == ("a b", "a b c d")
    assert read("<p>A</p>").words_above_the_foot == "a"


def test_words_of_scripts_are_not_read_and_buttons_know_what_stands_before_them() -> None:
    page = read(
        "<p>A <b>B</b></p><script>let x = 'C'</script><form action='/x'><input name=q><button>Go</button></form>"
    )
    assert page.words == "a b go"
    assert page.buttons[0].action == "/x" and page.text[: page.buttons[0].before].split() == ["A", "B"]
    assert page.fields == ["/x q"]
