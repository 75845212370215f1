"""The scaled plug: Elasticsearch 8 through elasticsearch-dsl. The only file that imports it.

Each building makes indexes of its own, ``<prefix>-products-<version>`` and ``<prefix>-words-<version>`` (a version
begins with what it was made by, shape.py); readers and updates use the aliases ``<prefix>-products`` and
``<prefix>-words``, swapped in one step. Terms come analysed (analysis.py), so the mapping needs no language of its own,
and a server no plug-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from elastic_transport import NodeConfig, TransportError, Urllib3HttpNode
from elasticsearch import ApiError, Elasticsearch, NotFoundError
from elasticsearch.helpers import BulkIndexError, bulk
from elasticsearch_dsl import A, Index, Integer, Keyword, Long, Q, Search, Text
from elasticsearch_dsl import Mapping as Fields
from elasticsearch_dsl.query import Query

from shop.kernel.clock import now

from . import variants
from .http_in_time import InTime, InTimeTLS
from .port import (
    AVAILABLE_WEIGHT,
    CODE_WEIGHT,
    LANGUAGES,
    START_WEIGHT,
    VERSION,
    WEIGHTS,
    Ask,
    Clause,
    Document,
    Filters,
    Hits,
    KnownWord,
    Lift,
    Only,
    SearchUnavailable,
    Sought,
)
from .shape import shape

BUCKETS = 10_000
TERMS_MAX = 65_536  #: values that a server takes in one list (index.max_terms_count)
WINDOW = 200_000  #: how deep a reader may page
BATCH = 1_000
BUILD_TIMEOUT_S = 60
UPDATE_TIMEOUT_S = 5  #: a batch of changes; a worker waits no longer for a server that is silent
SETTINGS = {
    "number_of_shards": 1,
    "number_of_replicas": 0,
    "max_result_window": WINDOW,
    "refresh_interval": "1s",
}
VALUES = ("category", "brand", "rating", *variants.FIELDS)
SORTS: dict[str, list[dict[str, str]]] = {
    "newest": [{"id": "desc"}],
    "price": [{"price": "asc"}, {"id": "desc"}],
    "-price": [{"price": "desc"}, {"id": "desc"}],
}


def _product_fields() -> Fields:
    fields = Fields()
    fields.meta("dynamic", "strict")
    fields.field("id", Integer())
    fields.field("price", Long())
    for language in LANGUAGES:
        fields.field(f"name_{language}", Long())
        for place in WEIGHTS:
            fields.field(f"{place}_{language}", Text(analyzer="whitespace", index_options="freqs"))
    fields.field("code", Keyword())
    fields.field("start", Keyword())
    for name in VALUES:
        fields.field(name, Keyword())
    return fields


def _word_fields() -> Fields:
    fields = Fields()
    fields.meta("dynamic", "strict")
    fields.field("word", Keyword())
    fields.field("shown", Keyword(index=False, doc_values=False))
    fields.field("count", Integer())
    return fields


@contextmanager
def _translated() -> Iterator[None]:
    """What a server may answer is one thing to those who ask."""
    try:
        yield
    except NotFoundError as error:
        raise SearchUnavailable("no index has been built yet", can_be_built=True) from error
    except (ApiError, TransportError, BulkIndexError) as error:
        raise SearchUnavailable(str(error)) from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise SearchUnavailable(f"an answer that cannot be read ({error!r})") from error


def _row(index: str, one: Document) -> dict[str, Any]:
    source = {
        "id": one.id,
        "price": one.price,
        **{f"name_{language}": number for language, number in one.names.items()},
        **one.words,
        "code": list(one.codes),
        "start": one.starts.split(),
        **{name: list(values) for name, values in one.values.items()},
    }
    return {"_op_type": "index", "_index": index, "_id": str(one.id), "_source": source}


def _known(index: str, one: KnownWord, *, only_new: bool = False) -> dict[str, Any]:
    source = {"word": one.word, "shown": one.shown, "count": one.count}
    kind = "create" if only_new else "index"
    return {"_op_type": kind, "_index": index, "_id": one.word, "_source": source}


class Node(Urllib3HttpNode):
    """A server whose answers have to be whole within the limit of a request, however they come."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        self.pool.ConnectionCls = InTimeTLS if config.scheme == "https" else InTime


