"""Boots from the side: chelsea, lace-up ankle boot, hiking boot, rain boot."""

from __future__ import annotations

from shop.demo.pictures.curves import Point, at, path, places, shape
from shop.demo.pictures.ink import Ink, cast, darker, lighter
from shop.demo.pictures.leather import welted_sole
from shop.demo.pictures.look import Look
from shop.demo.pictures.materials import bow, eyelet, lace, panel, seam, sole_slab, stitch, surface

CHELSEA: list[Point] = at(
    "232,806! 214,730 222,640 246,540 250,440 244,384! 320,374 420,376 506,388! 516,460"
    " 548,534 610,596 700,644 800,670 906,696 978,740 1010,790 1004,812! 800,808 600,806"
    " 420,800"
)

LACED: list[Point] = at(
    "232,806! 214,730 222,640 242,540 242,420 236,340! 300,346 380,344 452,326! 474,410"
    " 500,490 540,552 600,606 680,642 790,662 900,688 976,736 1010,790 1004,812! 800,808"
    " 600,806 420,800"
)

RAIN: list[Point] = at(
    "246,806! 228,740 238,650 258,540 250,360 232,176! 340,164 440,164 538,178! 538,340"
    " 546,470 580,556 650,610 750,642 860,664 950,708 994,770 996,812! 800,808 600,806"
    " 420,804"
)


def _top(
    ink: Ink, look: Look, left: tuple[float, float], right: tuple[float, float], rise: float = 26
) -> None:
    """The far rim of the shaft and the dark inside."""
    ring: list[Point] = [
        (*left, "c"),
        (left[0] + 60, left[1] - rise * 0.8),
        (right[0] - 60, right[1] - rise),
        (*right, "c"),
        (right[0] - 40, right[1] + 40),
        (left[0] + 50, left[1] + 40),
    ]
    ink.fill(shape(ring), ink.linear(0, left[1] - rise, 0, left[1] + 30, (0, look.lining), (1, look.inside)))
    ink.line(path(ring[:4]), darker(look.base, 0.45), 4)


def _chelsea(ink: Ink, look: Look) -> None:
    _top(ink, look, (246, 386), (504, 390))
    for x, far in ((262, False), (478, True)):
        tab = f"M{x - 15} 410c-4 -60 6 -82 16 -82s20 22 16 82"
        ink.line(tab, darker(look.accent, 0.45), 15 if not far else 13)
        ink.line(tab, look.accent, 11 if not far else 9)
        ink.line(tab, darker(look.accent, 0.3), 2, dash="5 6")
    surface(ink, CHELSEA, look.base, look.finish)
    with ink.clipped(shape(CHELSEA)):
        gore: list[Point] = at("308,350! 452,350! 446,470 430,590 392,668 352,600 322,470")
        ink.fill(
            shape(gore),
            ink.linear(
                308,
                0,
                452,
                0,
                (0, darker(look.second, 0.5)),
                (0.5, darker(look.second, 0.2)),
                (1, darker(look.second, 0.55)),
            ),
        )
        with ink.clipped(shape(gore)):
            for x in range(300, 470, 9):
                ink.line(
                    f"M{x} 350L{380 + (x - 380) * 0.45:.0f} 690", darker(look.second, 0.75), 3.4, opacity=0.75
                )
                ink.line(
                    f"M{x + 4} 350L{384 + (x - 380) * 0.45:.0f} 690",
                    lighter(look.second, 0.2),
                    1.4,
                    opacity=0.35,
                )
        ink.line(shape(gore), darker(look.base, 0.6), 3)
        stitch(ink, gore, look.base, away=10, closed=True)
        seam(ink, at("392,668 400,740 386,820"), look.base, away=9)
        ink.line(path(at("560,560 590,640 600,700")), darker(look.base, 0.45), 5, opacity=0.22)
        ink.line(path(at("600,580 640,640 648,690")), darker(look.base, 0.45), 5, opacity=0.16)
    stitch(ink, CHELSEA[5:9], look.base, away=-12)
    if look.style == "lug":
        lug_sole(ink, look.sole)
    else:
        welted_sole(ink, look, chunky=look.style == "crepe")


