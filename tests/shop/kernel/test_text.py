"""Rich text without its marks: words that may stand anywhere as they are."""

from __future__ import annotations

import pytest

from shop.kernel.text import without_marks


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("<p>Nadel &amp; Faden</p>", "Nadel & Faden"),
        ("<p>F&uuml;r&nbsp;jeden\n Weg</p>", "Für jeden Weg"),
        ("<p>Erst.</p><p>Dann.</p>", "Erst. Dann."),
        ("<ul><li>leicht</li><li>warm</li></ul>", "leicht warm"),
        ("Oben<br>unten<br/>Ende", "Oben unten Ende"),
        ("Wasser<b>dicht</b><sup>2</sup>", "Wasserdicht2"),
        ("Größe < 40 & > 30", "Größe < 40 & > 30"),
        ("einmal &amp;amp; nicht zweimal", "einmal &amp; nicht zweimal"),
        ("&lt;b&gt; macht fett", "<b> macht fett"),
        ("<p> </p>", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_tags_go_and_entities_become_what_they_stand_for_once(stored: object, said: str) -> None:
    assert without_marks(stored) == said
