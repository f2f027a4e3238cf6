"""Pages out of every format, and answers of a parser that lies."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageDraw

from services.kernel.errors import ParserFailed, ParserRefused
from services.ocr.raster import LEAST_READING_DPI, Raster, count_pages, page_image, rasterise

A4 = (1654, 2339)


def sheet(mode: str = "RGB", size: tuple[int, int] = A4) -> Image.Image:
    """White, with a black block at top left: which corner it lands in tells how the page was turned."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1] // 8), fill="black")
    return image.convert(mode)


def saved(image: Image.Image, form: str, **options: object) -> BytesIO:
    out = BytesIO()
    image.save(out, form, **options)
    return out


def scan_pdf(*jpegs: bytes, content: bytes = b"q 595.2 0 0 841.9 0 0 cm /Im0 Do Q", **page: object) -> BytesIO:
    """Pages of 595.2 × 841.9 points, each with one JPEG."""
    out = BytesIO()
    with pikepdf.new() as pdf:
        for jpeg in jpegs:
            image = pikepdf.Stream(
                pdf, jpeg, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=A4[0], Height=A4[1],
                ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
            )  # fmt: skip
            pdf.add_blank_page(page_size=(595.2, 841.9))
            made = pdf.pages[-1].obj
            made.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
            made.Contents = pdf.make_stream(content)
            for key, value in page.items():
                made[f"/{key}"] = value
        pdf.save(out)
    return out


