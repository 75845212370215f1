"""Templates whose fixed parts are put together once say what Django's own say, in each language and place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as settings_now
from django.template import (
    Context,
    Engine,
    RequestContext,
    Template,
    TemplateDoesNotExist,
    VariableDoesNotExist,
)
from django.template.base import Node, TextNode
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch
from django.utils.safestring import mark_safe
from django.utils.translation import override

from catalogue.models import Product
from shop.ui import lean_templates
from shop.ui.folded_templates import Fixed, fold
from tests.factories.shopping import make_variant

HEAD = "{% load i18n static ui parts %}"
SOURCES = {
    "fixed.html": HEAD
    + """<a href="{% static "js/ui.js" %}">{% translate "Language" %}</a>{# no #}{% icon "star" %}
    {% icon "star" "A<b" %}""",
    "filtered.html": HEAD
    + """{% translate "Language"|upper %}{% static "js/ui.js"|upper %}
    {% icon name %}{% icon "star" extra=name %}""",
    "names.html": HEAD
    + """{% translate "Language" as word %}{% static "js/ui.js" as address %}{% icon "star" as drawn %}
    [{{ word }}{{ address }}{{ drawn }}]""",
    "context.html": HEAD + """{% translate "plus" context "plus shipping" %} {% translate "100 %" %}""",
    "variables.html": """{{ text }}|{{ safe }}|{{ number }}|{{ nothing }}|{{ missing }}|{{ text|upper }}|{{ price }}
    {{ thing.name }}{{ thing.call }}{{ thing.words.a }}{{ thing.many.1 }}{{ thing.no.such }}{{ words.items.0 }}
    {{ thing.raises }}{{ thing.class_of }}{{ text.upper }}{{ many.0 }}{{ thing.delete }}{{ thing.asks }}""",
    "off.html": HEAD
    + """{% autoescape off %}{{ text }}{% static "js/ui.js" %}{% translate "Language" %}{% endautoescape %}""",
    "urls.html": """{% url "home" %}{% url "home" as home %}{{ home }}{% url "no-such" as gone %}[{{ gone }}]
    {% url "catalogue:category" "a" 1 %}""",
    "branches.html": HEAD
    + """{% if number %}{% translate "Language" %}<b>{% elif text %}{% icon "star" %}{% else %}{% translate "Menu" %}
    {% endif %}"""
    """{% for one in many %}{% translate "Menu" %}{{ forloop.counter }}{% empty %}
    {% translate "Search" %}{% endfor %}""",
    "includes.html": """{% include "branches.html" %}{% include "context.html" with text="<other>" only %}
    {% include name_of %}""",
    "above.html": HEAD
    + """<p>{% translate "Menu" %}{% block one %}{% translate "Search" %}{% endblock %}
    {% block two %}2{% endblock %}""",
    "below.html": """{# first #}{% extends "above.html" %}{% load i18n %}
    {% block one %}{{ block.super }}{% translate "Language" %}{% endblock %}""",
    "lowest.html": """{% extends "below.html" %}{% block two %}{{ text }}{% endblock %}""",
}


class Thing:
    """What templates look into."""

    name, words, many, class_of = "<n>", {"a": "<a>"}, ["x", "y"], dict

    def call(self) -> str:
        return "<called>"

    def asks(self, needed: str) -> str:
        return needed

    def delete(self) -> str:
        return "deleted"

    delete.alters_data = True  # type: ignore[attr-defined]

    @property
    def raises(self) -> str:
        error = KeyError("a part is not there")
        error.silent_variable_failure = True  # type: ignore[attr-defined]
        raise error


WORDS: list[dict[str, Any]] = [
    {
        "text": "a<",
        "safe": mark_safe("<b>"),
        "number": 1234,
        "many": [1, 2],
        "name": "x<",
        "nothing": None,
        "thing": Thing(),
    },
    {
        "text": "&",
        "number": 0,
        "many": [],
        "name": "menu",
        "price": 12.5,
        "name_of": "context.html",
        "words": {"items": [1]},
    },
]


def engine(*, folded: bool) -> Engine:
    """One with the templates above, compiled as the shop does or as Django does."""
    loader = "shop.ui.lean_templates.Loader" if folded else "django.template.loaders.cached.Loader"
    options = settings_now.TEMPLATES[0]["OPTIONS"]
    libraries = {
        "i18n": "django.templatetags.i18n", "static": "django.templatetags.static",
        "ui": "shop.ui.templatetags.ui", "parts": "shop.ui.templatetags.parts",
    }  # fmt: skip
    return Engine(
        loaders=[(loader, [("django.template.loaders.locmem.Loader", SOURCES)])],  # type: ignore[list-item]
        libraries=libraries,
        builtins=options["builtins"],
    )


@pytest.mark.parametrize("name", SOURCES)
def test_each_template_says_the_same_in_every_language_and_each_time(name: str) -> None:
    own, plain = engine(folded=True), engine(folded=False)
    request = RequestFactory().get("/")
    for language in ("de", "en", "de"):
        for words in WORDS:
            named = {"name_of": "fixed.html"} | words
            with override(language):
                said = plain.get_template(name).render(RequestContext(request, dict(named)))
                for _ in range(2):
                    assert own.get_template(name).render(RequestContext(request, dict(named))) == said
                assert own.get_template(name).render(Context(dict(named), autoescape=False)) == (
                    plain.get_template(name).render(Context(dict(named), autoescape=False))
                )


def test_the_words_are_those_of_the_language() -> None:
    template = engine(folded=True).get_template("fixed.html")
    said = {}
    for language in ("de", "en"):
        with override(language):
            said[language] = template.render(Context({}))
    assert ">Sprache<" in said["de"] and ">Language<" in said["en"]


def test_neighbours_become_one_node() -> None:
    folded = engine(folded=True)
    nodes = folded.get_template("fixed.html").nodelist
    assert [type(node) for node in nodes] == [Fixed]
    (branch, loop) = folded.get_template("branches.html").nodelist
    assert [[type(node) for node in part] for _if, part in branch.conditions_nodelists] == [[Fixed]] * 3  # type: ignore[attr-defined]
    assert isinstance(loop, Node) and type(loop.nodelist_empty[0]) is Fixed  # type: ignore[attr-defined]
    assert all(type(node) is not TextNode for node in nodes)


def test_no_other_thread_gets_a_template_that_is_being_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would walk through a list of nodes that becomes shorter meanwhile, and leave out a piece of its page."""
    own = engine(folded=True)
    kept: list[list[str]] = []

    def noted(template: Template) -> None:
        kept.append(list(own.template_loaders[0].get_template_cache))  # type: ignore[attr-defined]
        fold(template)

    monkeypatch.setattr(lean_templates, "fold", noted)
    template = own.get_template("fixed.html")
    assert kept == [[]]
    assert own.get_template("fixed.html") is template and template.source == ""


def test_two_languages_at_once_do_not_disturb_each_other() -> None:
    """Between two looks into what is known another thread may have added its language."""
    template = engine(folded=True).get_template("fixed.html")
    (node,) = template.nodelist
    assert isinstance(node, Fixed)

    class Meanwhile(dict[Any, Any]):
        def __iter__(self) -> Iterator[Any]:
            seen = super().__iter__()
            self["another thread",] = "its text"
            return seen

    node._known = Meanwhile(node._known)
    for language in ("de", "en"):
        with override(language):
            assert template.render(Context({}))


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ('{% include "no-such.html" %}', TemplateDoesNotExist),
        ("{{ text|add:b.c }}", VariableDoesNotExist),
        ('{% url "no-such" %}', NoReverseMatch),
        ("{{ thing.odd }}", ZeroDivisionError),
    ],
)
def test_what_fails_fails_as_it_did(source: str, error: type[Exception]) -> None:
    class Odd:
        @property
        def odd(self) -> float:
            return 1 / 0

    template = engine(folded=True).from_string(source)
    fold(template)
    with pytest.raises(error):
        template.render(Context({"text": "a", "thing": Odd()}))


