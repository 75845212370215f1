"""Sandals and slippers from the side."""

from __future__ import annotations

from shop.demo.pictures.curves import Point, at, path, shape
from shop.demo.pictures.ink import Ink, cast, darker, lighter
from shop.demo.pictures.look import Look
from shop.demo.pictures.materials import panel, seam, sole_slab, stitch, surface, texture

CORK = "#c99b66"


def _footbed(ink: Ink, look: Look, *, cork: bool) -> None:
    """A shaped footbed on a rubber sole."""
    bed: list[Point] = at(
        "222,742! 210,780 220,832! 520,834 860,836 980,820 1010,780 1000,756! 900,780 760,786"
        " 600,764 480,744 330,752"
    )
    sole_slab(ink, bed, CORK if cork else darker(look.sole, 0.12))
    if cork:
        with ink.clipped(shape(bed)):
            texture(ink, (210, 740, 1010, 840), CORK, "cork")
    top: list[Point] = at(
        "222,744! 330,752 480,744 600,764 760,786 900,780 1000,758! 900,766 760,770 600,748 480,730 330,738"
    )
    ink.fill(shape(top), lighter(look.lining, 0.25))
    ink.line(path(top[:7]), darker(look.lining, 0.4), 2.4)
    slab: list[Point] = at("216,826! 218,852! 600,854 880,853 980,836 1006,800 980,816 860,832 520,832")
    sole_slab(ink, slab, look.sole)


def _buckle(ink: Ink, x: float, y: float, metal: str, turn: float = 0) -> None:
    """A pin buckle."""
    with ink.moved(f"translate({x} {y}) rotate({turn})"):
        ink.frame(-24, -25, 48, 50, darker(metal, 0.45), 10, r=10)
        ink.frame(-24, -25, 48, 50, lighter(metal, 0.2), 6, r=10)
        ink.line("M-24 0H22", darker(metal, 0.3), 6)
        ink.line("M-24 -1H22", lighter(metal, 0.4), 2.5)


BACK_BAND: list[Point] = at("478,776! 476,690 472,612 502,566 590,578 650,622 652,700 650,786!")
FRONT_BAND: list[Point] = at("716,792! 708,730 706,676 736,638 826,658 886,694 900,750 896,808!")


def _band(ink: Ink, look: Look, outline: list[Point], width: float = 1.0) -> None:
    """A strap over the foot; ``width`` narrows it about its middle."""
    middle = (outline[0][0] + outline[-1][0]) / 2
    near: list[Point] = [(middle + (p[0] - middle) * width, p[1], *p[2:]) for p in outline]  # type: ignore[misc]
    surface(ink, near, look.base, look.finish, shine=0.7)
    stitch(ink, near, look.base, away=-11)


def _sandal(ink: Ink, look: Look) -> None:
    """Styles: two_strap (cork), trek (heel strap, sporty), cross (crossed bands with a heel counter)."""
    _footbed(ink, look, cork=look.style != "trek")
    if look.style == "two_strap":
        _band(ink, look, FRONT_BAND)
        _band(ink, look, BACK_BAND)
        _buckle(ink, 796, 712, look.metal, 12)
        _buckle(ink, 560, 650, look.metal, 10)
        return
    heel: list[Point] = at("226,770! 212,690 224,600 246,540! 290,556 320,600 330,690 392,772!")
    surface(ink, heel, look.base, look.finish)
    stitch(ink, heel[:7], look.base, away=-11)
    ankle: list[Point] = at("240,566! 340,520 450,506 560,524 580,566 450,552 340,570 246,606!")
    if look.style == "trek":
        _band(ink, look, FRONT_BAND, 0.72)
        _band(ink, look, [(p[0] + 50, p[1], *p[2:]) for p in BACK_BAND], 0.56)  # type: ignore[misc]
        panel(
            ink,
            at("500,792! 470,690 420,596 466,556 520,640 590,792!"),
            look.second,
            look.finish,
        )
        panel(ink, ankle, look.accent, "canvas", sewn=8)
        ink.box(484, 506, 62, 52, darker(look.sole, 0.2), r=10)
        ink.box(494, 516, 42, 30, lighter(look.sole, 0.15), r=6)
    else:
        for foot, crown, lean in (((620, 796), (770, 636), 10), ((860, 812), (640, 560), 8)):
            near: list[Point] = [
                (foot[0] - 48, foot[1], "c"),
                ((foot[0] + crown[0]) / 2 - 44, (foot[1] + crown[1]) / 2 - 14),
                (crown[0] - 40, crown[1] + 4),
                (crown[0] + 30 + lean, crown[1] - 6, "c"),
                ((foot[0] + crown[0]) / 2 + 52, (foot[1] + crown[1]) / 2 + 4),
                (foot[0] + 50, foot[1], "c"),
            ]
            surface(ink, near, look.base, look.finish, shine=0.6)
            stitch(ink, near[:3], look.base, away=-9)
            stitch(ink, near[3:], look.base, away=-9)
        panel(ink, ankle, look.base, look.finish, sewn=8)
        _buckle(ink, 500, 532, look.metal, 4)