def lug_sole(ink: Ink, sole: str) -> None:
    """A thick rubber sole with deep lugs."""
    slab: list[Point] = at(
        "220,784! 206,816 214,846! 420,846 440,832! 528,834! 546,848! 880,848 984,832 1030,796"
        " 1022,780! 900,800 700,802 460,792"
    )
    sole_slab(ink, slab, sole)
    for x in [*range(222, 410, 38), *range(556, 940, 38)]:
        drop = 0 if x < 900 else (x - 900) * 0.25
        ink.fill(f"M{x} {838 - drop:.0f}h26l-3 16h-20z", darker(sole, 0.45))
    ink.line(
        path(at("212,808 440,814 700,822 900,818 1022,798")),
        lighter(sole, 0.3),
        3,
        opacity=0.6,
    )
    welt: list[Point] = at("224,790 460,797 700,806 900,803 1018,786")
    ink.line(path(welt), darker(sole, 0.4), 8)
    ink.line(path(welt), "#d8b77a", 3, dash="9 7", cap="butt")


def _laced(ink: Ink, look: Look, hiking: bool = False) -> None:
    _top(ink, look, (238, 342), (446, 330), 22)
    surface(
        ink,
        at("380,380! 398,300 430,268 474,270 498,330 522,470 590,580 500,560"),
        look.second,
        look.finish,
        shine=0.4,
    )
    surface(ink, LACED, look.base, look.finish)
    throat: list[Point] = at("456,344 478,420 504,492 544,552 604,602 664,634")
    with ink.clipped(shape(LACED)):
        if hiking:
            panel(
                ink,
                at("180,300 470,300 476,384 390,420 300,424 180,410"),
                look.accent,
                "canvas",
                sewn=8,
            )
            panel(
                ink,
                at("180,560 300,580 372,660 470,720 540,830 150,830"),
                look.second,
                look.finish,
            )
            panel(
                ink,
                at("430,320 500,470 560,550 690,636 712,690 640,706 520,640 448,540 404,420 396,320"),
                look.second,
                look.finish,
            )
            rand: list[Point] = at(
                "140,762 320,770 560,776 720,740 830,690 930,676 1060,700 1060,840 140,840"
            )
            panel(ink, rand, darker(look.sole, 0.1), "rubber", sewn=0)
        else:
            seam(ink, at("250,560 300,600 360,690 400,820"), look.base, double=True)
            quarter: list[Point] = at(
                "452,326 500,480 560,560 676,640 700,690 620,712 576,760 560,826 150,826 150,320 360,320"
            )
            ink.line(path(quarter[3:8]), "#120b05", 9, opacity=0.2)
            ink.fill(
                shape(quarter),
                ink.linear(240, 330, 460, 800, (0, lighter(look.base, 0.12), 0.55), (1, look.base, 0)),
            )
            seam(ink, quarter[3:8], look.base, away=10, double=True)
            seam(ink, at("408,330 440,450 492,560 576,650 628,700"), look.base, away=-9)
            if look.style == "cap":
                seam(ink, at("800,650 786,730 812,822"), look.base, double=True)
    cuff = LACED[5:9]
    if look.style != "cap":
        ring: list[Point] = [*cuff, (462, 386), (380, 398), (300, 398), (240, 392)]
        surface(ink, ring, look.second if not hiking else look.accent, look.finish, shine=0.4)
        for x in (296, 348, 402):
            ink.line(f"M{x} 350q6 22 0 44", "#120b05", 3, opacity=0.28)
    else:
        stitch(ink, cuff, look.base, away=-12)
    _boot_laces(ink, look, throat, hiking)
    lug_sole(ink, look.sole) if hiking or look.style in ("lug", "hiker") else welted_sole(ink, look)


