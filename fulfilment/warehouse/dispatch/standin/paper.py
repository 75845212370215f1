"""Labels as the carrier would print them: a one-page PDF with the number as Code 128, and the same in ZPL."""

from __future__ import annotations

import io

#: ISO/IEC 15417, code set C: widths of bar, space, bar ... per value, start C and stop.
_WIDTHS = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
    "2331112",
]
_START_C, _STOP = 105, 106
_MODULE_PT = 1.6
_A6_PT = (298, 420)


def widths(digits: str) -> str:
    """The widths of bars and spaces of an even number of digits in code set C."""
    values = [_START_C, *(int(digits[at : at + 2]) for at in range(0, len(digits), 2))]
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    return "".join(_WIDTHS[value] for value in [*values, check, _STOP])


def pdf(number: str, lines: list[str]) -> bytes:
    """An A6 label: the lines as text, the number as bars and in words."""
    drawing, at, black = [], 24.0, True
    for width in widths(number):
        if black:
            drawing.append(f"{at:.1f} 60 {int(width) * _MODULE_PT:.1f} 90 re f")
        at += int(width) * _MODULE_PT
        black = not black
    words = [*lines, "", number, "Test label of a stand-in, not for dispatch"]
    text = [f"BT /F1 11 Tf 24 {390 - 15 * row} Td ({_escaped(line)}) Tj ET" for row, line in enumerate(words)]
    stream = "\n".join([*drawing, *text]).encode("latin-1", "replace")
    return _document(stream)


def zpl(number: str, lines: list[str]) -> str:
    """The same label for a thermal printer."""
    rows = "".join(f"^FO40,{60 + 40 * row}^A0N,30,30^FD{_plain(line)}^FS" for row, line in enumerate(lines))
    return f"^XA^CI28{rows}^FO60,700^BY3^BCN,200,Y,N,N,A^FD{number}^FS^XZ"


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _plain(line: str) -> str:
    return line.replace("^", " ").replace("~", " ")


def _document(stream: bytes) -> bytes:
    width, height = _A6_PT
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 4 0 R"
            "/Resources<</Font<</F1 5 0 R>>>>>>"
        ).encode(),
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


def qr_png(number: str) -> bytes:
    """The code that is shown where the parcel is handed in without a label."""
    import segno  # only who books a return needs it

    out = io.BytesIO()
    segno.make(number, error="m").save(out, kind="png", scale=6)
    return out.getvalue()