class ElasticEngine:
    """See port.Engine."""

    def __init__(self, url: str, prefix: str) -> None:
        self.prefix = prefix
        options: dict[str, Any] = {"max_retries": 0, "retry_on_timeout": False, "node_class": Node}
        self.reader = Elasticsearch(url, request_timeout=settings.SEARCH_TIME_LIMIT_S, **options)
        self.writer = Elasticsearch(url, request_timeout=BUILD_TIMEOUT_S, **options)
        self.updater = Elasticsearch(url, request_timeout=UPDATE_TIMEOUT_S, **options)

    def alias(self, kind: str) -> str:
        """The name that readers use: ``products`` or ``words``."""
        return f"{self.prefix}-{kind}"

    def _search(self, sought: Sought, filters: Filters) -> Search:
        search = Search(using=self.reader, index=self.alias("products"))
        return search.query(_query(sought, filters)).source(False).extra(track_total_hits=True)

    def page(
        self, sought: Sought, filters: Filters, *, sort: str, language: str, offset: int, limit: int
    ) -> Hits:
        """See port.Engine."""
        search = self._search(sought, filters)
        by = [{f"name_{language}": "asc"}, {"id": "desc"}] if sort == "name" else SORTS.get(sort)
        if by is None and not sought.words:
            by = SORTS["newest"]
        search = search.sort(*(by or [{"_score": "desc"}, {"id": "desc"}]))
        with _translated():
            answer = search[offset : offset + limit].execute()
            if getattr(answer, "timed_out", False):
                raise SearchUnavailable("it gave up half way")
            return Hits([int(hit.meta.id) for hit in answer], int(answer.hits.total.value))

    def counts(self, sought: Sought, asks: Sequence[Ask]) -> list[dict[str, int]]:
        """See port.Engine. One request for all."""
        wanted = [(place, ask) for place, ask in enumerate(asks) if ask.among != ()]
        # What all ask is said once: a filter may name 100,000 products.
        shared = tuple(
            one for one in (asks[0].filters if asks else ()) if all(one in ask.filters for ask in asks)
        )
        search = self._search(sought, shared)[0:0]
        for place, ask in wanted:
            rest = tuple(one for one in ask.filters if one not in shared)
            more = {"include": list(ask.among)} if ask.among is not None else {}
            terms = A("terms", field=ask.name, size=BUCKETS, **more)
            search.aggs.bucket(str(place), "filter", _filter(rest)).bucket("values", terms)
        found: list[dict[str, int]] = [{} for _ in asks]
        if not wanted:
            return found
        with _translated():
            answer = search.execute().to_dict()["aggregations"]
            for place, _ask in wanted:
                rows = answer[str(place)]["values"]["buckets"]
                found[place] = {row["key"]: row["doc_count"] for row in rows}
        return found

    def unions(self, sought: Sought, ask: Ask, groups: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """See port.Engine."""
        search = self._search(sought, ask.filters)[0:0]
        each = {name: Q("terms", **{ask.name: list(values)}) for name, values in groups.items()}
        search.aggs.bucket("groups", "filters", filters=each)
        with _translated():
            answer = search.execute().to_dict()["aggregations"]["groups"]["buckets"]
            return {name: answer[name]["doc_count"] for name in groups}

    def similar(self, word: str, limit: int) -> list[KnownWord]:
        """See port.Engine."""
        search = Search(using=self.reader, index=self.alias("words"))
        exact = Q("term", word={"value": word, "boost": 10})
        for letters in (1, 2):
            near = Q("fuzzy", word={"value": word, "fuzziness": letters, "transpositions": True})
            with _translated():
                answer = search.query(Q("bool", should=[exact, near]))[0:limit].execute()
                found = [KnownWord(hit.word, hit.shown, hit.count) for hit in answer]
            if found:
                return found
        return []

    def state(self) -> str:
        """See port.Engine. Asking a server would cost what the question itself does."""
        return ""

    def size(self) -> int:
        """See port.Engine."""
        with _translated():
            return int(self.reader.count(index=self.alias("products"))["count"])

    def outdated(self) -> bool:
        """See port.Engine. The name of an index says by which code it was made."""
        with _translated():
            behind = self.reader.indices.get_alias(name=self.alias("products"))
        made_by = f"{self.alias('products')}-{shape('elastic.py')}-"
        return not all(name.startswith(made_by) for name in behind)

    def drop(self, version: str) -> None:
        """See port.Engine. The server itself refuses to remove an index by its alias."""
        with _translated():
            for kind in ("products", "words"):
                name = f"{self.alias(kind)}-{version}"
                if VERSION.fullmatch(version) and not self.updater.indices.exists_alias(
                    index=name, name=self.alias(kind)
                ):
                    self.updater.indices.delete(index=name, ignore_unavailable=True)

    def update(self, documents: Sequence[Document], gone: Iterable[int]) -> None:
        """See port.Engine. Searches see it at once."""
        products, words = self.alias("products"), self.alias("words")
        rows = [_row(products, one) for one in documents]
        away = [{"_op_type": "delete", "_index": products, "_id": str(pk)} for pk in gone]
        known = {word: shown for one in documents for word, shown in one.known}
        with _translated():
            if not self.updater.indices.exists_alias(name=products):
                raise SearchUnavailable("no index has been built yet", can_be_built=True)
            bulk(self.updater, rows, refresh=True)
            bulk(self.updater, away, refresh=True, raise_on_error=False)
            new = [_known(words, KnownWord(word, shown, 1), only_new=True) for word, shown in known.items()]
            bulk(self.updater, new, refresh=True, raise_on_error=False)

    def builder(self) -> ElasticBuilder:
        """See port.Engine."""
        return ElasticBuilder(self)


class ElasticBuilder:
    """See port.Builder."""

    def __init__(self, engine: ElasticEngine) -> None:
        self.engine = engine
        self.version = f"{shape('elastic.py')}-{now():%Y%m%d%H%M%S%f}"
        with _translated():
            for kind, fields in (("products", _product_fields()), ("words", _word_fields())):
                index = Index(self.name(kind), using=engine.writer)
                index.settings(**SETTINGS)
                index.mapping(fields)
                index.create()

    def name(self, kind: str) -> str:
        """The index of this version."""
        return f"{self.engine.alias(kind)}-{self.version}"

    def add(self, documents: Sequence[Document]) -> None:
        """See port.Builder."""
        with _translated():
            bulk(
                self.engine.writer, (_row(self.name("products"), one) for one in documents), chunk_size=BATCH
            )

    def finish(self, words: Iterable[KnownWord]) -> int:
        """See port.Builder."""
        with _translated():
            bulk(self.engine.writer, (_known(self.name("words"), one) for one in words), chunk_size=BATCH)
            for kind in ("products", "words"):
                self.engine.writer.indices.refresh(index=self.name(kind))
            return int(self.engine.writer.count(index=self.name("products"))["count"])

    def swap(self) -> None:
        """See port.Builder. Both aliases in one step."""
        actions: list[dict[str, Any]] = []
        with _translated():
            for kind in ("products", "words"):
                alias = self.engine.alias(kind)
                former = self.engine.writer.indices.get(index=f"{alias}-*")
                actions.append({"add": {"index": self.name(kind), "alias": alias}})
                actions += [{"remove_index": {"index": name}} for name in former if name != self.name(kind)]
            self.engine.writer.indices.update_aliases(actions=actions)

    def drop(self) -> None:
        """See port.Builder."""
        with _translated():
            for kind in ("products", "words"):
                self.engine.writer.indices.delete(index=self.name(kind), ignore_unavailable=True)


def _filter(filters: Filters) -> Query:
    if not filters:
        return Q("match_all")
    return Q("bool", filter=[_only(one) for one in filters])


def _only(filter_: Only) -> Query:
    held = Q("terms", **{filter_.name: list(filter_.values)})
    if filter_.ids is None:
        return held
    ids = filter_.ids.value
    parts = [ids[start : start + TERMS_MAX] for start in range(0, len(ids), TERMS_MAX)]
    listed = Q("bool", should=[Q("terms", id=list(part)) for part in parts or [()]])
    if filter_.where is not None:
        listed = Q("bool", filter=[listed, _only(filter_.where)])
    return Q("bool", should=[held, listed])


def _query(sought: Sought, filters: Filters) -> Query:
    if not sought.words:
        return _filter(filters)
    must = [Q("dis_max", queries=[_clause(one) for one in word], tie_breaker=0.1) for word in sought.words]
    available = Q("constant_score", filter=Q("term", v_a="1"), boost=AVAILABLE_WEIGHT)
    return Q("bool", must=must, filter=[_filter(filters)], should=[available, *map(_lift, sought.lifts)])


def _lift(lift: Lift) -> Query:
    ways = [Q("terms", id=list(lift.products)), Q("terms", category=list(lift.categories))]
    return Q("constant_score", filter=Q("bool", should=ways), boost=lift.weight)


def _clause(clause: Clause) -> Query:
    return Q("bool", must=[_term(clause.where, term) for term in clause.terms], boost=clause.weight)


def _term(where: str, term: str) -> Query:
    if where == "code":
        return Q("constant_score", filter=Q("term", code=term), boost=CODE_WEIGHT)
    if where == "start":
        begins = Q("bool", should=[Q("prefix", start=term), Q("prefix", code=term)])
        return Q("constant_score", filter=begins, boost=START_WEIGHT)
    ways = [
        Q("term", **{f"{place}_{where}": {"value": term, "boost": weight}})
        for place, weight in WEIGHTS.items()
    ]
    return Q("dis_max", queries=ways, tie_breaker=0.1)
