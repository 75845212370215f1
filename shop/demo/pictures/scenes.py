"""Larger pictures: the harbour on the home page, one picture per category, the merchant's mark."""

from __future__ import annotations

from random import Random

from shop.demo.pictures import ARTISTS, NOT_WORN, look_of
from shop.demo.pictures.ink import PAPER, Ink, darker, lighter, mix
from shop.demo.pictures.letters import width_of, write
from shop.demo.range import ProductData, products

BRICKS = ("#8a3f2c", "#9a4a32", "#7d3a2a", "#a2553a", "#8f4530")
COPPER = "#7fa392"
HERO_SIZE = (1920, 1000)
QUAY = 850
GROUNDS = ("#eadfc9", "#dfe3dc", "#e8dcd0", "#dde2e4")


def _sky(ink: Ink) -> None:
    w, _ = HERO_SIZE
    ink.box(0, 0, w, 664, ink.linear(0, 0, 0, 664, (0, "#c9d8dc"), (0.55, "#efe6d4"), (1, "#f6dcbc")))
    ink.ellipse(
        1350,
        400,
        300,
        300,
        ink.radial(1350, 400, 300, (0, "#fff4dc", 0.95), (0.25, "#fff0d0", 0.6), (1, "#fff0d0", 0)),
    )
    ink.ellipse(1350, 400, 62, 62, "#fff6e2")
    for x, y, s in ((300, 130, 1.0), (820, 90, 0.8), (1560, 150, 1.2), (1120, 210, 0.6)):
        with ink.moved(f"translate({x} {y}) scale({s})"):
            ink.fill("M-150 20q20 -34 70 -26q30 -44 90 -20q50 -22 80 16q50 -4 60 30z", "#fffaf0", opacity=0.5)
    for x, y in ((560, 220), (610, 196), (668, 232), (1010, 150)):
        ink.line(f"M{x - 16} {y - 4}q9 -10 16 2q8 -11 17 -3", "#4d565c", 3, opacity=0.7)


def _far_shore(ink: Ink) -> None:
    """Towers and cranes in the haze."""
    haze = "#a9b5b4"
    ink.fill(
        "M0 600V520h90v-24h60v30h120v-16h70v20h120v-30h90v26h160v-14h120v20h150v-26"
        "h90v22h200v-12h110v18h170v-20h90v16h180V660H0z",
        haze,
        opacity=0.8,
    )
    ink.fill("M640 530v-150h12v-40h8v-34l10 -44l10 44v34h8v40h12v150z", haze)
    ink.ellipse(670, 380, 32, 18, haze)
    for x in (1130, 1240, 1640):
        ink.line(
            f"M{x} 560V390m44 170V390M{x - 70} 392h200M{x} 392l22 -52l22 52m-22 -52l108 52m-108 -52l-92 52M{x} 470h44",
            "#8d9a9c",
            6,
            cap="butt",
        )
        ink.line(f"M{x + 100} 392v70", "#8d9a9c", 2)
        ink.box(x + 84, 462, 34, 18, "#a8412f", opacity=0.75)


def _window(ink: Ink, x: float, y: float, w: float, h: float, lit: bool) -> None:
    glass = "#f4c66a" if lit else "#33444c"
    ink.fill(
        f"M{x} {y + h}v{-h + w / 2}a{w / 2} {w / 2} 0 0 1 {w} 0v{h - w / 2}z",
        darker(glass, 0.1) if not lit else glass,
    )
    ink.line(f"M{x + w / 2} {y}v{h}M{x} {y + h * 0.55}h{w}", "#efe6d4", 2, opacity=0.8, cap="butt")
    ink.line(f"M{x} {y + w / 2}a{w / 2} {w / 2} 0 0 1 {w} 0", "#d9a98c", 4, opacity=0.7)


