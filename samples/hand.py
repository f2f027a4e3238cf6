"""Forms filled in by hand: the values of a document, no more set in type but written with a pen.

There is no script face to be had everywhere, so each sign is a typeface's own, bent: slanted as the hand slants, turned,
stretched and warped by itself, off the base line, unevenly spaced, with a stroke that swells, in blue or black ink. Real hands
are worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import cv2
import numpy as np
from PIL import Image, ImageDraw

from samples import fonts
from samples.document import Document
from samples.sheet import Colour, Mark, Pen, Run, Segment, Sheet

INKS: tuple[Colour, ...] = ((32, 44, 120), (24, 58, 150), (30, 30, 34), (40, 40, 46))


@dataclass(frozen=True, slots=True)
class Hand:
    """One person's writing: ``slant`` of its uprights, ``wild`` how far signs differ from each other, ``ink`` its colour."""

    slant: float
    wild: float
    ink: Colour
    seed: int


@dataclass(frozen=True, slots=True)
class Written:
    """A line whose filled segments (or all, where ``whole``) are written by hand; the rest is set as ever."""

    run: Run
    hand: Hand
    whole: bool

    def on(self, pen: Pen) -> None:
        rng = Random(f"{self.hand.seed}:{self.run.x}:{self.run.y}")
        x, baseline = self.run.x * pen.scale, (self.run.y + 0.88 * self.run.size) * pen.scale
        for segment in self.run.segments:
            start = x
            if not (self.whole or segment.filled):
                x = replace(self.run, segments=(segment,)).on_from(pen, x, baseline)
                continue
            for sign in segment.text:
                x = self._sign(pen, rng, sign, segment, x, baseline)
            if segment.filled:
                under = round(baseline + 0.2 * self.run.size * pen.scale)
                pen.draw.line((round(start), under, round(x), under), (28, 28, 30), pen.thick(0.2))

    def _sign(self, pen: Pen, rng: Random, sign: str, segment: Segment, x: float, baseline: float) -> float:
        em = max(8, pen.px(self.run.size))
        step = fonts.font(segment.role, em).getlength(sign) + self.run.gap * pen.scale
        if not sign.isspace():
            ink = _bent(sign, em, self.hand, rng)
            left = round(x + step / 2 - ink.shape[1] / 2 + rng.gauss(0, 0.05 * self.hand.wild) * em)
            top = round(baseline - 0.38 * em - ink.shape[0] / 2 + rng.gauss(0, 0.06 * self.hand.wild) * em)
            pen.image.paste(self.hand.ink, (left, top), Image.fromarray(ink))
        return x + step * rng.uniform(0.97, 1.0 + 0.03 * self.hand.wild)


def _bent(sign: str, em: int, hand: Hand, rng: Random) -> np.ndarray:
    """How much ink, 0…255, each pixel of a square of two ems takes."""
    fine = 4 * 32  # pixels an em while it is bent
    side = 2 * fine
    tile = Image.new("L", (side, side), 0)
    ImageDraw.Draw(tile).text((side / 2, side / 2), sign, 255, fonts.font("hei", fine), anchor="mm")
    turn, wide, high = rng.gauss(0, 3.5 * hand.wild), rng.gauss(1.0, 0.07 * hand.wild), rng.gauss(1.0, 0.08 * hand.wild)
    slant = hand.slant + rng.gauss(0, 0.06 * hand.wild)
    angle = np.radians(turn)
    shape = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array([[wide, -slant], [0, high]])
    middle = np.array([side / 2, side / 2])
    matrix = np.hstack([shape, (middle - shape @ middle)[:, None]])
    drawn = cv2.warpAffine(np.asarray(tile), matrix, (side, side), flags=cv2.INTER_LINEAR)
    noise = np.random.default_rng(rng.randrange(1 << 30))
    shift = [
        cv2.resize(noise.normal(0, 1, (6, 6)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC) for _ in "xy"
    ]
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    reach = 0.03 * hand.wild * fine
    drawn = cv2.remap(drawn, columns + shift[0] * reach, rows + shift[1] * reach, cv2.INTER_LINEAR)
    swell = cv2.resize(noise.normal(0, 1, (5, 5)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(drawn, (0, 0), 2.5).astype(np.float32)
    stroke = np.clip((soft - 120 + 30 * swell) * 4 + 128, 0, 255).astype(np.uint8)
    stroke[soft < 25] = 0
    size = 2 * em
    out: np.ndarray = cv2.resize(stroke, (size, size), interpolation=cv2.INTER_AREA)
    return out


def by_hand(document: Document, seed: int) -> Document:
    """The same document, its values written with one pen by one hand."""
    rng = Random(f"hand:{seed}")
    hand = Hand(rng.uniform(-0.1, 0.28), rng.uniform(0.7, 1.5), rng.choice(INKS), rng.randrange(1 << 30))
    values = {value for truth in document.truths for printed in truth.raw.values() for value in printed}
    return replace(document, sheets=tuple(_filled_in(sheet, hand, values) for sheet in document.sheets))


def _filled_in(sheet: Sheet, hand: Hand, values: set[str]) -> Sheet:
    marks: list[Mark] = []
    written: set[int] = set()
    for mark in sheet.marks:
        if isinstance(mark, Run) and (_is_value(mark, values) or any(segment.filled for segment in mark.segments)):
            written.add(id(mark))
            written.update(id(run) for run in sheet.runs if run == mark)
            marks.append(Written(mark, hand, _is_value(mark, values)))
        else:
            marks.append(mark)
    runs = [replace(run, hand=True) if id(run) in written else run for run in sheet.runs]
    return replace(sheet, marks=marks, runs=runs)


def _is_value(run: Run, values: set[str]) -> bool:
    text = run.text.strip()
    return bool(text) and (text in values or text.lstrip("￥¥") in values)
