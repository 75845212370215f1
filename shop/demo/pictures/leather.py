"""Shoes on a leather or rubber sole from the side: derby, brogue, loafer, ballerina and boat shoe."""

from __future__ import annotations

from shop.demo.pictures.curves import Point, at, path, places, shape
from shop.demo.pictures.ink import Ink, cast, darker, lighter
from shop.demo.pictures.look import Look
from shop.demo.pictures.materials import bow, eyelet, lace, panel, seam, sole_slab, stitch, surface

DERBY: list[Point] = at(
    "232,806! 216,740 222,668 244,612! 300,628 368,640 430,620 486,580 522,548! 590,596"
    " 660,640 740,668 830,682 920,706 982,744 1010,790 1004,812! 800,808 600,806 420,800"
)

LOAFER: list[Point] = at(
    "232,806! 216,744 224,680 246,634! 320,668 420,684 510,660 566,612! 640,630 740,656"
    " 830,680 920,706 982,744 1010,790 1004,812! 800,808 600,806 420,800"
)


def welted_sole(ink: Ink, look: Look, *, chunky: bool = False) -> None:
    """Welt, leather sole and a stacked heel; ``chunky`` is a rubber sole of one thickness."""
    sole = look.sole
    if chunky:
        slab: list[Point] = at(
            "222,792! 214,820 220,852! 400,853 412,836! 520,838! 530,853! 880,852 980,840 1022,812"
            " 1018,794! 800,802 560,798"
        )
        sole_slab(ink, slab, sole)
        ink.line(path(at("220,812 500,816 800,818 1014,808")), darker(sole, 0.4), 2.4, opacity=0.7)
    else:
        heel: list[Point] = at("226,796! 220,824 226,853! 400,853! 410,800!")
        sole_slab(ink, heel, darker(sole, 0.25))
        for y in (812, 824, 836):
            ink.line(path([(223, y), (406, y + 1)]), darker(sole, 0.55), 1.8, opacity=0.7)
        ink.fill(shape(at("224,842! 402,843! 400,853! 227,853!")), "#231b15")
        slab = at(
            "224,786! 222,802 410,812 520,828 640,848 860,852 980,838 1024,810 1020,796! 900,812"
            " 700,812 480,796"
        )
        sole_slab(ink, slab, sole)
    welt: list[Point] = at("228,796 480,802 700,810 900,809 1012,795")
    ink.line(path(welt), darker(sole, 0.5), 9)
    ink.line(path(welt), lighter(sole, 0.28), 5)
    ink.line(path(welt), darker(sole, 0.55), 2.4, dash="6 6", cap="butt")


def _hollow(ink: Ink, look: Look, near: list[Point], rise: float = 34) -> None:
    """The opening seen over the near collar line ``near`` (from heel to throat)."""
    first, last = near[0], near[-1]
    far: list[Point] = [
        (first[0], first[1], "c"),
        (first[0] + (last[0] - first[0]) * 0.3, first[1] - rise * 0.55 + 6),
        (first[0] + (last[0] - first[0]) * 0.75, last[1] - rise * 0.15),
        (last[0], last[1], "c"),
    ]
    low = max(p[1] for p in near) + 30
    ring: list[Point] = [*far, (last[0] - 40, low), (first[0] + 50, low)]
    ink.fill(
        shape(ring),
        ink.linear(0, min(first[1], last[1]) - rise, 0, low, (0, look.lining), (0.75, look.inside)),
    )
    ink.line(path(far), darker(look.base, 0.5), 3, opacity=0.7)


def _holes(ink: Ink, points: list[Point], count: int, colour: str) -> None:
    """A row of brogue holes: large and small ones in turn, pinked edge beneath."""
    for i, (x, y, _, _) in enumerate(places(points, count)):
        r = 4.6 if i % 2 else 2.6
        ink.ellipse(x, y, r, r, darker(colour, 0.72))


