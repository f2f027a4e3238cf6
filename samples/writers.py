"""Writing scans as files: PDF of page pictures, multi-page TIFF, JPEG, PNG, HEIC, WebP, all with their resolution."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from random import Random

import pikepdf
from PIL import Image, TiffImagePlugin

from samples.damage import Scan, damaged
from samples.document import Document
from samples.truth import Truth

QUALITY = 82
SUFFIXES = {"pdf": ".pdf", "tiff": ".tif", "jpeg": ".jpg", "png": ".png", "heic": ".heic", "webp": ".webp"}


def write(
    document: Document, path: Path, format: str = "pdf", dpi: int = 300, damage: str | Sequence[str] = "clean",
    seed: int = 0,
) -> Truth:  # fmt: skip
    """Scans ``document`` at ``dpi``, spoils it by ``damage`` (one specification, or one a page, taken in turn) and writes it.

    Formats: pdf, tiff, jpeg, png, heic, webp; the last four hold one page. Raises ``ValueError`` for an unknown
    format or for several pages in a format of one.
    """
    if format not in SUFFIXES:
        raise ValueError(f"Unknown format {format!r}. Choose among: {', '.join(SUFFIXES)}")
    if format not in ("pdf", "tiff") and len(document.sheets) != 1:
        raise ValueError(f"{format} holds one page, this document has {len(document.sheets)}: write pdf or tiff")
    specifications = [damage] if isinstance(damage, str) else list(damage)
    truths = document.page_truths()
    resolutions: list[int] = []

    def scans() -> Iterator[Scan]:
        for number, sheet in enumerate(document.sheets, start=1):
            rng = Random(f"{seed}:{number}")
            scan = damaged(Scan(sheet.render(dpi), dpi), specifications[(number - 1) % len(specifications)], rng)
            page = truths[number]
            truths[number] = replace(page, rotation=scan.rotation, stamps=(*page.stamps, *scan.stamps))
            resolutions.append(scan.dpi)
            yield scan

    write_scans(path, format, scans())
    return Truth(path.name, format, resolutions[0], ", ".join(specifications), dict(truths), document.truths)


def write_scans(path: Path, format: str, scans: Iterable[Scan]) -> None:
    """Writes ``scans`` one after the other, so that memory does not grow with their number (PDF keeps the encoded pages)."""
    writers: dict[str, Callable[[Path, Iterable[Scan]], None]] = {"pdf": _pdf, "tiff": _tiff}
    if format in writers:
        writers[format](path, scans)
    else:
        (scan,) = scans
        _picture(path, format, scan)


def _pdf(path: Path, scans: Iterable[Scan]) -> None:
    with pikepdf.new() as pdf:
        for scan in scans:
            points = [side * 72 / scan.dpi for side in scan.image.size]
            page = pikepdf.Dictionary(
                Type=pikepdf.Name.Page,
                MediaBox=[0, 0, *(round(side, 3) for side in points)],
                Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=_pdf_image(pdf, scan.image))),
                Contents=pdf.make_stream(f"q {points[0]:.3f} 0 0 {points[1]:.3f} 0 0 cm /Im0 Do Q".encode()),
            )
            pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
        pdf.save(path, deterministic_id=True)


def _pdf_image(pdf: pikepdf.Pdf, image: Image.Image) -> pikepdf.Stream:
    """One image XObject (ISO 32000-1, 8.9.5): JPEG for grey and colour, a deflated bitmap for one bit."""
    if image.mode == "1":
        data, colours, bits, coding = zlib.compress(image.tobytes(), 6), "DeviceGray", 1, "FlateDecode"
    else:
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=QUALITY)
        data, bits, coding = buffer.getvalue(), 8, "DCTDecode"
        colours = "DeviceGray" if image.mode == "L" else "DeviceRGB"
    return pikepdf.Stream(
        pdf, data, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=image.width, Height=image.height,
        ColorSpace=pikepdf.Name(f"/{colours}"), BitsPerComponent=bits, Filter=pikepdf.Name(f"/{coding}"),
    )  # fmt: skip


def _tiff(path: Path, scans: Iterable[Scan]) -> None:
    with path.open("w+b") as file, TiffImagePlugin.AppendingTiffWriter(file, True) as writer:
        for scan in scans:
            if scan.image.mode == "1":
                scan.image.save(writer, "TIFF", compression="group4", dpi=(scan.dpi, scan.dpi))
            else:
                scan.image.save(writer, "TIFF", compression="jpeg", quality=QUALITY, dpi=(scan.dpi, scan.dpi))
            writer.newFrame()


def _picture(path: Path, format: str, scan: Scan) -> None:
    image, dpi = scan.image, (scan.dpi, scan.dpi)
    if format == "png":
        image.save(path, "PNG", dpi=dpi, compress_level=3)
        return
    if image.mode == "1":
        image = image.convert("L")
    if format == "jpeg":
        image.save(path, "JPEG", quality=QUALITY, dpi=dpi)
        return
    exif = Image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = float(scan.dpi), float(scan.dpi), 2  # XResolution, YResolution, inches
    if format == "heic":
        from pillow_heif import register_heif_opener  # registers itself with Pillow; only this format needs it

        register_heif_opener()
        image.save(path, "HEIF", quality=QUALITY, exif=exif.tobytes())
    else:
        image.save(path, "WEBP", quality=QUALITY, exif=exif.tobytes(), method=1)
