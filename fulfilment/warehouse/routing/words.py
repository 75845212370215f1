"""Decisions in words, in the reader's language: only codes and facts are stored."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from .models import (
    COMPLETE,
    FIRST_BY_POSITION,
    LEAST_SPLIT,
    MOST,
    NEAREST,
    NOWHERE,
    ONLY_SITE,
    PICKUP,
    STAFF,
    Routing,
)


def reason_text(routing: Routing) -> str:
    """Why these sites send, as one or two sentences."""
    sentences = [_sentence(code, routing.facts) for code in routing.reasons]
    missing = int(routing.facts.get("missing", 0))
    if missing and NOWHERE not in routing.reasons:
        text = ngettext("%(n)s piece is at no site.", "%(n)s pieces are at no site.", missing)
        sentences.append(text % {"n": missing})
    if routing.why:
        sentences.append(routing.why)
    return " ".join(sentence for sentence in sentences if sentence)


#: One sentence per code; NEAREST has a function of its own.
SENTENCES = {
    COMPLETE: gettext_noop("%(site)s has everything."),
    MOST: gettext_noop("This way the most pieces are found: %(site)s."),
    LEAST_SPLIT: gettext_noop("So there are the fewest parcels: %(site)s."),
    PICKUP: gettext_noop("The customer fetches the goods at %(site)s."),
    STAFF: gettext_noop("Chosen by staff: %(site)s."),
    NOWHERE: gettext_noop("No site has the goods; %(site)s sends them when they come."),
    ONLY_SITE: gettext_noop("%(site)s sends; no other site may."),
    FIRST_BY_POSITION: gettext_noop("No rule tells the sites apart; their order decides: %(site)s."),
}


def _sentence(code: str, facts: dict[str, Any]) -> str:
    names = ", ".join(str(site["name"]) for site in facts.get("sites", []))
    if code == NEAREST:
        return _nearest(facts, names)
    return _(SENTENCES[code]) % {"site": names} if code in SENTENCES else ""


def _nearest(facts: dict[str, Any], names: str) -> str:
    distances = [site.get("km") for site in facts.get("sites", [])]
    if len(distances) == 1 and distances[0] is not None:
        return _("%(site)s is the nearest, about %(km)s km away.") % {"site": names, "km": distances[0]}
    return _("The nearest sites send: %(site)s.") % {"site": names}