def _derby(ink: Ink, look: Look, brogue: bool = False, plain: bool = False) -> None:
    near = DERBY[3:9]
    _hollow(ink, look, near)
    surface(
        ink,
        at("466,600! 488,536 516,506 550,512 600,570 690,650 560,660"),
        look.second,
        look.finish,
        shine=0.4,
    )
    surface(ink, DERBY, look.base, look.finish)
    throat: list[Point] = at("520,556 590,600 656,640")
    with ink.clipped(shape(DERBY)):
        if not plain:
            cap: list[Point] = at("812,660 796,730 820,820")
            seam(ink, cap, look.base, away=9, double=True)
            if brogue:
                _holes(ink, at("782,668 768,736 792,816"), 15, look.base)
                for k in range(3):
                    _holes(
                        ink,
                        [(872 + k * 20, 716 + k * 6), (884 + k * 17, 742), (872 + k * 22, 766)],
                        3,
                        look.base,
                    )
        if brogue:
            heel: list[Point] = at("300,620 330,690 400,750 430,812")
            seam(ink, heel, look.base, double=True)
            _holes(ink, at("322,622 350,684 418,742 450,812"), 21, look.base)
        else:
            seam(ink, at("262,610 270,700 262,812"), look.base, away=-9)
        lapel: list[Point] = at(
            "500,520 600,598 676,650 668,690 600,706 560,760 548,830 150,830 150,560 330,600"
        )
        ink.line(path(lapel[1:7]), "#120b05", 9, opacity=0.2)
        ink.fill(
            shape(lapel),
            ink.linear(300, 560, 420, 820, (0, lighter(look.base, 0.12), 0.55), (1, look.base, 0)),
        )
        seam(ink, lapel[1:7], look.base, away=10, double=True)
        if brogue:
            _holes(ink, at("590,640 632,668 594,690 546,740 530,812"), 21, look.base)
    stitch(ink, near, look.base, away=-10)
    ink.line(path(near), lighter(look.base, 0.3), 4, opacity=0.5)
    spots = places(throat, 4, start=0.04, end=0.9)
    for x, y, dx, dy in spots:
        eyelet(ink, x - dy * 36, y + dx * 36, None, 8)
    for x, y, dx, dy in reversed(spots):
        lace(ink, x + dy * 10 + dx * 8, y - dx * 10 + dy * 8, x - dy * 36, y + dx * 36, look.lace, 8.5)
    bow(ink, spots[0][0] + 2, spots[0][1] - 2, look.lace, size=0.74, width=7.5)


def _loafer(ink: Ink, look: Look) -> None:
    near = LOAFER[3:8]
    _hollow(ink, look, near, 62)
    tongue: list[Point] = at("500,664! 520,590 550,560 590,566 640,620 600,668")
    surface(ink, tongue, look.base, look.finish, shine=0.5)
    surface(ink, LOAFER, look.base, look.finish)
    with ink.clipped(shape(LOAFER)):
        apron: list[Point] = at("560,650 680,700 800,722 890,722 930,700")
        ink.line(path(apron), "#120b05", 13, opacity=0.2)
        ink.line(path(apron), lighter(look.base, 0.14), 9)
        ink.line(path(apron), darker(look.base, 0.5), 9, dash="3 9", cap="butt")
        seam(ink, at("262,620 272,700 262,812"), look.base, away=-9)
        if look.style != "tassel":
            strap: list[Point] = at("590,590 668,624 700,668 664,736 648,830 540,830 556,740 572,676")
            panel(ink, strap, look.second, look.finish, sewn=9)
            ink.fill(shape(at("600,668 626,660 660,672 634,690")), darker(look.base, 0.7))
    stitch(ink, near, look.base, away=-10)
    ink.line(path(near), lighter(look.base, 0.3), 4, opacity=0.5)
    if look.style == "tassel":
        ink.line(path(at("262,660 360,700 460,706 560,662 606,630")), darker(look.base, 0.5), 9)
        ink.line(path(at("262,660 360,700 460,706 560,662 606,630")), look.second, 6)
        for x, turn in ((640, -16), (676, -34)):
            with ink.moved(f"translate({x} 640) rotate({turn})"):
                ink.fill("M-10 0h20l14 62q-24 10 -48 0z", darker(look.base, 0.12))
                for k in range(-18, 20, 6):
                    ink.line(f"M{k * 0.4:.0f} 12L{k} 62", darker(look.base, 0.5), 2)
                ink.box(-13, -10, 26, 16, look.second, r=6)
        ink.ellipse(648, 632, 15, 12, darker(look.base, 0.25))


