"""A look at pages: blank backs, separator sheets, sizes, resemblance."""

import io
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from services.filing.similarity import distance
from services.ingest.cover import Cover, format_cover
from services.ingest.inspection import inspect, inspect_pages
from services.ingest.look import is_blank, perceptual_hash, separator_of

DPI = 150
A4 = (1240, 1754)
FONT = next(Path("/usr/share/fonts").rglob("NotoS*CJK-Regular.ttc"), None) or next(
    Path("/usr/share/fonts").rglob("uming.ttc"), None
)
needs_font = pytest.mark.skipif(FONT is None, reason="no Chinese font on this machine")
rng = np.random.default_rng(7)


def paper(shade=245, noise=3.0, size=A4):
    grain = rng.normal(shade, noise, size[::-1]) if noise else np.full(size[::-1], shade)
    return Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))


def written(picture, text, *, at=(150, 200), points=10.5, ink=40):
    font = ImageFont.truetype(str(FONT), round(points * DPI / 72))
    ImageDraw.Draw(picture).text(at, text, fill=ink, font=font)
    return picture


def full_page(ink=40):
    page = paper()
    for line in range(28):
        text = "本合同一式两份，甲乙双方各执一份，具有同等法律效力。本合同自双方签字之日起生效。"[: 12 + 17 * line % 29]
        written(page, text, at=(130 + 50 * (line % 4 == 0), 140 + 52 * line), ink=ink)
    return page


def specks(page, count=150, side=2):
    draw = ImageDraw.Draw(page)
    for x, y in rng.integers((20, 20), (A4[0] - 20, A4[1] - 20), (count, 2)):
        draw.rectangle((x, y, x + side - 1, y + side - 1), fill=int(rng.integers(20, 120)))
    return page


def shining_through(strength=0.16):
    """The front, mirrored and blurred, seen through the paper."""
    front = full_page().transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(1.5))
    return Image.blend(paper(), front, strength)


def with_holes():
    page = paper()
    draw = ImageDraw.Draw(page)
    for y in (700, 1172):
        draw.ellipse((55, y, 87, y + 32), fill=30)
    return page


def with_streak():
    page = paper()
    ImageDraw.Draw(page).line((600, 0, 603, A4[1]), fill=90, width=2)
    return page


def with_fold_and_shadow():
    shade = np.full(A4[::-1], 240.0)
    rows = np.arange(A4[1])[:, None]
    shade -= 35 * np.exp(-((rows - 877) ** 2) / (2 * 40**2))
    shade -= np.clip(60 - np.arange(A4[0]), 0, 60)[None, :] * 2.5
    return Image.fromarray(np.clip(shade + rng.normal(0, 3, A4[::-1]), 0, 255).astype(np.uint8))


BLANKS = {
    "white": lambda: paper(255, 0),
    "grainy": lambda: paper(235, 6),
    "pink paper": lambda: paper(190, 4),
    "specks": lambda: specks(paper()),
    "fax dust": lambda: specks(paper(255, 0), 600, 1),
    "holes": with_holes,
    "streak": with_streak,
    "fold and shadow": with_fold_and_shadow,
    "shining through": shining_through,
    "all at once": lambda: specks(Image.blend(with_holes(), shining_through(0.2), 0.7)),
}


@needs_font
@pytest.mark.parametrize("name", BLANKS)
def test_blank(name):
    assert is_blank(np.asarray(BLANKS[name]()), DPI)


WRITTEN = {
    "one line": lambda: written(paper(), "本合同自双方签字之日起生效。"),
    "one line, small": lambda: written(paper(), "本页无正文，为签署页。", points=7.5),
    "one line, pale": lambda: written(paper(230), "收到购房定金人民币伍万元整。", ink=120),
    "one word at the foot": lambda: written(paper(), "张伟", at=(900, 1500)),
    "a page number alone": lambda: written(paper(), "第 12 页", at=(560, 1640)),
    "one line on a dirty back": lambda: written(specks(shining_through(0.14)), "附件一：房屋平面图"),
    "text": full_page,
    "pale text": lambda: full_page(ink=130),
    "on grey paper": lambda: written(paper(170, 4), "中国银行进账单", ink=60),
    "a black page": lambda: paper(20),
}


