"""Sneakers from the side: court, canvas, runner, high-top and the children's pair with straps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import cos, pi, sin

from shop.demo.pictures.curves import Point, at, path, places, shape
from shop.demo.pictures.ink import Ink, cast, darker, lighter
from shop.demo.pictures.look import Look
from shop.demo.pictures.materials import bow, eyelet, lace, panel, seam, sole_slab, stitch, surface

THROAT: list[Point] = at("500,508 572,560 648,606 724,640")

UPPER: list[Point] = at(
    "226,792! 214,716 222,634 240,568 262,522! 300,548 356,572 420,566 470,530 500,500!"
    " 572,556 648,602 724,634 800,646 880,662 950,698 985,752 986,794!"
)

HIGH: list[Point] = at(
    "226,792! 214,716 226,620 236,520 238,424 252,388! 300,398 370,402 440,388! 474,440"
    " 520,506 580,562 648,604 724,634 800,646 880,662 950,698 985,752 986,794!"
)


def _inside(ink: Ink, look: Look, high: bool) -> None:
    """Far rim of the collar, lining and tongue: what shows behind the near side."""
    if high:
        rim: list[Point] = at("252,390! 300,368 380,364 444,388! 440,430 340,440 262,420")
        tongue: list[Point] = at("398,400! 420,350 452,338 482,350 528,440 590,540 500,520")
    else:
        rim = at("262,524! 310,500 390,500 480,508! 470,560 360,600 280,570")
        tongue = at("440,560! 462,486 480,456 512,448 536,474 584,540 660,600 560,610")
    ink.fill(shape(rim), ink.linear(0, rim[0][1], 0, rim[0][1] + 90, (0, look.lining), (1, look.inside)))
    ink.line(shape(rim), darker(look.base, 0.5), 2.4, opacity=0.7)
    surface(ink, tongue, look.second, look.finish, shine=0.3)
    stitch(ink, tongue[:4], look.second, away=-10)


def _laces(ink: Ink, look: Look, throat: list[Point], count: int, reach: float = 44) -> None:
    """Eyelets along the throat and the laces that cross it."""
    spots = places(throat, count, start=0.02, end=0.94)
    for x, y, dx, dy in spots:
        ex, ey = x - dy * reach, y + dx * reach
        eyelet(ink, ex, ey, look.metal if look.style != "canvas" else "#d9d4c8", 8.5)
    for x, y, dx, dy in reversed(spots):
        lace(ink, x + dy * 12 + dx * 10, y - dx * 12 + dy * 10, x - dy * reach, y + dx * reach, look.lace)
    x, y, dx, dy = spots[0]
    bow(ink, x + 8, y - 2, look.lace, size=0.9)


def _court(ink: Ink, look: Look, high: bool = False) -> None:
    outline = HIGH if high else UPPER
    throat = at("462,424 520,510 580,564 648,606 724,640") if high else list(THROAT)
    _inside(ink, look, high)
    surface(ink, outline, look.base, look.finish)
    with ink.clipped(shape(outline)):
        stay: list[Point] = [(p[0], p[1] - 14) for p in throat]
        lower: list[Point] = [(760, 668), (700, 694), (620, 664), (540, 610), (470, 570 if not high else 500)]
        if high:
            lower = at("760,668 700,694 612,668 520,600 440,500 400,396")
        toe: list[Point] = at("690,806 704,742 770,700 860,676 1010,640 1040,820")
        panel(ink, toe, look.second, look.finish)
        panel(ink, [*stay, *lower], look.second, look.finish)
        heel: list[Point] = at("190,480 300,480 322,560 338,660 392,740 420,806 180,820")
        panel(ink, heel, look.accent, look.finish)
        wave: list[Point] = at(
            "396,764! 448,702 510,688 562,716 620,728 700,684! 640,752 570,754 512,722 458,722"
        )
        panel(ink, wave, look.accent, "smooth", sewn=0)
        for hole in range(7):
            ink.ellipse(
                812 + (hole % 4) * 26,
                700 + (hole // 4) * 20 + (hole % 4) * 7,
                3.6,
                3.2,
                darker(look.base, 0.6),
            )
    collar = outline[4:9] if not high else outline[5:9]
    stitch(ink, collar, look.base, away=-12)
    ink.line(path(collar), lighter(look.base, 0.25), 5, opacity=0.6)
    _laces(ink, look, throat, 7 if high else 5)
    _cupsole(ink, look)


def _cupsole(ink: Ink, look: Look) -> None:
    slab: list[Point] = at(
        "214,776! 205,812 212,846! 300,852 600,853 850,852 950,842 994,812 1000,778 984,764!"
        " 900,782 600,786 380,782"
    )
    sole_slab(ink, slab, look.sole)
    stitch(ink, at("224,796 420,802 620,804 860,802 984,788"), look.sole, away=0, width=2.6)
    ink.line(
        path(at("210,832 420,838 640,839 870,836 968,820")),
        darker(look.sole, 0.4),
        2,
        opacity=0.6,
    )


def _canvas(ink: Ink, look: Look, high: bool = False) -> None:
    outline = HIGH if high else UPPER
    throat = at("462,424 520,510 580,564 648,606 716,636") if high else list(THROAT)
    _inside(ink, look, high)
    surface(ink, outline, look.base, "canvas")
    with ink.clipped(shape(outline)):
        seam(ink, [(400, 380 if high else 560), (452, 620), (560, 700), (640, 806)], look.base, double=True)
        panel(
            ink,
            [(210, 380 if high else 480), (276, 380 if high else 480), (292, 640), (286, 820), (190, 820)],
            look.accent,
            "canvas",
        )
        panel(
            ink,
            [
                *[(p[0], p[1] - 14) for p in throat],
                (748, 668),
                (690, 684),
                (612, 652),
                (530, 596),
                (452, 520 if high else 566),
            ],
            look.second,
            "canvas",
        )
        ink.line(path(at("724,628 700,700 730,806")), "#120b05", 7, opacity=0.15)
        cap: list[Point] = at("812,812 800,730 838,680 900,664 1020,690 1040,820")
        panel(ink, cap, look.sole, "smooth", sewn=0)
        ink.ellipse(910, 716, 50, 14, "#ffffff", opacity=0.3)
    if high:
        ink.ellipse(330, 520, 46, 46, darker(look.sole, 0.3))
        ink.ellipse(330, 519, 43, 43, look.sole)
        ink.line("M300 528q15 -18 30 0t30 0", look.accent, 7)
        ink.line("M300 508q15 -18 30 0t30 0", look.accent, 7)
    stitch(ink, outline[4:9], look.base, away=-12)
    _laces(ink, look, throat, 7 if high else 5)
    slab: list[Point] = at(
        "216,768! 208,812 214,848! 600,853 930,848 984,826 1000,784 986,756! 900,776 600,782"
    )
    sole_slab(ink, slab, look.sole)
    for y, shade in ((800, look.accent), (812, look.accent)):
        ink.line(
            path([(213, y), (420, y + 7), (620, y + 9), (860, y + 6), (990, y - 10)]), shade, 5, cap="butt"
        )
    ink.fill(
        shape(at("214,838! 600,842 930,837 974,828 930,851 600,856 216,852!")),
        "#6b4a2c",
    )


def _runner(ink: Ink, look: Look) -> None:
    upper: list[Point] = [(p[0], p[1] - 26 if p[1] > 700 else p[1] - 18, *p[2:]) for p in UPPER]  # type: ignore[misc]
    throat: list[Point] = [(p[0], p[1] - 18) for p in THROAT]
    with ink.moved("translate(0 -18)"):
        _inside(ink, look, False)
    surface(ink, upper, look.base, look.finish)
    with ink.clipped(shape(upper)):
        panel(
            ink,
            at("640,800 680,730 770,720 880,690 1010,640 1040,800"),
            look.second,
            "suede",
        )
        panel(
            ink,
            at("190,560 262,610 330,640 430,730 560,800 180,810"),
            look.second,
            "suede",
        )
        panel(
            ink,
            [
                *[(p[0], p[1] - 14) for p in throat],
                (756, 650),
                (700, 676),
                (612, 640),
                (530, 580),
                (466, 548),
            ],
            look.second,
            "suede",
        )
        swell = path(at("352,742 430,676 510,672 580,706 650,700 716,650"))
        for paint, width, faint in (
            ("#120b05", 24, 0.14),
            (look.accent, 17, 1.0),
            (lighter(look.accent, 0.35), 4, 0.7),
        ):
            ink.line(swell, paint, width, opacity=faint)
        panel(ink, at("200,480 286,496 276,560 268,624 200,640"), look.accent, "smooth")
    stitch(ink, upper[4:9], look.base, away=-12)
    _laces(ink, look, throat, 6)
    mid: list[Point] = at(
        "206,730! 176,766 190,822 250,836 420,826 560,834 760,842 920,838 1004,800 1022,758"
        " 1000,730! 940,756 820,764 640,760 470,736 330,716"
    )
    sole_slab(ink, mid, look.sole)
    ink.line(
        path(at("196,780 340,766 500,792 700,806 900,798 1006,776")),
        look.accent,
        8,
        cap="round",
    )
    for i in range(12):
        ink.ellipse(268 + i * 22, 800 + (6 if i % 2 else 0), 5, 8, darker(look.sole, 0.25), opacity=0.6)
    tread: list[Point] = at(
        "200,822! 236,850 420,846 500,838 600,848 800,853 930,849 990,820! 900,836 700,838 420,826"
    )
    sole_slab(ink, tread, darker(look.sole, 0.72))


def _straps(ink: Ink, look: Look) -> None:
    """The children's pair: short, round, two straps that hold by themselves."""
    upper: list[Point] = at(
        "252,792! 240,706 252,612 276,528! 330,560 404,562 470,524 512,492! 590,530 690,570"
        " 800,596 890,640 944,712 952,794!"
    )
    ink.fill(
        shape(at("276,530! 340,496 430,488 512,494! 460,580 340,596")),
        ink.linear(0, 490, 0, 590, (0, look.lining), (1, look.inside)),
    )
    surface(
        ink,
        at("440,560! 470,470 500,436 556,440 590,500 620,590"),
        look.accent,
        look.finish,
        shine=0.3,
    )
    surface(ink, upper, look.base, look.finish)
    with ink.clipped(shape(upper)):
        panel(
            ink,
            at("736,812 744,716 800,664 900,640 1000,660 1000,812"),
            look.second,
            look.finish,
        )
        panel(
            ink,
            at("200,500 318,520 340,640 380,720 400,812 200,812"),
            look.accent,
            look.finish,
        )
        ink.raw(_star(560, 736, 46, look.accent))
    for top, bottom in (((520, 500), (430, 664)), ((640, 546), (560, 690))):
        strap: list[Point] = [
            (top[0] - 8, top[1] - 16, "c"),
            (top[0] + 80, top[1] + 18, "c"),
            (bottom[0] + 92, bottom[1] - 10),
            (bottom[0] + 60, bottom[1] + 24),
            (bottom[0] + 4, bottom[1] + 6),
            (bottom[0] - 6, bottom[1] - 34),
        ]
        panel(ink, strap, look.accent, "smooth", sewn=10)
    stitch(ink, upper[3:8], look.base, away=-12)
    slab: list[Point] = at(
        "238,762! 230,812 240,848! 600,853 880,850 950,836 976,790 966,736 900,762! 700,784 460,780"
    )
    sole_slab(ink, slab, look.sole)
    ink.line(path(at("236,818 460,826 700,828 900,822 966,800")), look.accent, 7)


def _star(cx: float, cy: float, r: float, colour: str) -> str:
    points = []
    for i in range(10):
        reach = r if i % 2 == 0 else r * 0.46
        points.append(f"{cx + reach * sin(i * pi / 5):.1f},{cy - reach * cos(i * pi / 5):.1f}")
    edge = f'stroke="{darker(colour, 0.3)}" stroke-width="3" stroke-linejoin="round"'
    return f'<polygon points="{" ".join(points)}" fill="{colour}" {edge}/>'


def draw_sneaker(ink: Ink, look: Look) -> None:
    """A sneaker, toe to the right; styles: court, high, canvas, canvas_high, runner, straps."""
    cast(ink, 604, 853, 410)
    styles: dict[str, Callable[[Ink, Look], None]] = {
        "court": _court,
        "high": partial(_court, high=True),
        "canvas": _canvas,
        "canvas_high": partial(_canvas, high=True),
        "runner": _runner,
        "straps": _straps,
    }
    styles[look.style](ink, look)