def _ballerina(ink: Ink, look: Look) -> None:
    body: list[Point] = at(
        "248,824! 232,770 240,712 264,672! 340,730 460,768 600,770 720,738 780,700! 860,706"
        " 940,736 992,786 994,824! 800,828 500,826"
    )
    near = body[3:9]
    ring: list[Point] = at("264,674! 400,690 560,704 690,700 780,702! 700,770 520,800 340,760")
    ink.fill(shape(ring), ink.linear(0, 670, 0, 790, (0, look.lining), (0.9, look.inside)))
    ink.line(path(ring[:5]), look.second, 9)
    surface(ink, body, look.base, look.finish)
    ink.line(path(near), darker(look.second, 0.3), 12)
    ink.line(path(near), look.second, 8)
    for data in (
        "M790 700c-20 -46 -72 -44 -66 -16c4 22 46 26 66 16z",
        "M790 700c40 -36 84 -14 68 10c-16 18 -48 6 -68 -10z",
    ):
        ink.fill(data, look.second)
        ink.line(data, darker(look.base, 0.5), 2.4)
    ink.ellipse(790, 700, 12, 11, darker(look.second, 0.15))
    slab: list[Point] = at(
        "240,812! 238,850! 380,852! 392,842 520,840 640,850 880,850 980,838 1006,812! 800,826 480,826"
    )
    sole_slab(ink, slab, look.sole)


def _boat(ink: Ink, look: Look) -> None:
    _hollow(ink, look, LOAFER[3:8], 62)
    surface(
        ink,
        at("480,664! 506,580 540,548 584,556 650,624 600,672"),
        look.second,
        look.finish,
        shine=0.4,
    )
    surface(ink, LOAFER, look.base, look.finish)
    with ink.clipped(shape(LOAFER)):
        apron: list[Point] = at("640,660 720,706 820,726 900,722 934,700")
        ink.line(path(apron), darker(look.base, 0.4), 11)
        ink.line(path(apron), look.lace, 8, dash="4 9", cap="butt")
        seam(ink, at("640,600 690,660 650,730 600,830"), look.base, double=True)
        seam(ink, at("250,690 330,730 380,830"), look.base)
    rope: list[Point] = at("252,676 330,706 430,716 520,690 586,650")
    ink.line(path(rope), darker(look.lace, 0.5), 13)
    ink.line(path(rope), look.lace, 10, dash="34 13", cap="butt")
    for x, y in ((600, 640), (640, 662)):
        eyelet(ink, x, y + 16, look.metal, 8)
        lace(ink, x + 18, y - 22, x, y + 16, look.lace, 9)
    bow(ink, 600, 616, look.lace, size=0.72, width=8)
    slab: list[Point] = at("222,790! 214,822 222,850! 600,853 900,850 996,830 1020,796! 800,806 500,800")
    sole_slab(ink, slab, look.sole)
    ink.line(path(at("218,832 600,838 900,834 1004,816")), darker(look.sole, 0.35), 2.4)


def draw_leather(ink: Ink, look: Look) -> None:
    """Derby (cap, plain, brogue), loafer (penny, tassel, boat) or ballerina, toe to the right."""
    cast(ink, 612, 853, 410)
    if look.style == "ballerina":
        _ballerina(ink, look)
    elif look.style == "boat":
        _boat(ink, look)
    elif look.kind == "loafer":
        _loafer(ink, look)
        welted_sole(ink, look)
    else:
        _derby(ink, look, brogue=look.style == "brogue", plain=look.style == "plain")
        welted_sole(ink, look, chunky=look.style == "plain")
