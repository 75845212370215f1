"""The template tags of the house say what they mean, in German and English."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from shop.kernel import clock
from shop.kernel.money import Money
from shop.ui.templatetags.parts import HOLES

NOON = dt.datetime(2026, 11, 22, 11, 0, tzinfo=dt.UTC)  # noon in Hamburg


def render(source: str, path: str = "/", language: str = "de", **context: Any) -> str:
    with translation.override(language):
        page = Template("{% load ui %}" + source)
        return page.render(Context({"request": RequestFactory().get(path), **context})).strip()


class Contact(forms.Form):
    email = forms.EmailField(label="E-Mail", help_text="Für die Bestätigung")
    first_name = forms.CharField(label="Vorname")
    phone_number = forms.CharField(label="Telefon", required=False)
    pieces = forms.IntegerField(label="Stück", required=False)
    way = forms.ChoiceField(label="Weg", widget=forms.RadioSelect, choices=[("m", "Post"), ("t", "Telefon")])
    terms = forms.BooleanField(label="Gelesen")
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> None:
        if self.data.get("email") == "x":
            raise forms.ValidationError("So geht es nicht.")


@pytest.mark.parametrize(
    ("minor", "currency", "language", "text"),
    [
        (123456, "EUR", "de", "1.234,56\u00a0€"),
        (123456, "EUR", "en", "€1,234.56"),
        (-500, "EUR", "de", "\u22125,00\u00a0€"),
        (-500, "EUR", "en", "\u2212€5.00"),
        (0, "EUR", "de", "0,00\u00a0€"),
        (5, "EUR", "en", "€0.05"),
        (1200, "JPY", "en", "¥1,200"),
        (99, "CHF", "en", "CHF\u00a00.99"),
        (10**15, "EUR", "de", "10.000.000.000.000,00\u00a0€"),
    ],
)
def test_money_is_written_as_the_reader_writes_it(
    minor: int, currency: str, language: str, text: str
) -> None:
    out = render("{% money amount currency %}", language=language, amount=minor, currency=currency)
    assert out == f'<data class="money" value="{minor}">{text}</data>'


@pytest.mark.parametrize(
    ("change", "german", "english"),
    [(3, "+3", "+3"), (0, "0", "0"), (-2, "\u22122", "\u22122"), (-12_000, "\u221212.000", "\u221212,000")],
)
def test_a_change_has_its_sign_and_a_true_minus(change: int, german: str, english: str) -> None:
    for language, text in (("de", german), ("en", english)):
        with translation.override(language):
            assert Template("{% load ui %}{{ change|signed }}").render(Context({"change": change})) == text


def test_money_takes_the_kernels_money_and_nothing_for_nothing() -> None:
    assert "12,34" in render("{% money amount %}", amount=Money(1234, "EUR"))
    assert render("{% money amount %}", amount=None) == ""
    assert render("{{ amount|money_plain }}", amount=Money(1234, "EUR"), language="en") == "€12.34"


@pytest.mark.parametrize(
    ("before", "german", "english"),
    [
        (dt.timedelta(seconds=20), "gerade eben", "just now"),
        (dt.timedelta(minutes=1), "vor 1 Minute", "1 minute ago"),
        (dt.timedelta(minutes=59), "vor 59 Minuten", "59 minutes ago"),
        (dt.timedelta(hours=23), "vor 23 Stunden", "23 hours ago"),
    ],
)
def test_recent_times_are_told_in_words(before: dt.timedelta, german: str, english: str) -> None:
    with clock.frozen(NOON):
        assert f">{english}</time>" in render("{% ago at %}", at=NOON - before, language="en")
        told = render("{% ago at %}", at=NOON - before)
    assert f">{german}</time>" in told


def test_older_and_future_times_are_dates_with_the_exact_moment_on_hover() -> None:
    with clock.frozen(NOON):
        past = render("{% ago at %}", at=NOON - dt.timedelta(days=1), language="en")
        future = render("{% ago at %}", at=NOON + dt.timedelta(hours=1), language="en")
    assert 'datetime="2026-11-21T12:00:00+01:00"' in past
    assert "12:00:00 CET" in past
    assert "minute" not in future and "hour" not in future


def test_a_day_without_time_has_no_time_on_hover() -> None:
    out = render("{% local_date day %}", day=dt.date(2026, 11, 22), language="en")
    assert out == '<time datetime="2026-11-22" title="Sunday, 22 November 2026">22 Nov 2026</time>'
    assert render("{% local_datetime nothing %}", nothing=None) == ""


def test_a_field_tells_its_help_and_its_error_to_screen_readers() -> None:
    out = render("{% field form.email %}", form=Contact({"email": "nobody"}))
    assert 'aria-describedby="id_email_helptext id_email_error"' in out
    assert 'aria-invalid="true"' in out
    assert 'id="id_email_error"' in out and 'id="id_email_helptext"' in out
    assert 'value="nobody"' in out, "what was typed is kept"
    assert '<label class="field__label" for="id_email">' in out


def test_a_field_knows_its_autofill_token_and_its_keyboard() -> None:
    form = Contact()
    assert 'autocomplete="email"' in render("{% field form.email %}", form=form)
    assert 'autocomplete="given-name"' in render("{% field form.first_name %}", form=form)
    assert 'inputmode="tel"' in render("{% field form.phone_number %}", form=form)
    assert 'inputmode="numeric"' in render("{% field form.pieces %}", form=form)
    named = render('{% field form.first_name autocomplete="shipping given-name" %}', form=form)
    assert 'autocomplete="shipping given-name"' in named and named.count("autocomplete") == 1


def test_what_the_form_sets_on_its_widget_wins_over_the_guess() -> None:
    form = Contact()
    form.fields["email"].widget.attrs["autocomplete"] = "off"
    assert 'autocomplete="off"' in render("{% field form.email %}", form=form)


def test_a_group_of_radios_is_a_fieldset_and_a_hidden_field_has_no_label() -> None:
    out = render("{% field form.way %}", form=Contact())
    assert "<fieldset" in out and "<legend" in out
    hidden = render("{% field form.token %}", form=Contact())
    assert hidden.startswith("<input") and "label" not in hidden


def test_the_summary_of_errors_links_to_every_broken_field() -> None:
    out = render("{% form_errors form %}", form=Contact({"email": "x"}))
    assert "So geht es nicht." in out
    assert 'href="#id_email"' in out and 'href="#id_first_name"' in out
    assert 'role="alert"' in out


def test_there_is_no_summary_for_a_form_that_is_new_or_right() -> None:
    right = Contact({"email": "a@example.org", "first_name": "A", "way": "m", "terms": "on"})
    assert render("{% form_errors form %}", form=right) == ""
    assert render("{% form_errors form %}", form=Contact()) == ""


def test_an_error_message_with_markup_stays_text() -> None:
    form = Contact({"email": "<b>x</b>"})
    form.add_error("email", "<script>alert(1)</script>")
    assert "<script>" not in render("{% form_errors form %}{% field form.email %}", form=form)


def test_the_query_string_keeps_what_is_not_changed() -> None:
    out = render("{% querystring_with page=2 sort=None %}", path="/?q=a%26b&sort=x&page=1&size=4&size=5")
    assert out == "?q=a%26b&amp;page=2&amp;size=4&amp;size=5"


def test_a_hostile_query_cannot_leave_its_attribute() -> None:
    out = render('<a href="{% querystring_with page=2 %}">', path='/?q="><script>')
    assert "<script>" not in out and out.count('"') == 2


def test_pages_of_a_list_keep_the_filter_and_mark_where_one_is() -> None:
    page = Paginator(range(100), 10).page(5)
    out = render("{% paginator page %}", path="/?q=x", page=page)
    assert 'aria-current="page" href="?q=x&amp;page=5"' in out
    assert 'rel="prev" href="?q=x&amp;page=4"' in out and 'rel="next" href="?q=x&amp;page=6"' in out
    assert render("{% paginator page %}", page=Paginator(range(3), 10).page(1)) == ""


def test_a_column_head_sorts_up_then_down_and_starts_at_the_first_page() -> None:
    fresh = render('{% sort_header "total" "Sum" numeric=True %}', path="/?page=3&q=a")
    assert 'href="?q=a&amp;sort=total"' in fresh and "aria-sort" not in fresh and 'class="num"' in fresh
    up = render('{% sort_header "total" "Sum" %}', path="/?sort=total")
    assert 'aria-sort="ascending"' in up and "sort=-total" in up
    down = render('{% sort_header "total" "Sum" %}', path="/?sort=-total")
    assert 'aria-sort="descending"' in down and 'href="?sort=total"' in down


def test_a_state_is_a_word_and_an_unknown_one_shows_its_name() -> None:
    assert "badge--warn" in render('{% state_badge "awaiting_payment" %}', language="en")
    assert "Awaiting payment" in render('{% state_badge "awaiting_payment" %}', language="en")
    assert "Never seen" in render('{% state_badge "never_seen" %}')


def test_an_icon_is_decoration_unless_it_has_a_name() -> None:
    assert 'aria-hidden="true"' in render('{% icon "basket" %}')
    named = render('{% icon "basket" "Korb" %}')
    assert 'role="img" aria-label="Korb"' in named and "icons" in named and "#basket" in named


def test_a_bar_chart_shows_its_figures_as_text_and_never_divides_by_zero() -> None:
    rows = [("a", 0), ("b", 0, "warn", "/b/")]
    out = render('{% bar_chart rows title="T" currency="EUR" %}', rows=rows)
    assert out.count("0,00\u00a0€") == 2 and 'href="/b/"' in out
    half = render('{% bar_chart rows title="T" %}', rows=[("a", 1), ("b", 2)])
    assert 'width="50.0%"' in half, "SVG wants a point, not a comma, in German too"


def test_a_line_chart_is_drawn_for_none_one_and_many_points() -> None:
    assert "<svg" not in render('{% line_chart points title="T" %}', points=[])
    assert 'class="line__path"' in render('{% line_chart points title="T" %}', points=[("1.", 5)])
    many = render('{% line_chart points title="T" steps=True %}', points=[("1.", 5), ("2.", -3), ("3.", 0)])
    assert " V" in many and "," not in many.split('class="line__path" d="')[1].split('"')[0]


def test_pictures_are_those_of_the_colour_or_all_when_it_has_none() -> None:
    pictures = [{"n": 1, "colour_code": "k"}, {"n": 2, "colour_code": "s"}, {"n": 3, "colour_code": ""}]
    show = "{% for p in pictures|of_colour:code %}{{ p.n }}{% endfor %}"
    assert render(show, pictures=pictures, code="k") == "13"
    assert render(show, pictures=pictures, code="unknown") == "123"
    assert render(show, pictures=None, code="k") == ""


def test_the_language_switch_names_each_language_in_itself() -> None:
    out = render("{% language_choices as all %}{% for c in all %}{{ c.name }}{{ c.active }} {% endfor %}")
    assert "DeutschTrue" in out and "EnglishFalse" in out


def test_a_page_may_name_its_own_addresses_in_other_languages() -> None:
    show = "{% language_choices as all %}{% for c in all %}{{ c.url }} {% endfor %}"
    assert "/en/about/" in render(show, path="/ueber/", language_urls={"en": "/en/about/"})


@pytest.mark.parametrize("path", ["/", "///x", "/%00", "/[/"])
def test_the_language_switch_bears_odd_addresses(path: str) -> None:
    assert "Deutsch" in render("{% language_choices as all %}{{ all.0.name }}", path=path)


def test_the_switch_of_a_second_page_in_the_same_request_is_its_own(settings: Any) -> None:
    """A page that failed half way and the page that says so are of one request."""
    settings.PARTS_KEPT_S = 0
    request = RequestFactory().get("/x/")
    shown = []
    for language, name in (("de", "first"), ("en", "second"), ("en", "second")):
        with translation.override(language):
            own = {"de": f"/{name}/", "en": f"/en/{name}/"}
            shown.append(HOLES["languages"][1](Context({"request": request, "language_urls": own})))
    assert "/en/first/" in shown[0] and "/second/" in shown[1] and "first" not in shown[1]
    assert shown[2] is shown[1], "made once"
