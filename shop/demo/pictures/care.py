"""Shoe care: tins, jars, bottles, sprays, tubes, brushes, cloths, a book."""

from __future__ import annotations

from shop.demo.pictures.curves import Point, at, shape
from shop.demo.pictures.ink import SHADOW, Ink, brightness, cast, darker, lighter
from shop.demo.pictures.letters import width_of, write
from shop.demo.pictures.look import Look
from shop.demo.pictures.materials import stitch


def _cylinder(ink: Ink, x: float, y: float, w: float, h: float, colour: str, *, sheen: float = 0.5) -> None:
    """A standing round body: light from the left, both ends slightly seen from above."""
    bend = w * 0.07
    data = f"M{x} {y}v{h}a{w / 2} {bend} 0 0 0 {w} 0v{-h}z"
    ink.fill(
        data,
        ink.linear(
            x,
            0,
            x + w,
            0,
            (0, darker(colour, 0.34)),
            (0.16, lighter(colour, 0.1)),
            (0.3, lighter(colour, sheen)),
            (0.46, colour),
            (0.8, darker(colour, 0.22)),
            (1, darker(colour, 0.46)),
        ),
    )
    ink.line(data, darker(colour, 0.6), 2, opacity=0.5)


def _disc(ink: Ink, x: float, y: float, w: float, colour: str) -> None:
    ink.ellipse(
        x + w / 2,
        y,
        w / 2,
        w * 0.07,
        ink.linear(x, y - 20, x + w, y + 20, (0, lighter(colour, 0.45)), (1, darker(colour, 0.1))),
    )


def _label(ink: Ink, look: Look, cx: float, y: float, w: float, h: float, lines: tuple[str, ...]) -> None:
    """Paper label bent around a body, with a wave, rules and capitals."""
    bend = w * 0.06
    ground = look.accent
    pen = darker(look.base, 0.45) if brightness(ground) > 0.5 else lighter(look.base, 0.75)
    x = cx - w / 2
    data = f"M{x} {y}q{w / 2} {bend} {w} 0v{h}q{-w / 2} {bend} {-w} 0z"
    ink.fill(
        data,
        ink.linear(
            x,
            0,
            x + w,
            0,
            (0, darker(ground, 0.24)),
            (0.28, lighter(ground, 0.4)),
            (0.6, ground),
            (1, darker(ground, 0.3)),
        ),
    )
    for edge in (14, h - 14):
        ink.line(f"M{x + 10} {y + edge}q{w / 2 - 10} {bend} {w - 20} 0", pen, 2.4, opacity=0.75)
    with ink.moved(f"translate({cx} {y + h * 0.3:.0f})"):
        ink.line("M-44 0q11 -15 22 0t22 0t22 0t22 0", pen, 5)
        ink.line("M-44 -18q11 -15 22 0t22 0t22 0t22 0", pen, 5)
    for i, text in enumerate(lines):
        size = min(h * (0.15 if i == 0 else 0.09), h * 0.15 * (w * 0.8) / max(width_of(text, h * 0.15), 1))
        write(ink, text, cx, y + h * 0.48 + bend / 2 + i * h * 0.23, size, pen)