def _slipper(ink: Ink, look: Look) -> None:
    """Styles: felt (closed, turned cuff), mule (open heel), lamb (ankle-high with fur)."""
    if look.style == "mule":
        bed: list[Point] = at("226,786! 216,812 300,822 620,822 640,780 500,764 330,768")
        ink.fill(shape(bed), look.lining)
        ink.line(shape(bed), darker(look.lining, 0.4), 2.4)
        body: list[Point] = at(
            "470,822! 486,720 520,640 566,590! 650,604 760,634 880,672 968,730 996,800 992,826!"
        )
    else:
        rise = 0 if look.style == "felt" else -150
        body = [
            (234, 822, "c"),
            (220, 740),
            (228, 680),
            (248, 628 + rise, "c"),
            (340, 650 + rise),
            (430, 640 + rise),
            (510, 590 + rise, "c"),
            (566, 600 + rise * 0.35),
            (660, 620),
            (770, 640),
            (890, 672),
            (972, 730),
            (998, 800),
            (992, 826, "c"),
        ]
        far: list[Point] = [
            (248, 630 + rise, "c"),
            (330, 594 + rise),
            (430, 580 + rise),
            (512, 592 + rise, "c"),
            (450, 690 + rise),
            (320, 690 + rise),
        ]
        ink.fill(
            shape(far),
            ink.linear(0, 580 + rise, 0, 690 + rise, (0, look.accent), (1, darker(look.accent, 0.45))),
        )
    surface(ink, body, look.base, look.finish)
    with ink.clipped(shape(body)):
        if look.style == "felt":
            seam(ink, at("560,580 620,680 700,740 860,752 930,720"), look.accent, away=8)
        if look.style == "lamb":
            seam(ink, at("600,560 640,690 620,830"), look.base, double=True)
            seam(ink, at("300,470 296,640 260,830"), look.base)
        if look.style == "mule":
            for k in range(3):
                ink.line(f"M{640 + k * 70} {716 + k * 12}q22 -26 44 0t44 0", look.accent, 8)
    edge: list[Point] = body[3:7] if look.style != "mule" else body[:4]
    _fluff(ink, edge, look.accent, 30 if look.style == "lamb" else 17, fur=look.style == "lamb")
    slab: list[Point] = at("226,812! 222,838 240,852! 600,854 900,852 986,838 1008,806 990,812 600,822")
    sole_slab(ink, slab, look.sole)


def _fluff(ink: Ink, edge: list[Point], colour: str, width: float, *, fur: bool) -> None:
    """A rolled cuff, furry or of felt."""
    data = path(edge)
    ink.line(data, "#120b05", width + 8, opacity=0.18)
    ink.line(data, darker(colour, 0.25), width + 3)
    ink.line(data, colour, width)
    ink.line(data, lighter(colour, 0.4), width * 0.4, opacity=0.6, dash="6 9" if fur else "")
    if fur:
        ink.line(data, lighter(colour, 0.25), width + 9, dash="3 8", cap="butt", opacity=0.8)


def draw_open(ink: Ink, look: Look) -> None:
    """A sandal or a slipper, toe to the right."""
    cast(ink, 608, 855, 410)
    if look.kind == "sandal":
        _sandal(ink, look)
    else:
        _slipper(ink, look)