@needs_font
@pytest.mark.parametrize("name", WRITTEN)
def test_not_blank(name):
    assert not is_blank(np.asarray(WRITTEN[name]()), DPI)


def test_a_seal_or_a_signature_is_not_blank():
    seal, signature = paper(), paper()
    ImageDraw.Draw(seal).ellipse((800, 1300, 1040, 1540), outline=140, width=8)
    ImageDraw.Draw(signature).line([(700, 1500), (760, 1440), (800, 1520), (860, 1450), (930, 1490)], fill=70, width=3)
    assert not is_blank(np.asarray(seal), DPI)
    assert not is_blank(np.asarray(signature), DPI)


def patch_sheet(pattern, *, angle=0.0, direction=0, dpi=DPI):
    """Kodak A-61599: N narrow, W wide, spaces narrow; here 3 inches long, near the leading edge."""
    size = (round(8.27 * dpi), round(11.69 * dpi))
    page = paper(250, 3, size)
    draw, x = ImageDraw.Draw(page), 2.0
    for bar in pattern:
        width = 0.2 if bar == "W" else 0.08
        draw.rectangle((x * dpi, 0.5 * dpi, (x + width) * dpi - 1, 3.5 * dpi), fill=25)
        x += width + 0.08
    return np.asarray(page.rotate(angle, fillcolor=250).rotate(90 * direction, expand=True))


@pytest.mark.parametrize("direction", range(4))
@pytest.mark.parametrize("angle", [0, 1.5, -2])
@pytest.mark.parametrize("known", [True, False])
def test_patch_t_is_seen_in_every_direction(direction, angle, known):
    grey = patch_sheet("NWNW", angle=angle, direction=direction)
    assert separator_of(grey, DPI if known else None) == ("patch_t", None)


@pytest.mark.parametrize("pattern", ["WWNN", "WNNW", "NWWN", "NNWW", "NNNN"])
def test_other_patches_do_not_separate(pattern):
    assert separator_of(patch_sheet(pattern), DPI) == (None, None)


def with_code(text, code_format, *, size=None):
    code = np.asarray(zxingcpp.create_barcode(text, code_format).to_image(scale=size or 5))
    page = paper()
    page.paste(Image.fromarray(code), (200, 300))
    return page


@pytest.mark.parametrize("code_format", [zxingcpp.BarcodeFormat.Code39, zxingcpp.BarcodeFormat.Code128])
def test_a_bar_code_of_that_name_is_patch_t(code_format):
    page = with_code("PATCHT", code_format, size=2)
    assert separator_of(np.asarray(page), DPI) == ("patch_t", None)
    assert separator_of(np.asarray(page.rotate(90, expand=True)), DPI) == ("patch_t", None)


@pytest.mark.parametrize("angle", [0, 3, 180])
def test_a_cover_sheet_is_read(angle):
    text = format_cover(Cover("三号楼二单元 张伟", "sale_contract"))
    page = with_code(text, zxingcpp.BarcodeFormat.QRCode).rotate(angle, fillcolor=245)
    assert separator_of(np.asarray(page), DPI) == ("cover_sheet", text)


def test_the_code_of_an_invoice_separates_nothing():
    page = with_code("01,10,044001900111,12345678,100.00,20260101,123456,ABCD", zxingcpp.BarcodeFormat.QRCode)
    assert separator_of(np.asarray(page), DPI) == (None, None)


@needs_font
def test_text_and_tables_separate_nothing():
    page = full_page()
    draw = ImageDraw.Draw(page)
    for x in range(100, 1200, 50):
        draw.line((x, 100, x, 1600), fill=20, width=2)
    assert separator_of(np.asarray(page), DPI) == (None, None)