def test_other_static_files_are_seen(settings: Any) -> None:
    """Only tests change settings; each of them must get its own."""
    template = engine(folded=True).get_template("fixed.html")
    before = template.render(Context({}))
    settings.STATIC_URL = "/elsewhere/"
    after = template.render(Context({}))
    assert "/elsewhere/js/ui.js" in after and "/elsewhere/" not in before


@contextmanager
def _rendered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kinds of nodes that are rendered one by one within the block."""
    kinds: list[str] = []
    own = Node.render_annotated

    def noted(self: Node, context: Context) -> Any:
        kinds.append(type(self).__name__)
        return own(self, context)

    with monkeypatch.context() as patch:
        patch.setattr(Node, "render_annotated", noted)
        yield kinds


@pytest.mark.django_db
def test_an_articles_page_walks_through_no_node_that_says_the_same_each_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing kept these were half of what its templates cost."""
    record = make_variant(stock=5)
    address = Product.objects.get(pk=record.product.parent_id or record.product_id).get_absolute_url()
    client.get(address)
    with _rendered(monkeypatch) as kinds:
        page = client.get(address).content.decode()
    assert re.search(r'<svg class="icon"', page) and len(kinds) > 50, "nothing was counted"
    assert not {"StaticNode", "LoadNode", "CommentNode", "VariableNode", "IncludeNode"} & set(kinds)
    assert kinds.count("TranslateNode") <= 8, "words that are named, for others"
    assert kinds.count("SimpleNode") < 40