def _tin(ink: Ink, look: Look) -> None:
    """A flat tin, its lid leaning beside it."""
    cast(ink, 600, 905, 400)
    with ink.moved("rotate(-12 600 560)"):
        ink.ellipse(640, 532, 268, 268, darker(look.base, 0.55))
        ink.ellipse(
            626,
            530,
            262,
            262,
            ink.linear(
                420,
                300,
                840,
                780,
                (0, lighter(look.base, 0.4)),
                (0.45, look.base),
                (1, darker(look.base, 0.35)),
            ),
        )
        ink.ellipse(626, 530, 232, 232, darker(look.base, 0.25))
        ink.ellipse(
            626,
            530,
            227,
            227,
            ink.linear(440, 320, 800, 740, (0, lighter(look.accent, 0.3)), (1, darker(look.accent, 0.12))),
        )
        pen = darker(look.base, 0.35)
        ink.raw(f'<circle cx="626" cy="530" r="205" fill="none" stroke="{pen}" stroke-width="3"/>')
        for dy in (-104, -82):
            ink.line(f"M538 {530 + dy}q22 -28 44 0t44 0t44 0t44 0", pen, 8)
        first, second = look.words
        write(ink, first, 626, 490, min(62, 62 * 330 / width_of(first, 62)), pen)
        write(ink, second, 626, 590, 30, pen)
        ink.line("M566 660h120", pen, 4)
    _cylinder(ink, 330, 770, 470, 118, look.base)
    _disc(ink, 330, 770, 470, lighter(look.metal, 0.3))
    ink.ellipse(565, 772, 212, 25, darker(look.metal, 0.35))
    ink.ellipse(565, 778, 206, 21, look.lace)
    ink.line("M430 776q60 -16 130 -4t120 -4", lighter(look.lace, 0.45), 7, opacity=0.7)
    ink.line("M334 806q231 40 462 0", look.accent, 14, cap="butt")
    ink.line("M334 856q231 40 462 0", look.accent, 5, cap="butt")


def _jar(ink: Ink, look: Look) -> None:
    cast(ink, 600, 905, 300)
    _cylinder(ink, 370, 470, 460, 420, lighter(look.base, 0.06))
    _cylinder(ink, 356, 370, 488, 118, look.metal)
    for k in range(0, 488, 17):
        ink.line(
            f"M{364 + k} {396 + 30 * (1 - ((k - 244) / 244) ** 2):.0f}v72",
            darker(look.metal, 0.5),
            2.4,
            opacity=0.35,
        )
    _disc(ink, 356, 370, 488, look.metal)
    first, second = look.words
    _label(ink, look, 600, 530, 458, 280, (first, second))


def _bottle(ink: Ink, look: Look) -> None:
    """A bottle with shoulders and a cap or a sponge head."""
    cast(ink, 600, 985, 230)
    body = "M440 440q0 -70 70 -96q34 -14 34 -54v-30h112v30q0 40 34 54q70 26 70 96v510a160 24 0 0 1 -320 0z"
    ink.fill(
        body,
        ink.linear(
            440,
            0,
            760,
            0,
            (0, darker(look.base, 0.35)),
            (0.18, lighter(look.base, 0.16)),
            (0.3, lighter(look.base, 0.55)),
            (0.46, look.base),
            (0.8, darker(look.base, 0.2)),
            (1, darker(look.base, 0.45)),
        ),
    )
    ink.line(body, darker(look.base, 0.6), 2, opacity=0.5)
    _cylinder(ink, 530, 166, 140, 108, look.metal, sheen=0.4)
    for k in range(0, 140, 12):
        ink.line(f"M{536 + k} 186v84", darker(look.metal, 0.5), 2.2, opacity=0.35)
    _disc(ink, 530, 166, 140, look.metal)
    first, second = look.words
    _label(ink, look, 600, 500, 318, 340, (first, second))


def _spray(ink: Ink, look: Look) -> None:
    cast(ink, 600, 1015, 210)
    _cylinder(ink, 460, 330, 280, 660, look.base)
    shoulder = "M460 334q0 -76 70 -92h140q70 16 70 92a140 20 0 0 1 -280 0z"
    ink.fill(
        shoulder,
        ink.linear(
            460,
            0,
            740,
            0,
            (0, darker(look.metal, 0.3)),
            (0.3, lighter(look.metal, 0.6)),
            (0.5, look.metal),
            (1, darker(look.metal, 0.45)),
        ),
    )
    _cylinder(ink, 524, 124, 152, 128, look.accent, sheen=0.4)
    _disc(ink, 524, 124, 152, look.accent)
    ink.box(586, 148, 28, 16, darker(look.accent, 0.6), r=6)
    first, second = look.words
    _label(ink, look, 600, 440, 278, 400, (first, second))
    ink.line("M462 900q138 26 276 0", look.accent, 12, cap="butt")
    ink.line("M462 930q138 26 276 0", look.accent, 5, cap="butt")


