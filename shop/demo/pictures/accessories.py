"""Laces, insoles, shoe horn, shoe trees, socks, bags."""

from __future__ import annotations

from shop.demo.pictures.curves import Point, at, path, shape
from shop.demo.pictures.ink import PAPER_DEEP, Ink, brightness, cast, darker, lighter
from shop.demo.pictures.letters import write
from shop.demo.pictures.look import Look
from shop.demo.pictures.materials import bounds, eyelet, seam, soft_shadow, stitch, surface, texture


def _cord(ink: Ink, data: str, colour: str, accent: str, width: float) -> None:
    ink.line(data, "#120b05", width + 9, opacity=0.12)
    ink.line(data, darker(colour, 0.5), width + 2)
    ink.line(data, colour, width - 1)
    ink.line(data, lighter(colour, 0.35), width * 0.4, dash="4 8", cap="butt", opacity=0.8)
    ink.line(data, accent, width * 0.24, dash="3 15", cap="butt", opacity=0.9)


def _laces(ink: Ink, look: Look) -> None:
    """A coiled pair held by a paper band."""
    width = 22 if look.style == "laces_round" else 28
    for turn in range(9):
        rx, ry = 330 - turn * 21, 232 - turn * 18
        _cord(
            ink,
            f"M{600 - rx} 600a{rx} {ry} 0 1 1 {2 * rx} 0a{rx} {ry} 0 1 1 {-2 * rx} 0",
            look.base,
            look.accent,
            width,
        )
    for data in ("M830 430q110 -120 190 -90", "M850 740q120 60 180 150"):
        _cord(ink, data, look.base, look.accent, width)
    for x, y, turn in ((1012, 342, 22), (1026, 884, 58)):
        with ink.moved(f"translate({x} {y}) rotate({turn})"):
            ink.box(
                -8,
                -width / 2 - 1,
                74,
                width + 2,
                ink.linear(0, -14, 0, 14, (0, lighter(look.metal, 0.5)), (1, darker(look.metal, 0.3))),
                r=7,
            )
    ink.fill(
        "M500 330q100 -24 200 0l-8 540q-92 22 -184 0z",
        ink.linear(500, 0, 700, 0, (0, "#e2d6c0"), (0.4, "#fbf7ee"), (1, "#d9ccb3")),
    )
    ink.line("M500 330q100 -24 200 0l-8 540q-92 22 -184 0z", "#8a7a5c", 2, opacity=0.6)
    pen = darker(look.base, 0.35 if brightness(look.base) < 0.6 else 0.7)
    for dy in (430, 456):
        ink.line(f"M545 {dy}q14 -19 28 0t28 0t28 0t28 0", pen, 7)
    label, size = look.words
    write(ink, label, 600, 540, 30, pen)
    write(ink, size, 600, 620, 31, pen)
    ink.line("M550 720h100M550 740h100", pen, 4)


SOLE: list[Point] = at(
    "-10,190 60,214 108,300 124,420 104,560 80,700 88,840 72,950 0,1000 -72,950 -86,840"
    " -88,700 -100,560 -112,420 -98,300 -66,214"
)


