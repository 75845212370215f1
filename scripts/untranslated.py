"""Texts without a translation: ``python -m scripts.untranslated [language] [path prefix ...]``.

Reads the sources as Django does (templates through ``templatize``, Python through its syntax tree) and needs no
gettext programs. Only our own ``locale/`` counts: a library's word for the same English may say something else.
Exit status 1 when something is missing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("shop", "catalogue", "checkout", "fulfilment", "templates")
SKIPPED = ("migrations", "standin")
SUFFIXES = (".py", ".html", ".txt", ".mjml", ".xml")


class Text(NamedTuple):
    """One translatable text, as gettext tells them apart."""

    context: str | None
    message: str
    plural: str | None = None


#: How many strings a function takes, and which of them is what.
SHAPES = {
    "_": ("message",),
    "gettext": ("message",),
    "gettext_lazy": ("message",),
    "gettext_noop": ("message",),
    "ngettext": ("message", "plural"),
    "ngettext_lazy": ("message", "plural"),
    "pgettext": ("context", "message"),
    "pgettext_lazy": ("context", "message"),
    "npgettext": ("context", "message", "plural"),
    "npgettext_lazy": ("context", "message", "plural"),
}
STRING = re.compile(r"""u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*\"""", re.S)
IN_TEMPLATES = re.compile(
    rf"(?<![\w.])(?P<name>npgettext|ngettext|pgettext|gettext|_)\(\s*(?P<words>(?:(?:{STRING.pattern})\s*,?\s*)+)",
    re.S,
)


def texts() -> Iterator[tuple[Path, Text]]:
    """Every translatable text of ours with the file it stands in (relative to the project)."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix not in SUFFIXES or any(part in SKIPPED for part in path.parts):
                continue
            found = in_python(path.read_text()) if path.suffix == ".py" else in_template(path.read_text())
            for text in found:
                yield path.relative_to(ROOT), text


def in_python(source: str) -> Iterator[Text]:
    """The texts of a Python file; those put together at run time cannot be read here (nor by gettext)."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        shape = SHAPES.get(
            node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", ""), ()
        )
        words = [
            a.value
            for a in node.args[: len(shape)]
            if isinstance(a, ast.Constant) and isinstance(a.value, str)
        ]
        if shape and len(words) == len(shape):
            yield _text(shape, words)


def _text(shape: tuple[str, ...], words: list[str]) -> Text:
    said = dict(zip(shape, words, strict=False))
    return Text(said.get("context"), said["message"], said.get("plural"))


def in_template(source: str) -> Iterator[Text]:
    """The texts of a template, trimmed and with placeholders as they are looked up."""
    from django.utils.translation.template import templatize

    for match in IN_TEMPLATES.finditer(templatize(source)):
        words = [ast.literal_eval(word) for word in STRING.findall(match["words"])]
        shape = SHAPES[match["name"]]
        if len(words) >= len(shape):
            yield _text(shape, words)


def known(catalog: Catalog) -> set[Text]:
    """What the catalogue translates. A text with a plural also serves where only one of it is said."""
    found = set()
    for entry in catalog:
        if entry.id and not entry.fuzzy:
            forms = (entry.id,) if isinstance(entry.id, str) else tuple(entry.id)
            found |= {Text(entry.context, *forms), Text(entry.context, forms[0])}
    return found


def missing(language: str) -> dict[Text, list[str]]:
    """Texts without a translation, each with the files that use it."""
    from scripts.messages import merged

    there = known(merged(ROOT / "locale" / language / "LC_MESSAGES")[0])
    found: dict[Text, list[str]] = {}
    for path, text in texts():
        if text.message.strip() and text not in there:
            found.setdefault(text, []).append(str(path))
    return found


def as_entry(text: Text, files: list[str]) -> str:
    """The text as a PO entry ready to be filled."""
    lines = [f"#: {' '.join(sorted(set(files)))}"]
    if re.search(r"%\(\w+\)|%%", text.message):
        lines.append("#, python-format")
    if text.context:
        lines.append(f"msgctxt {_quoted(text.context)}")
    lines.append(f"msgid {_quoted(text.message)}")
    if text.plural is None:
        return "\n".join([*lines, 'msgstr ""', ""])
    return "\n".join([*lines, f"msgid_plural {_quoted(text.plural)}", 'msgstr[0] ""', 'msgstr[1] ""', ""])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main(arguments: list[str]) -> int:
    """Print what is missing as PO entries."""
    language, prefixes = (arguments or ["de"])[0], tuple(arguments[1:])
    found = {
        text: files
        for text, files in missing(language).items()
        if not prefixes or any(file.startswith(prefixes) for file in files)
    }
    for text, files in found.items():
        print(as_entry(text, files))
    print(f"# {len(found)} texts without a translation into {language}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    # Reading templates asks Django for its settings.
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    sys.exit(main(sys.argv[1:]))