def _warehouse(ink: Ink, x: float, w: float, top: float, brick: str, dice: Random, style: int) -> None:
    """One brick warehouse of the old harbour: gable, hoist, arched windows, copper roof."""
    foot = 660
    body = ink.linear(x, 0, x + w, 0, (0, lighter(brick, 0.1)), (0.7, brick), (1, darker(brick, 0.25)))
    if style == 0:
        ink.fill(
            f"M{x} {top}h{w * 0.18}v-24h{w * 0.12}v-26h{w * 0.12}v-30h{w * 0.16}v30"
            f"h{w * 0.12}v26h{w * 0.12}v24h{w * 0.18}V{foot}H{x}z",
            body,
        )
    elif style == 1:
        ink.fill(
            f"M{x - 6} {top + 6}L{x + w / 2} {top - 110}L{x + w + 6} {top + 6}z",
            ink.linear(x, 0, x + w, 0, (0, lighter(COPPER, 0.15)), (1, darker(COPPER, 0.25))),
        )
        ink.box(x, top, w, foot - top, body)
    else:
        ink.fill(
            f"M{x} {top}v-40q0 -20 18 -20h{w - 36}q18 0 18 20v40z",
            ink.linear(0, top - 60, 0, top, (0, lighter(COPPER, 0.15)), (1, darker(COPPER, 0.2))),
        )
        ink.box(x, top, w, foot - top, body)
        ink.fill(f"M{x + w * 0.34} {top - 58}l{w * 0.16} -56l{w * 0.16} 56z", darker(COPPER, 0.2))
    for y in range(int(top) + 8, foot, 13):
        ink.line(f"M{x} {y}h{w}", darker(brick, 0.3), 1.2, opacity=0.22, dash="16 3")
    for y in range(int(top) + 60, foot - 40, 92):
        ink.line(f"M{x} {y - 22}h{w}", lighter(brick, 0.28), 5, opacity=0.65, cap="butt")
        columns = max(int(w // 62), 2)
        gap = w / columns
        for c in range(columns):
            middle = columns % 2 and c == columns // 2
            if middle:
                ink.box(x + c * gap + gap / 2 - 17, y - 8, 34, 66, "#3a2c20", r=3)
                ink.line(f"M{x + c * gap + gap / 2} {y - 8}v66", "#8a6a44", 2)
            else:
                _window(ink, x + c * gap + gap / 2 - 13, y - 4, 26, 52, dice.random() < 0.28)
    ink.box(x + w / 2 - 4, top - 16, 8, 60, "#3a2c20")
    ink.line(f"M{x + w / 2} {top + 20}h34M{x + w / 2 + 32} {top + 20}v44", "#2b2926", 5, cap="butt")
    ink.box(x, foot - 26, w, 26, darker(brick, 0.45))


def _water(ink: Ink, dice: Random) -> None:
    w, _ = HERO_SIZE
    ink.box(0, 655, w, 260, ink.linear(0, 655, 0, 900, (0, "#6f8a8c"), (0.4, "#8fa6a2"), (1, "#4f6a70")))
    for x, width, brick in ((0, 560, "#8a3f2c"), (1470, 450, "#7d3a2a")):
        ink.box(x, 655, width, 160, ink.linear(0, 655, 0, 815, (0, brick, 0.5), (1, brick, 0)))
    ink.fill(
        "M1270 655h160l90 200h-340z", ink.linear(0, 655, 0, 855, (0, "#fff0d0", 0.65), (1, "#fff0d0", 0))
    )
    strokes: dict[str, list[str]] = {"#fffaf0": [], "#2f4a52": []}
    for _ in range(150):
        left, height = dice.uniform(0, w), dice.uniform(664, 850)
        length = dice.uniform(20, 90) * (0.4 + (height - 655) / 200)
        paint = "#fffaf0" if dice.random() < 0.55 else "#2f4a52"
        strokes[paint].append(f"M{left:.0f} {height:.0f}h{length:.0f}")
    for paint, parts in strokes.items():
        ink.line("".join(parts), paint, 3, opacity=0.3)


def _barge(ink: Ink) -> None:
    """A small harbour launch."""
    with ink.moved("translate(980 668) scale(.9)"):
        ink.fill("M-150 10h330l-34 46q-10 10 -30 10h-210q-28 0 -40 -24z", "#27405a")
        ink.line("M-150 12h330", "#f4efe4", 8, cap="butt")
        ink.fill("M-70 8v-58h130l20 58z", "#f4efe4")
        for x in (-56, -14, 28):
            ink.box(x, -40, 30, 24, "#33444c", r=4)
        ink.box(-20, -82, 22, 34, "#a8412f")
        ink.line("M110 8v-80M110 -70q40 10 60 0v30q-24 10 -60 0", "#a8412f", 4)
        ink.line("M-170 70h380M-120 84h250", "#fffaf0", 4, opacity=0.5)


def _quay(ink: Ink) -> None:
    w, h = HERO_SIZE
    ink.box(
        0,
        QUAY - 30,
        w,
        h - QUAY + 30,
        ink.linear(0, QUAY - 30, 0, h, (0, "#c7ab84"), (0.3, "#b4946a"), (1, "#7f6444")),
    )
    for k, y in enumerate((QUAY - 30, QUAY + 6, QUAY + 58, QUAY + 124)):
        ink.line(f"M0 {y}H{w}", "#4a3626", 3 + k, opacity=0.5, cap="butt")
        for x in range(-60 + k * 130, w, 470):
            ink.line(f"M{x} {y}l{(x - 960) * 0.03 * (k + 1):.0f} {36 + k * 16}", "#4a3626", 3, opacity=0.4)
    ink.line(f"M0 {QUAY - 26}H{w}", "#e6d2ad", 4, opacity=0.7, cap="butt")
    with ink.moved(f"translate(250 {QUAY - 30})"):
        ink.fill(
            "M-46 64q-8 -60 4 -96q-26 -6 -26 -26q0 -24 68 -24t68 24q0 20 -26 26q12 36 4 96q-46 14 -92 0z",
            ink.linear(-60, 0, 70, 0, (0, "#59646a"), (0.4, "#3d474c"), (1, "#20272b")),
        )
        for k in range(3):
            ink.line(f"M-40 {8 + k * 18}q40 14 80 0", "#d9c39a", 13)
            ink.line(f"M-40 {8 + k * 18}q40 14 80 0", "#8a6f45", 13, dash="4 8", cap="butt", opacity=0.6)


def _place(ink: Ink, slug: str, shade: int, x: float, floor: float, scale: float) -> None:
    """Set a product of the range into a scene, its heel at ``x``, its sole on ``floor``."""
    product = next(p for p in products() if p.slug == slug)
    look = look_of(product, product.shades[shade])
    with ink.moved(f"translate({x} {floor}) scale({scale}) translate(-210 -853)"):
        ARTISTS[look.kind](ink, look)


def draw_hero() -> str:
    """The picture of the home page, 1920 x 1000: warehouses, water, and shoes on the quay. The left third is calm
    enough to carry a headline."""
    width, height = HERO_SIZE
    ink = Ink(width=width, height=height)
    dice = Random(1888)
    _sky(ink)
    _far_shore(ink)
    left = ((-40, 180, 300, 0), (140, 210, 250, 1), (350, 190, 330, 2))
    right = ((1480, 170, 350, 1), (1650, 190, 270, 0), (1840, 190, 230, 2))
    for i, (x, w, top, style) in enumerate((*left, *right)):
        _warehouse(ink, x, w, top, BRICKS[i % len(BRICKS)], dice, style)
    _water(ink, dice)
    _barge(ink)
    _quay(ink)
    _place(ink, "schietwetter", 0, 1290, 930, 0.5)
    _place(ink, "kai", 0, 920, 935, 0.52)
    _place(ink, "alster", 0, 610, 972, 0.5)
    _place(ink, "speicher", 0, 1160, 985, 0.52)
    return ink.svg()


def draw_category(key: str) -> str:
    """A square picture for a category: two of its products on a quiet ground. KeyError without such a category."""
    chosen = [p for p in products() if p.category == key] or _heads(key)
    if not chosen:
        raise KeyError(key)
    ink = Ink()
    ground = GROUNDS[sum(key.encode()) % len(GROUNDS)]
    ink.box(
        0,
        0,
        1200,
        1200,
        ink.linear(
            0,
            0,
            0,
            1200,
            (0, lighter(ground, 0.5)),
            (0.6, ground),
            (0.605, darker(ground, 0.07)),
            (1, darker(ground, 0.13)),
        ),
    )
    ink.fill("M170 724a430 430 0 1 1 860 0z", mix(ground, PAPER, 0.7))
    back, front = chosen[1 % len(chosen)], chosen[0]
    for product, place in ((back, "translate(690 790) scale(.78)"), (front, "translate(500 960) scale(.92)")):
        look = look_of(product, product.shades[-1 if product is back else 0])
        tall = look.kind in NOT_WORN
        with ink.moved(f"{place} translate({-600 if tall else -612} {-960 if tall else -853})"):
            ARTISTS[look.kind](ink, look)
    return ink.svg()


def _heads(key: str) -> list[ProductData]:
    return [p for p in products() if p.slug in ("speicher", "alster")][::-1] if key == "schuhe" else []


def draw_mark(*, wordmark: bool = True, ink_colour: str = "#27405a") -> str:
    """The merchant's mark: two waves, with the name beside them when ``wordmark``."""
    size = 96
    name = "KIEKSCHUH"
    width = round(size * 1.5 + (width_of(name, 40) + 30 if wordmark else 0))
    ink = Ink(width=width, height=size)
    for y in (38, 60):
        ink.line(f"M16 {y}q14 -21 28 0t28 0t28 0t28 0", ink_colour, 9)
    if wordmark:
        write(ink, name, size * 1.5 + 8 + width_of(name, 40) / 2, 28, 40, ink_colour, weight=1.8)
    return ink.svg()


__all__ = ["HERO_SIZE", "draw_category", "draw_hero", "draw_mark"]
