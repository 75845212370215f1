"""Texts without a translation: ``python -m scripts.untranslated [language] [path prefix ...]``.

Reads the sources as Django does (templates through ``templatize``, Python through its syntax tree) and needs no
gettext programs. Exit status 1 when something is missing.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("shop", "catalogue", "checkout", "fulfilment", "templates")
SKIPPED = ("migrations", "standin")
ONE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}
CONTEXT = {"pgettext", "pgettext_lazy"}

Text = tuple[str | None, str]  #: (context, message)
STRING = r"""(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")"""
IN_TEMPLATES = re.compile(
    rf"(?:(?P<n>ngettext)\({STRING}|(?P<np>npgettext)\({STRING},\s*{STRING}|(?P<p>pgettext)\({STRING},\s*{STRING}"
    rf"|(?P<g>(?<![a-z])gettext)\({STRING}|(?P<u>(?<![a-z])_)\({STRING})"
)


def texts() -> Iterator[tuple[Path, Text]]:
    """Every translatable text of ours with the file it stands in."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix not in (".py", ".html", ".txt", ".mjml") or any(part in SKIPPED for part in path.parts):
                continue
            found = _python(path) if path.suffix == ".py" else _template(path)
            for text in found:
                yield path.relative_to(ROOT), text


def _python(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if name in CONTEXT and len(words) == 2:
            yield words[0], words[1]
        elif name in ONE | PLURAL and words:
            yield None, words[0]


def _template(path: Path) -> Iterator[Text]:
    from django.utils.translation.template import templatize

    for match in IN_TEMPLATES.finditer(templatize(path.read_text())):
        words = [ast.literal_eval(word) for word in match.groups() if word and word[0] in "u'\"" and word[-1] in "'\""]
        if match["p"] or match["np"]:
            yield words[0], words[1]
        else:
            yield None, words[0]


def missing(language: str) -> dict[Text, list[str]]:
    """Texts without a translation, each with the files that use it."""
    from babel.messages.catalog import Catalog

    from scripts.messages import merged

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    catalog: Catalog = merged(ROOT / "locale" / language / "LC_MESSAGES")[0]
    known = {
        (entry.context, entry.id[0] if isinstance(entry.id, tuple | list) else entry.id)
        for entry in catalog
        if entry.id and (entry.string if isinstance(entry.string, str) else all(entry.string))
    }
    from django.utils import translation

    found: dict[Text, list[str]] = {}
    with translation.override(language):
        for path, text in texts():
            if text[1].strip() and text not in known and not _elsewhere(text):
                found.setdefault(text, []).append(str(path))
    return found


def _elsewhere(text: Text) -> bool:
    """Whether Django or a library brings the translation."""
    from django.utils import translation

    said = translation.pgettext(text[0], text[1]) if text[0] else translation.gettext(text[1])
    return said != text[1]


def main(arguments: list[str]) -> int:
    """Print what is missing as PO entries ready to be filled."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    language, prefixes = (arguments or ["de"])[0], tuple(arguments[1:])
    found = {
        text: files
        for text, files in missing(language).items()
        if not prefixes or any(file.startswith(prefixes) for file in files)
    }
    for (context, message), files in found.items():
        print(f"#: {' '.join(sorted(set(files)))}")
        if context:
            print(f'msgctxt "{_escaped(context)}"')
        print(f'msgid "{_escaped(message)}"\nmsgstr ""\n')
    print(f"# {len(found)} texts without a translation into {language}", file=sys.stderr)
    return 1 if found else 0


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