def _boot_laces(ink: Ink, look: Look, throat: list[Point], hiking: bool) -> None:
    """Eyelets below, hooks above, laces across, a bow on top."""
    spots = places(throat, 8, start=0.03, end=0.97)
    width = 11 if hiking else 9
    for i, (x, y, dx, dy) in enumerate(spots):
        ex, ey = x - dy * 40, y + dx * 40
        if i < 3:
            with ink.moved(f"translate({ex:.0f} {ey:.0f})"):
                ink.box(-10, -8, 20, 16, darker(look.metal, 0.25), r=5)
                ink.box(-7, -5, 13, 7, lighter(look.metal, 0.3), r=3)
        else:
            eyelet(ink, ex, ey, look.metal, 8)
    for x, y, dx, dy in reversed(spots):
        lace(ink, x + dy * 10 + dx * 10, y - dx * 10 + dy * 10, x - dy * 40, y + dx * 40, look.lace, width)
    bow(ink, spots[0][0] + 4, spots[0][1] + 4, look.lace, size=0.8, width=width - 1)


def _rain(ink: Ink, look: Look, short: bool = False) -> None:
    body = RAIN
    if short:
        body = [(p[0], p[1] if p[1] > 520 else 520 - (520 - p[1]) * 0.5, *p[2:]) for p in RAIN]  # type: ignore[misc]
    left, right = body[5], body[8]
    _top(ink, look, (left[0] + 2, left[1] + 4), (right[0] - 2, right[1] + 4), 24)
    surface(ink, body, look.base, "rubber")
    top = left[1]
    with ink.clipped(shape(body)):
        ink.line(
            path([(left[0] - 20, top + 20), (390, top + 12), (right[0] + 20, top + 20)]),
            darker(look.accent, 0.3),
            44,
            cap="butt",
        )
        ink.line(
            path([(left[0] - 20, top + 18), (390, top + 10), (right[0] + 20, top + 18)]),
            look.accent,
            38,
            cap="butt",
        )
        for width, opacity, shift in ((30, 0.14, 0), (12, 0.32, -4)):
            ink.line(
                path(
                    [
                        (456 + shift, top + 70),
                        (466 + shift, 470),
                        (506 + shift, 570),
                        (590 + shift, 634),
                        (700, 668),
                    ]
                ),
                "#fffaf0",
                width,
                opacity=opacity,
            )
        ink.line(path(at("840,690 900,706 944,744")), "#fffaf0", 12, opacity=0.4)
        ink.line(path(at("230,700 300,690 336,640")), "#120b05", 4, opacity=0.25)
        ink.line(path(at("560,560 530,620 470,650")), "#120b05", 5, opacity=0.2)
        rand: list[Point] = at("140,772 420,784 640,780 800,742 900,730 1060,760 1060,850 140,850")
        panel(ink, rand, look.second, "rubber", sewn=0)
    if not short:
        strap: list[Point] = [
            (left[0] + 4, top + 74, "c"),
            (330, top + 78),
            (360, top + 86),
            (330, top + 104),
            (left[0] + 6, top + 104, "c"),
        ]
        panel(ink, strap, look.second, "smooth", sewn=6)
        ink.frame(306, top + 66, 34, 44, look.metal, 7, r=8)
    for i in range(3):
        ink.line(f"M{330 + i * 34} {560 + i * 4}q17 -18 34 0", look.accent, 6, opacity=0.9)
    slab: list[Point] = at(
        "240,792! 228,820 236,850! 420,851 432,838! 520,838! 534,852! 860,852 960,838 1008,804"
        " 1002,790! 820,804 560,802"
    )
    sole_slab(ink, slab, look.sole)
    for x in [*range(244, 420, 24), *range(544, 940, 24)]:
        ink.line(f"M{x} 828v18", darker(look.sole, 0.5), 5, opacity=0.6)


def draw_boot(ink: Ink, look: Look) -> None:
    """Chelsea (plain, crepe, lug), ankle boot (cap, lug, plain), hiking boot or rain boot (tall, short)."""
    cast(ink, 612, 853, 410)
    if look.kind == "chelsea":
        _chelsea(ink, look)
    elif look.kind == "rain_boot":
        _rain(ink, look, short=look.style == "short")
    else:
        _laced(ink, look, hiking=look.kind == "hiking")