def dark_corner(raster: Raster) -> str:
    grey = raster.pixels if raster.pixels.ndim == 2 else raster.pixels.mean(axis=2)
    height, width = grey.shape
    corners = {
        "top left": grey[: height // 10, : width // 10],
        "top right": grey[: height // 10, -width // 10 :],
        "bottom left": grey[-height // 10 :, : width // 10],
        "bottom right": grey[-height // 10 :, -width // 10 :],
    }
    return min(corners, key=lambda name: float(corners[name].mean()))


@pytest.mark.parametrize(
    ("media_type", "form", "options"),
    [
        ("image/jpeg", "JPEG", {"quality": 90}),
        ("image/png", "PNG", {}),
        ("image/tiff", "TIFF", {"compression": "tiff_lzw"}),
        ("image/webp", "WEBP", {}),
        ("image/heic", "HEIF", {}),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_each_format_gives_the_page(media_type: str, form: str, options: dict[str, object], mode: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    raster = page_image(saved(sheet(mode), form, dpi=(200, 200), **options), media_type, 1)
    assert raster.pixels.shape[:2] == (A4[1], A4[0])
    assert raster.pixels.dtype == np.uint8
    assert dark_corner(raster) == "top left"
    assert 190 < raster.dpi < 210
    assert (raster.jpeg is not None) == (form == "JPEG")


def test_a_fax_of_one_bit_and_unequal_resolution_becomes_square() -> None:
    fax = sheet("1", (1728, 1146))
    raster = page_image(saved(fax, "TIFF", compression="group4", dpi=(204, 98)), "image/tiff", 1)
    assert raster.pixels.shape == (round(1146 * 204 / 98), 1728)
    assert raster.dpi == pytest.approx(204)


def test_pages_of_a_tiff_are_counted_and_taken_one_by_one() -> None:
    turned = [sheet("L", (800, 1000)), sheet("L", (800, 1000)).transpose(Image.Transpose.ROTATE_180)]
    file = saved(turned[0], "TIFF", save_all=True, append_images=turned[1:], dpi=(100, 100))
    assert count_pages(file, "image/tiff") == 2
    assert [dark_corner(page_image(file, "image/tiff", page)) for page in (1, 2)] == ["top left", "bottom right"]
    with pytest.raises(ParserRefused) as refused:
        page_image(file, "image/tiff", 3)
    assert refused.value.code == "no_such_page"


@pytest.mark.parametrize(("tag", "corner"), [(1, "top left"), (3, "bottom right"), (6, "top right"), (8, "bottom left")])
def test_the_camera_s_orientation_is_obeyed(tag: int, corner: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = tag
    raster = page_image(saved(sheet(), "JPEG", exif=exif.tobytes(), dpi=(200, 200)), "image/jpeg", 1)
    assert dark_corner(raster) == corner
    assert (raster.jpeg is None) == (tag != 1)


@pytest.mark.parametrize(("dpi", "side"), [(150, 1754), (200, 2339), (300, 2339), (400, 2339), (600, 2339)])
def test_fine_masters_are_reduced_for_reading_and_coarse_ones_are_not_blown_up(dpi: int, side: int) -> None:
    size = (round(A4[0] * dpi / 200), round(A4[1] * dpi / 200))
    raster = page_image(saved(sheet("L", size), "JPEG", dpi=(dpi, dpi)), "image/jpeg", 1)
    assert raster.pixels.shape[0] == pytest.approx(side, abs=2)
    assert raster.dpi == pytest.approx(min(dpi, 200), abs=1)
    assert (raster.jpeg is not None) == (dpi <= 300)


def test_a_photograph_that_declares_72_dpi_is_taken_for_a_page() -> None:
    raster = page_image(saved(sheet("RGB", (2480, 3508)), "JPEG", dpi=(72, 72)), "image/jpeg", 1)
    assert raster.pixels.shape[0] == pytest.approx(2339, abs=2)


def test_transparent_paper_is_white() -> None:
    layer = Image.new("RGBA", (400, 500), (0, 0, 0, 0))
    assert page_image(saved(layer, "PNG"), "image/png", 1).pixels.min() == 255


def test_a_scanned_page_of_a_pdf_gives_its_own_jpeg() -> None:
    jpeg = saved(sheet(), "JPEG").getvalue()
    raster = page_image(scan_pdf(jpeg, jpeg), "application/pdf", 2)
    assert raster.jpeg == jpeg
    assert raster.dpi == pytest.approx(200, abs=1)


@pytest.mark.parametrize(
    ("changed", "corner"),
    [
        ({"Rotate": 90}, "top right"),
        ({"Rotate": 180}, "bottom right"),
        ({"content": b"q -595.2 0 0 841.9 595.2 0 cm /Im0 Do Q"}, "top right"),
        ({"content": b"q 595.2 0 0 841.9 0 0 cm /Im0 Do Q BT ET"}, "top left"),
        ({"content": b"q .5 0 0 .5 0 420 cm 595.2 0 0 841.9 0 0 cm /Im0 Do Q"}, "top left"),
    ],
)
def test_a_pdf_page_that_is_more_than_an_upright_jpeg_is_drawn(changed: dict[str, object], corner: str) -> None:
    raster = page_image(scan_pdf(saved(sheet(), "JPEG").getvalue(), **changed), "application/pdf", 1)
    assert raster.jpeg is None
    assert dark_corner(raster) == corner


BITS = {
    "grey": {"/ColorSpace": pikepdf.Name.DeviceGray},
    "stencil": {"/ImageMask": True},
    "palette": {
        "/ColorSpace": pikepdf.Array(
            [pikepdf.Name.Indexed, pikepdf.Name.DeviceRGB, 1, pikepdf.String(b"\xff\x00\x00\xff\xff\xff")]
        )
    },
}


@pytest.mark.parametrize(("bits", "colour"), [("grey", False), ("stencil", True), ("palette", True)])
def test_a_page_that_is_one_picture_without_colours_is_drawn_in_grey(bits: str, colour: bool) -> None:
    document, out = pikepdf.new(), BytesIO()
    left_half = (b"\x00" * 100 + b"\xff" * 100) * 2264
    image = pikepdf.Stream(document, left_half, {"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image})
    image.Width, image.Height, image.BitsPerComponent = 1600, 2264, 1
    for key, value in BITS[bits].items():
        image[key] = value
    page = document.add_blank_page(page_size=(595.2, 841.9))
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    page.Contents = pikepdf.Stream(document, b"1 0 0 rg q 595.2 0 0 841.9 0 0 cm /Im0 Do Q")
    document.save(out)
    pixels = page_image(out, "application/pdf", 1, 200).pixels
    assert (pixels.ndim == 3) == colour
    if colour:  # what is dark in it is red
        assert pixels[5, 5].tolist() == [255, 0, 0]
    else:
        assert (pixels[5, 5], pixels[5, -5]) == (0, 255)


def test_a_drawing_of_139_megapixels_passes() -> None:
    drawing = saved(Image.new("1", (9933, 14043), 1), "TIFF", compression="group4", dpi=(300, 300))
    assert page_image(drawing, "image/tiff", 1).pixels.shape == (9362, 6622)


def bomb_png() -> BytesIO:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return BytesIO(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def locked_pdf() -> BytesIO:
    out = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out


def vast_pdf() -> BytesIO:
    out = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(14_400, 14_400))
        pdf.save(out)
    return out


@pytest.mark.parametrize(
    ("file", "media_type", "code"),
    [
        (bomb_png, "image/png", "too_many_pixels"),
        (locked_pdf, "application/pdf", "encrypted"),
        (vast_pdf, "application/pdf", "too_many_pixels"),
        (lambda: BytesIO(saved(sheet(), "JPEG").getvalue()[:9000]), "image/jpeg", "truncated"),
        (lambda: BytesIO(saved(sheet(), "PNG").getvalue()[:3000]), "image/png", "truncated"),
        (lambda: BytesIO(b"%PDF-1.7\nnothing"), "application/pdf", "unreadable"),
        (lambda: BytesIO(b"\xff\xd8\xff\xe0 not a picture"), "image/jpeg", "unreadable"),
        (lambda: BytesIO(b""), "image/tiff", "unreadable"),
        (lambda: saved(sheet(), "PNG"), "image/jpeg", "unreadable"),
        (lambda: saved(sheet(), "GIF"), "image/gif", "unsupported"),
    ],
)
def test_what_cannot_be_a_page_is_refused_with_its_reason(file: object, media_type: str, code: str) -> None:
    with pytest.raises(ParserRefused) as refused:
        page_image(file(), media_type, 1)  # type: ignore[operator]
    assert refused.value.code == code
    assert len(refused.value.detail) > 20


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_answer_of_the_child_is_the_raster(mode: str) -> None:
    file = saved(sheet(mode), "JPEG", dpi=(300, 300))
    facts, blobs = rasterise(file, media_type="image/jpeg", page=1)
    raster, direct = Raster.from_answer(facts, blobs), page_image(file, "image/jpeg", 1)
    assert np.array_equal(raster.pixels, direct.pixels)
    assert (raster.dpi, raster.scanned_dpi, raster.jpeg) == (direct.dpi, direct.scanned_dpi, direct.jpeg)


@pytest.mark.parametrize("dpi", [150, 200, 300, 600])
@pytest.mark.parametrize("least_dpi", [None, LEAST_READING_DPI])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "PDF"])
def test_what_reading_needs_does_not_change_what_the_scanner_gave(dpi: int, least_dpi: int | None, form: str) -> None:
    """A page of 300 dpi is read at 150, and was told to be too coarse for DA/T 31."""
    size = (round(A4[0] * dpi / 200), round(A4[1] * dpi / 200))
    file = saved(sheet("L", size), form, **({"resolution": dpi} if form == "PDF" else {"dpi": (dpi, dpi)}))
    kind = "application/pdf" if form == "PDF" else f"image/{form.lower()}"
    assert page_image(file, kind, 1, least_dpi=least_dpi).scanned_dpi == pytest.approx(dpi, abs=2)


@pytest.mark.parametrize(
    ("lie", "blobs"),
    [
        ({"width": 11}, None),
        ({"width": -10, "height": -10}, None),
        ({"width": True}, None),
        ({"width": 10.0}, None),
        ({"channels": 4}, None),
        ({"height": 10**6}, None),
        ({"dpi": float("nan")}, None),
        ({"dpi": "200"}, None),
        ({"dpi": 0}, None),
        ({"stored_dpi": 1e9}, None),
        ({"channels": None}, None),
        ({}, []),
        ({}, [b"\0" * 299]),
        ({}, [b"\0" * 300, b"no JPEG"]),
        ({}, [b"\0" * 300, saved(sheet("RGB", (20, 10)), "JPEG").getvalue()]),
        ({}, [b"\0" * 300, saved(sheet("RGB", (9, 9)), "JPEG").getvalue()]),
        ({}, [b"\0" * 300, b"", b""]),
    ],
)
def test_a_lying_answer_is_refused(lie: dict[str, object], blobs: list[bytes] | None) -> None:
    facts = {"width": 10, "height": 10, "channels": 3, "dpi": 200.0, "stored_dpi": 300.0}
    assert Raster.from_answer(facts, [b"\0" * 300]).pixels.shape == (10, 10, 3)
    with pytest.raises(ParserFailed):
        Raster.from_answer(facts | lie, [b"\0" * 300] if blobs is None else blobs)
