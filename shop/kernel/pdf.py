"""Documents as PDF: a typst template plus plain data, nothing else.

The data travels as JSON through ``sys.inputs`` and never becomes part of the source, so a customer called
``#read("/etc/passwd")`` is printed by that name. Fonts come with typst or from ``templates/documents/fonts``;
neither fonts nor packages are ever looked for on the network or the system, so every machine prints the same
page.
"""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shop.kernel import clock
from shop.kernel.late import late

if TYPE_CHECKING:
    import typst
else:
    typst = late("typst")

#: Where the templates of all documents live.
DOCUMENTS = Path(__file__).resolve().parents[2] / "templates" / "documents"
#: The families every template sets, in this order; a glyph found in none of them is printed as REPLACEMENT.
FAMILIES = ("Libertinus Serif", "DejaVu Sans Mono")
REPLACEMENT = "\u25a1"

Standard = Literal["a-3b", "ua-1"]

_LONGEST_WORD = 28  # longer runs without a space may break anywhere, or they would leave the page
_BREAK_EVERY = 14
_MOST_PROBES = 200  # unknown characters looked up per document; a text made to be slow ends here
_SPACES = {"\t": " ", "\r": "", "\u2028": "\n", "\u2029": "\n"}
# Marks that turn the order of the letters around: a name must not be able to rewrite the line it stands in.
_BIDI = {chr(code) for code in (0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def render(
    template: Path,
    data: dict[str, Any],
    *,
    standard: Standard | None = None,
    lang: str = "de",
    moment: dt.datetime | None = None,
) -> bytes:
    """Typeset ``template`` with ``data`` and return the PDF.

    template: path of a .typ file; it may import and read only what lies in its own folder.
    data:     JSON-able; texts are already translated, amounts and dates already written out. The template
    gets it by ``json(bytes(sys.inputs.data))`` with the key ``lang`` added.
    standard: "a-3b" (archive, may carry attachments), "ua-1" (accessible) or None.
    lang:     language of the document, for hyphenation and screen readers.
    moment:   the creation time written into the file; the house clock's when None.
    Raises typst.TypstError when the template is wrong (never because of what the texts contain).
    """
    cleaned = _walk({**data, "lang": lang}, _Cleaner().clean)
    try:
        return _compile(template, cleaned, standard, moment)
    except typst.TypstError as error:
        if "could not be displayed" not in error.message:
            raise
        # A combination of marks that no font can set together: keep the plain letters, lose the ornaments.
        return _compile(template, _walk(cleaned, _plain), standard, moment)


def _compile(
    template: Path, data: dict[str, Any], standard: Standard | None, moment: dt.datetime | None
) -> bytes:
    compiler = typst.Compiler(
        template,
        root=template.parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        package_path=template.parent,
        package_cache_path=template.parent,
    )
    pdf = compiler.compile(
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=[standard] if standard else [],
        timestamp=int((moment or clock.now()).timestamp()),
    )
    if not isinstance(pdf, bytes) or not pdf.startswith(b"%PDF-"):
        raise TypeError("typst returned no PDF")
    return pdf


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    own = DOCUMENTS / "fonts"
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[own] if own.is_dir() else []
    )


def _walk(value: Any, clean: Callable[[str], str]) -> Any:
    """``value`` with every text in it (not the keys) passed through ``clean``."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        # pictures are markup written by our own code, not text to be read
        return {key: item if key.endswith("_svg") else _walk(item, clean) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, clean) for item in value]
    return value


class _Cleaner:
    """Makes any text printable, with a ceiling on the work one document may cause."""

    def __init__(self) -> None:
        self.probes = 0

    def clean(self, text: str) -> str:
        """``text`` without control characters, with unknown glyphs replaced and overlong words breakable."""
        characters = unicodedata.normalize("NFC", text)
        return _breakable("".join(self._printable(char) for char in characters))

    def _printable(self, char: str) -> str:
        if " " <= char <= "~" or "\u00a0" <= char <= "\u017f" or char == "\n":
            return char
        if char in _SPACES:
            return _SPACES[char]
        if char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co"):
            return ""
        return char if self._known(char) else REPLACEMENT

    def _known(self, char: str) -> bool:
        if self.probes >= _MOST_PROBES:
            return False
        before = _has_glyph.cache_info().misses
        known = _has_glyph(char)
        self.probes += _has_glyph.cache_info().misses - before
        return known


@lru_cache(maxsize=65_536)
def _has_glyph(char: str) -> bool:
    """Whether one of our fonts can draw ``char``. Asked of typst itself (a PDF/A with a missing glyph is
    refused)."""
    families = ", ".join(f'"{family}"' for family in FAMILIES)
    source = f"#set text(font: ({families}), fallback: false)\n#sys.inputs.char".encode()
    compiler = typst.Compiler(source, font_paths=_fonts(), ignore_system_fonts=True)
    try:
        compiler.compile(format="pdf", pdf_standards=["a-3b"], sys_inputs={"char": char})
    except typst.TypstError:
        return False
    return True


def _breakable(text: str) -> str:
    """Give words longer than _LONGEST_WORD places to break (zero-width spaces), so that no cell overflows."""
    if len(text) <= _LONGEST_WORD:
        return text
    return "\n".join(" ".join(_broken(word) for word in line.split(" ")) for line in text.split("\n"))


def _broken(word: str) -> str:
    if len(word) <= _LONGEST_WORD:
        return word
    return "\u200b".join(word[at : at + _BREAK_EVERY] for at in range(0, len(word), _BREAK_EVERY))


def _plain(text: str) -> str:
    letters = (char for char in unicodedata.normalize("NFKC", text) if not unicodedata.combining(char))
    return "".join(char if char <= "\u017f" else "?" for char in letters)
