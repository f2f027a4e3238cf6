"""The mark names its grant after print-like damage; and where there is none, none is found."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.access.marking import code, texture
from services.access.marking.detect import find
from services.access.marking.strip import strip_of
from services.kernel import fonts

WIDTH, HEIGHT = 1654, 2339
"""A4 at 200 dpi."""
TRIES = 40
TEXT = "出卖人与买受人在平等自愿的基础上就买卖商品房达成如下协议第条付款方式及期限甲乙双方签字盖章后生效"


def sheet(rng: Random) -> np.ndarray:
    """A page of print, now tight, now sparse, on paper that is not quite white."""
    image = Image.new("RGB", (WIDTH, HEIGHT), tuple(rng.randint(236, 255) for _ in "rgb"))
    draw, size = ImageDraw.Draw(image), rng.choice((26, 32, 40))
    font = ImageFont.truetype(str(fonts.chinese()), size, index=fonts.SIMPLIFIED)
    for y in range(200, HEIGHT - rng.choice((200, 900, 1800)), int(size * rng.choice((1.3, 1.6, 2.2)))):
        draw.text((150, y), "".join(rng.choices(TEXT, k=rng.randint(5, 1350 // size))), font=font, fill=(40, 40, 40))
    if rng.random() < 0.5:
        draw.ellipse((900, 1500, 1300, 1900), outline=(190, 40, 40), width=12)
    return np.asarray(image)


def shown(picture: np.ndarray, number: int) -> np.ndarray:
    """As the archive shows it: texture and words, as a JPEG."""
    strip = strip_of("李晓华  2026-11-27 14:50  JY-2026-0001")
    pixels = np.frombuffer(strip.pixels, np.uint8).reshape(strip.height, strip.width)
    by = cv2.add(texture.texture(number, WIDTH, HEIGHT), texture.words(pixels, WIDTH, HEIGHT))
    return decoded(texture.darkened(picture, by), 85)


def printed_and_scanned(picture: np.ndarray, rng: Random) -> np.ndarray:
    """150 dpi, askew by 3°, a tenth of width and height cut off, JPEG of quality 50."""
    factor = rng.uniform(0.735, 0.765)
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.choice((-3, 3)), 1)
    askew = cv2.warpAffine(small, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    top, left = int(height * rng.uniform(0, 0.1)), int(width * rng.uniform(0, 0.1))
    return decoded(askew[top : top + int(height * 0.9), left : left + int(width * 0.9)], 50)


def decoded(picture: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def test_every_number_is_read_back_from_its_chips():
    rng = Random(1)
    for number in (0, 1, (1 << 32) - 1, *(rng.getrandbits(32) for _ in range(200))):
        assert code.number_in(code.chips_of(number)) == number


def test_some_chips_may_be_wrong():
    rng, noise = Random(2), np.random.RandomState(2)
    for _ in range(50):
        number = rng.getrandbits(32)
        assert code.number_in(code.chips_of(number) + noise.normal(0, 1, (code.TILE, code.TILE))) == number


def test_print_stays_legible_and_paper_stays_light():
    picture = np.full((HEIGHT, WIDTH), 255, np.uint8)
    faint = texture.texture(7, WIDTH, HEIGHT)
    assert faint.max() <= 6 and 1.5 < faint.mean() < 2.5, "a few grey levels"
    marked = cv2.cvtColor(shown(np.dstack([picture] * 3), 7), cv2.COLOR_BGR2GRAY)
    assert marked.min() > 200 and marked.mean() > 245
    assert (marked < 240).mean() > 0.005, "the words can be seen"


@pytest.mark.timeout(600)
def test_the_mark_names_its_grant_after_print_like_damage():
    rng, right = Random(3), 0
    for _ in range(TRIES):
        number = rng.getrandbits(32)
        found = find(cv2.cvtColor(printed_and_scanned(shown(sheet(rng), number), rng), cv2.COLOR_BGR2GRAY))
        assert found is None or found.number == number, "a wrong name is worse than none"
        right += found is not None
    assert right >= 0.95 * TRIES, f"{right} of {TRIES}"


def test_a_sheet_turned_on_its_head_is_read_too():
    number = 0xC0FFEE
    upside_down = np.rot90(cv2.cvtColor(printed_and_scanned(shown(sheet(Random(4)), number), Random(4)), cv2.COLOR_BGR2GRAY), 2)
    found = find(np.ascontiguousarray(upside_down))
    assert found is not None and found.number == number


@pytest.mark.parametrize("seed", range(3))
def test_where_there_is_no_mark_none_is_found(seed):
    assert find(cv2.cvtColor(sheet(Random(seed)), cv2.COLOR_RGB2GRAY)) is None