def _insoles(ink: Ink, look: Look) -> None:
    for axis, mirror, turn in ((410, -1, -6), (790, 1, 6)):
        with ink.moved(f"translate({axis} 10) rotate({turn} 0 600) scale({mirror} 1)"):
            soft_shadow(ink, SOLE)
            ink.fill(shape([(p[0] + 7, p[1] + 9) for p in SOLE]), darker(look.accent, 0.3))
            surface(ink, SOLE, look.base, look.finish, shine=0.25)
            with ink.clipped(shape(SOLE)):
                ink.fill(
                    shape(at("-90,1020 -96,820 -60,760 0,742 60,760 96,820 90,1020")),
                    look.accent,
                )
                ink.ellipse(0, 870, 54, 84, ink.radial(0, 870, 80, (0, "#120b05", 0.16), (1, "#120b05", 0)))
                for y in range(250, 700, 46):
                    for x in range(-100, 120, 46):
                        ink.ellipse(x + (y // 46 % 2) * 23, y, 5, 5, darker(look.base, 0.4), opacity=0.5)
            stitch(ink, SOLE, look.base, away=-13, closed=True)
            ink.line("M-34 880q8 -11 17 0t17 0t17 0t17 0", lighter(look.accent, 0.7), 5)
            ink.line("M-34 862q8 -11 17 0t17 0t17 0t17 0", lighter(look.accent, 0.7), 5)


def _horn(ink: Ink, look: Look) -> None:
    with ink.moved("rotate(32 600 600)"):
        blade: list[Point] = at(
            "560,560! 530,720 496,880 500,1010 552,1070 600,1082 648,1070 700,1010 704,880 670,720"
            " 640,560! 632,320 636,180 620,116 600,104 580,116 564,180 568,320"
        )
        soft_shadow(ink, blade)
        ink.fill(
            shape(blade),
            ink.linear(
                500,
                0,
                704,
                0,
                (0, darker(look.base, 0.3)),
                (0.3, lighter(look.base, 0.35)),
                (0.55, look.base),
                (1, darker(look.base, 0.35)),
            ),
        )
        with ink.clipped(shape(blade)):
            for k in range(9):
                ink.line(
                    f"M{540 + k * 15} 90q{-14 + k * 3} 300 {(k - 4) * 9} 1000",
                    darker(look.base, 0.55),
                    3,
                    opacity=0.25,
                )
            hollow: list[Point] = at("600,700 650,860 664,980 600,1046 536,980 550,860")
            ink.fill(
                shape(hollow),
                ink.linear(
                    536,
                    0,
                    664,
                    0,
                    (0, darker(look.base, 0.35), 0.7),
                    (0.6, lighter(look.base, 0.3), 0.5),
                    (1, darker(look.base, 0.1), 0.4),
                ),
            )
        ink.line(shape(blade), darker(look.base, 0.6), 2.6, opacity=0.7)
        ink.ellipse(600, 164, 15, 15, PAPER_DEEP)
        ink.line("M600 164c-60 -80 -130 -50 -120 10c10 60 80 40 120 -10", look.accent, 9)
        ink.line("M578 420q11 -15 22 0t22 0M578 440q11 -15 22 0t22 0", darker(look.base, 0.6), 5)


def _tree(ink: Ink, look: Look) -> None:
    """A cedar shoe tree from the side."""
    cast(ink, 610, 860, 420)
    front: list[Point] = at("560,720! 640,650 740,640 860,680 960,750 1010,820 980,850 800,852 580,850!")
    heel: list[Point] = at("230,850! 214,770 240,690 310,640 380,700 420,780 410,850!")
    rod = "M300 742L640 748"
    ink.line(rod, darker(look.metal, 0.5), 26)
    ink.line(rod, look.metal, 20)
    ink.line("M300 737L640 743", lighter(look.metal, 0.7), 6)
    for k in range(10):
        ink.line(f"M{430 + k * 12} 734l6 26", darker(look.metal, 0.45), 4)
    for piece in (front, heel):
        ink.fill(
            shape(piece),
            ink.linear(
                0, 630, 0, 860, (0, lighter(look.base, 0.35)), (0.5, look.base), (1, darker(look.base, 0.3))
            ),
        )
        with ink.clipped(shape(piece)):
            for k in range(12):
                ink.line(
                    f"M180 {640 + k * 20}q240 {-30 + k * 3} 460 {k * 2 - 8}t440 {20 - k * 2}",
                    darker(look.base, 0.5),
                    3,
                    opacity=0.28,
                )
        ink.line(shape(piece), darker(look.base, 0.6), 2.6, opacity=0.7)
    ink.line("M690 720L1000 812", darker(look.base, 0.65), 7)
    ink.ellipse(310, 640, 40, 24, look.metal)
    ink.ellipse(306, 634, 32, 16, lighter(look.metal, 0.5))
    ink.line("M770 766q14 -19 28 0t28 0t28 0", darker(look.base, 0.6), 6)


def _socks(ink: Ink, look: Look) -> None:
    sock: list[Point] = at(
        "470,180! 560,172 660,182! 664,380 672,560 700,680 790,770 900,840 930,910 890,968"
        " 780,972 650,930 540,860 478,760 466,600 474,400"
    )
    for dx, dy, turn in ((-150, 20, -8), (40, 0, 4)):
        with ink.moved(f"translate({dx} {dy}) rotate({turn} 600 600)"):
            soft_shadow(ink, sock)
            surface(ink, sock, look.base, "knit", shine=0.3)
            with ink.clipped(shape(sock)):
                cuff: list[Point] = at("440,150 690,150 690,282 440,278")
                ink.fill(shape([(p[0], p[1], "c") for p in cuff]), look.accent)
                for x in range(450, 690, 13):
                    ink.line(f"M{x} 150v130", darker(look.accent, 0.4), 3, opacity=0.5)
                ink.fill(shape(at("800,740 960,830 960,1000 820,1000 760,900")), look.accent)
                texture(ink, (740, 740, 960, 1000), look.accent, "knit")
                ink.fill(shape(at("440,720 520,740 580,820 590,930 440,940")), look.accent)
                for y in (330, 360, 430):
                    ink.line(f"M440 {y}h260", look.accent, 13 if y != 360 else 6, cap="butt")
            ink.line(shape(sock), darker(look.base, 0.5), 2.6, opacity=0.6)


def _bag(ink: Ink, look: Look) -> None:
    """A cotton bag for a pair of shoes, or a tote."""
    cast(ink, 600, 1000, 330)
    if look.style == "tote":
        for data, colour in (
            ("M450 420c0 -300 300 -300 300 0", darker(look.base, 0.3)),
            ("M430 430c0 -340 340 -340 340 0", look.base),
        ):
            ink.line(data, darker(look.base, 0.5), 40)
            ink.line(data, colour, 34)
        body: list[Point] = at("300,410! 600,420 900,410! 910,700 890,990! 600,1000 310,990! 290,700")
    else:
        body = at(
            "330,360! 460,330 600,344 740,330 870,360! 880,440 906,700 880,980 600,1000 320,980"
            " 294,700 322,440"
        )
    surface(ink, body, look.base, "canvas", shine=0.3)
    top = bounds(body)[1]
    with ink.clipped(shape(body)):
        for x, depth in ((380, 120), (480, 80), (720, 90), (820, 130)):
            ink.line(
                path([(x, top + 40), (x + 10, top + 40 + depth), (x - 14, top + 40 + depth * 2)]),
                "#120b05",
                12,
                opacity=0.08,
            )
    if look.style == "tote":
        seam(ink, at("300,450 600,460 900,450"), look.base, away=8)
    else:
        ink.line(path(at("324,440 600,452 878,440")), darker(look.accent, 0.4), 16)
        ink.line(path(at("324,440 600,452 878,440")), look.accent, 11, dash="22 9", cap="butt")
        for data in ("M870 442c70 20 84 120 60 190", "M872 440c100 0 130 90 118 150"):
            ink.line(data, darker(look.accent, 0.4), 14)
            ink.line(data, look.accent, 10)
        eyelet(ink, 866, 441, look.metal, 15)
    pen = look.accent
    for dy in (610, 646):
        ink.line(f"M512 {dy}q22 -30 44 0t44 0t44 0t44 0", pen, 11)
    write(ink, "KIEKSCHUH", 600, 706, 44, pen)
    write(ink, "HAMBURG", 600, 780, 24, pen)


def draw_accessory(ink: Ink, look: Look) -> None:
    """An accessory by its style."""
    {
        "laces_round": _laces,
        "laces_flat": _laces,
        "insoles": _insoles,
        "horn": _horn,
        "tree": _tree,
        "socks": _socks,
        "bag": _bag,
        "tote": _bag,
    }[look.style](ink, look)