def _tube(ink: Ink, look: Look) -> None:
    cast(ink, 600, 1005, 230)
    body = "M430 190h340q-6 300 -52 590q-10 70 -46 80h-144q-36 -10 -46 -80q-46 -290 -52 -590z"
    ink.fill(
        body,
        ink.linear(
            430,
            0,
            770,
            0,
            (0, darker(look.base, 0.28)),
            (0.2, lighter(look.base, 0.2)),
            (0.34, lighter(look.base, 0.5)),
            (0.52, look.base),
            (1, darker(look.base, 0.38)),
        ),
    )
    ink.line(body, darker(look.base, 0.6), 2, opacity=0.5)
    ink.box(
        426,
        168,
        348,
        44,
        ink.linear(
            426,
            0,
            774,
            0,
            (0, darker(look.base, 0.2)),
            (0.3, lighter(look.base, 0.4)),
            (1, darker(look.base, 0.35)),
        ),
        r=4,
    )
    for k in range(0, 340, 11):
        ink.line(f"M{434 + k} 174v32", darker(look.base, 0.5), 2, opacity=0.35)
    _cylinder(ink, 506, 858, 188, 130, look.metal)
    first, second = look.words
    _label(ink, look, 600, 350, 292, 300, (first, second))


def _brush(ink: Ink, look: Look) -> None:
    """A wooden brush; style ``brush`` is long, ``dauber`` round with a handle, ``crepe`` has a rubber head."""
    cast(ink, 600, 905, 440)
    hair = look.accent
    top = 640
    ink.fill(
        "M236 640h730l-26 256q-340 24 -678 0z",
        ink.linear(0, 640, 0, 910, (0, darker(hair, 0.35)), (0.3, hair), (1, lighter(hair, 0.12))),
    )
    data = "".join(
        f"M{246 + k * 9} 648L{268 + k * 8.35 + (k * 7 % 5 - 2) * 3:.0f} {896 + k * 5 % 9}" for k in range(80)
    )
    ink.line(data, darker(hair, 0.5), 2.4, opacity=0.45)
    ink.line(data, lighter(hair, 0.4), 1.4, opacity=0.4, dash="60 30")
    wood: list[Point] = at(
        "206,640! 214,572 300,520 440,506 560,530 650,530 780,506 920,528 988,580 994,640! 600,652"
    )
    ink.fill(
        shape(wood),
        ink.linear(
            0, 500, 0, 650, (0, lighter(look.base, 0.35)), (0.5, look.base), (1, darker(look.base, 0.35))
        ),
    )
    with ink.clipped(shape(wood)):
        for k in range(7):
            y = 520 + k * 19
            ink.line(
                f"M190 {y + 12}q200 {-26 + k * 6} 420 {k * 3 - 6}t410 {8 - k * 3}",
                darker(look.base, 0.5),
                3,
                opacity=0.28,
            )
        ink.ellipse(420, 536, 150, 20, "#fffaf0", opacity=0.28)
    ink.line(shape(wood), darker(look.base, 0.6), 2.6, opacity=0.7)
    write(ink, look.words[0] or "KIEKSCHUH", 610, 582, 27, darker(look.base, 0.65), weight=1.9)
    ink.line(f"M240 {top}h724", darker(hair, 0.65), 5, opacity=0.4)