@needs_font
def test_a_rescan_resembles_its_page_and_another_page_does_not():
    page = full_page()
    again = page.rotate(0.4, fillcolor=245).resize((1000, 1414)).filter(ImageFilter.GaussianBlur(0.7))
    other = written(paper(), "收据", points=40, at=(500, 200))
    assert distance(perceptual_hash(np.asarray(page)), perceptual_hash(np.asarray(again))) <= 7
    assert distance(perceptual_hash(np.asarray(page)), perceptual_hash(np.asarray(other))) > 7


LIMITS = {"size": 1 << 20, "pages": 3, "page_pixels": 200_000_000, "inflated": 1 << 29}


def facts_of(picture, format_, **options):
    target = io.BytesIO()
    picture.save(target, format_, **options)
    (file, _) = inspect(target, limits=LIMITS | {"size": 1 << 28})
    (found, _) = inspect_pages(target, media_type=file["media_type"], first=1, last=1, limits=LIMITS)
    return found["pages"][0]


@pytest.mark.parametrize(
    ("mode", "format_", "options", "colour_mode"),
    [
        ("1", "TIFF", {"compression": "group4"}, "bitonal"),
        ("L", "TIFF", {"compression": "tiff_lzw"}, "grey"),
        ("RGB", "TIFF", {"compression": "jpeg"}, "colour"),
        ("CMYK", "TIFF", {}, "colour"),
        ("I;16", "TIFF", {}, "grey"),
        ("RGB", "JPEG", {}, "colour"),
        ("CMYK", "JPEG", {}, "colour"),
        ("L", "JPEG", {}, "grey"),
        ("1", "PNG", {}, "bitonal"),
        ("P", "PNG", {}, "grey"),
        ("RGBA", "PNG", {}, "colour"),
        ("LA", "PNG", {}, "grey"),
        ("I;16", "PNG", {}, "grey"),
        ("L", "PDF", {}, "grey"),
        ("RGB", "PDF", {}, "colour"),
        ("1", "PDF", {}, "bitonal"),
    ],
)
@needs_font
def test_every_kind_of_pixel_is_seen(mode, format_, options, colour_mode):
    grey = full_page()
    picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    resolution = {"resolution": DPI} if format_ == "PDF" else {"dpi": (DPI, DPI)}
    page = facts_of(picture, format_, **options, **resolution)
    assert (page["width_px"], page["height_px"], page["dpi"]) == (*A4, DPI)
    assert page["colour_mode"] == colour_mode
    assert page["blank"] is False
    assert distance(page["phash"], perceptual_hash(np.asarray(grey))) <= 7


def test_a_phone_picture_is_turned_as_its_owner_saw_it():
    exif = Image.Exif()
    exif[0x0112] = 6
    page = facts_of(paper(size=(400, 300)), "JPEG", exif=exif)
    assert (page["width_px"], page["height_px"]) == (300, 400)


def test_transparent_paper_is_white_and_blank():
    page = facts_of(Image.new("RGBA", (800, 1000), (0, 0, 0, 0)), "PNG")
    assert page["blank"] is True and page["phash"] is None


def test_an_a0_drawing_at_300_dpi_is_taken():
    page = facts_of(Image.new("1", (9933, 14043), 1), "TIFF", compression="group4", dpi=(300, 300))
    assert (page["width_px"], page["height_px"], page["dpi"]) == (9933, 14043, 300)


@pytest.mark.parametrize(("frames", "limits", "code"), [(1, {"size": 1000}, "too_many_bytes"), (4, {}, "too_many_pages")])
def test_limits_are_kept(frames, limits, code):
    from services.kernel.errors import ParserRefused

    target = io.BytesIO()
    sheet = paper(size=(200, 300))
    sheet.save(target, "TIFF", save_all=True, append_images=[sheet] * (frames - 1))
    with pytest.raises(ParserRefused) as caught:
        inspect(target, limits=LIMITS | limits)
    assert caught.value.code == code