def _cloth(ink: Ink, look: Look) -> None:
    cast(ink, 600, 900, 400)
    for k in range(3):
        y = 800 - k * 92
        ink.box(
            230 + k * 12,
            y,
            740 - k * 24,
            92,
            ink.linear(
                0, y, 0, y + 92, (0, lighter(look.base, 0.25)), (0.5, look.base), (1, darker(look.base, 0.3))
            ),
            r=40,
        )
        ink.line(f"M{270 + k * 12} {y + 48}h{640 - k * 24}", darker(look.base, 0.35), 3, opacity=0.5)
        ink.line(f"M{250 + k * 12} {y + 70}h{680 - k * 24}", look.accent, 5, dash="10 12")
    top: list[Point] = at("262,640! 330,560 520,520 760,534 930,600 944,650! 600,668")
    ink.fill(shape(top), ink.linear(0, 520, 0, 668, (0, lighter(look.base, 0.4)), (1, look.base)))
    stitch(ink, top[:6], look.accent, away=-16)
    ink.box(540, 690, 150, 170, look.accent, r=8)
    ink.line("M570 752q11 -15 22 0t22 0t22 0t22 0", darker(look.base, 0.4), 6)
    ink.line("M570 776q11 -15 22 0t22 0t22 0t22 0", darker(look.base, 0.4), 6)


def _block(ink: Ink, look: Look) -> None:
    """A rubber for suede."""
    cast(ink, 600, 895, 330)
    ink.fill("M300 640l420 -110l190 96v170l-420 100l-190 -96z", darker(look.base, 0.2))
    ink.fill(
        "M300 640l420 -110l190 96l-420 112z",
        ink.linear(300, 530, 900, 740, (0, lighter(look.base, 0.4)), (1, look.base)),
    )
    ink.fill(
        "M490 738l420 -112v170l-420 100z",
        ink.linear(490, 0, 910, 0, (0, look.base), (1, darker(look.base, 0.3))),
    )
    ink.fill("M560 720l260 -70v170l-260 62z", look.accent)
    with ink.moved("translate(690 0) skewY(-14) translate(-690 0)"):
        write(ink, look.words[0], 690, 745, 36, darker(look.base, 0.6))
        ink.line("M646 716q11 -15 22 0t22 0t22 0t22 0", darker(look.base, 0.6), 6)
    for x, y in ((360, 640), (420, 616), (470, 660), (560, 590), (640, 600), (720, 566)):
        ink.ellipse(x, y, 7, 4, darker(look.base, 0.3), opacity=0.6)


def _book(ink: Ink, look: Look) -> None:
    for width, strength in ((90, 0.03), (60, 0.05), (34, 0.07), (14, 0.1)):
        ink.frame(330, 210, 560, 800, SHADOW, width, r=8, opacity=strength)
        ink.box(330, 210, 560, 800, SHADOW, r=8, opacity=strength)
    ink.box(330, 186, 560, 812, darker(look.base, 0.4), r=6)
    for k in range(5):
        ink.box(872 - k * 0, 196 + k, 12, 790, "#efe6d4")
    ink.box(
        310,
        180,
        560,
        812,
        ink.linear(310, 180, 870, 992, (0, lighter(look.base, 0.16)), (1, darker(look.base, 0.12))),
        r=6,
    )
    ink.box(310, 180, 40, 812, darker(look.base, 0.3), r=6)
    ink.raw(
        f'<rect x="384" y="222" width="452" height="728" fill="none" stroke="{look.accent}" stroke-width="4"/>'
    )
    write(ink, "SCHUHE", 610, 286, 76, look.accent)
    write(ink, "PFLEGEN", 610, 388, 62, look.accent)
    with ink.moved("translate(394 430) scale(.36)"):
        from shop.demo.pictures.leather import draw_leather

        draw_leather(ink, Look("derby", "cap", base=look.lace, sole=look.accent, lace=look.accent))
    for dy in (840, 860):
        ink.line(f"M544 {dy}q16 -20 33 0t33 0t33 0t33 0", look.accent, 6)
    write(ink, "EIN HANDBUCH", 610, 896, 24, look.accent)


STYLES = {
    "tin": _tin,
    "jar": _jar,
    "bottle": _bottle,
    "spray": _spray,
    "tube": _tube,
    "brush": _brush,
    "cloth": _cloth,
    "block": _block,
    "book": _book,
}


def draw_care(ink: Ink, look: Look) -> None:
    """A care product by its style."""
    STYLES[look.style](ink, look)
