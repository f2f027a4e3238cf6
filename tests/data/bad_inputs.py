"""Files that scanners, mail programs and ill-wishers send, made in code. None may crash the archive or be taken in silence."""

import functools
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pikepdf
import pillow_heif
from PIL import Image, ImageDraw

MIB = 1 << 20


@dataclass(frozen=True)
class BadInput:
    """``code`` is what the file must be reported with: as the reason of its rejection, or among its problems."""

    name: str
    filename: str
    data: bytes
    expected: Literal["rejected", "partial"]
    code: str


def bad_inputs() -> Iterator[BadInput]:
    """All of them, made one by one: some are some megabytes large."""
    for maker in (_other_files, _pdf_locked, _pdf_damaged, _pdf_hostile, _pdf_partial, _tiff, _jpeg, _png, _webp, _heic):
        yield from maker()


def rejected(name, filename, data, code):
    return BadInput(name, filename, data, "rejected", code)


def partial(name, filename, data, code):
    return BadInput(name, filename, data, "partial", code)


# -- building blocks


def sheet(width=620, height=877, lines=12) -> Image.Image:
    """A sheet that is not blank: rows of little boxes stand for text."""
    picture = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(picture)
    for line in range(lines):
        for column in range(0, width - 120, 14):
            draw.rectangle((60 + column, 60 + line * 40, 68 + column, 72 + line * 40), fill=20)
    return picture


def encoded(picture, format_, **options) -> bytes:
    target = io.BytesIO()
    picture.save(target, format_, **options)
    return target.getvalue()


def pdf_of(*pages: bytes, **save) -> bytes:
    """Each page shows one JPEG, whose bytes may be broken."""
    document = pikepdf.new()
    for jpeg in pages:
        document.pages.append(_jpeg_page(document, jpeg))
    return _saved(document, **save)


def _jpeg_page(document, jpeg, width=620, height=877):
    image = pikepdf.Stream(document, jpeg)
    image.stream_dict = pikepdf.Dictionary(
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=width,
        Height=height,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
        Filter=pikepdf.Name.DCTDecode,
    )
    return _page(document, b"q 595 0 0 842 0 0 cm /Im Do Q", XObject=pikepdf.Dictionary(Im=document.make_indirect(image)))


def _page(document, content: bytes, box=(0, 0, 595, 842), **resources):
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=list(box),
        Contents=document.make_indirect(pikepdf.Stream(document, content)),
        Resources=pikepdf.Dictionary(**resources),
    )
    return pikepdf.Page(document.make_indirect(page))


def _saved(document, **options) -> bytes:
    target = io.BytesIO()
    document.save(target, **{"compress_streams": False} | options)
    return target.getvalue()


def raw_pdf(*objects: bytes, root=1) -> bytes:
    """A PDF of hand-written objects, numbered from 1, with a right cross-reference table."""
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        out.write(b"%010d 00000 n \n" % offset)
    out.write(b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, start))
    return out.getvalue()


def stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (dictionary, len(data), data)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def page_object(more=b"", box=b"0 0 595 842") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] %s >>" % (box, more)


@functools.cache
def spaces_deflated(mebibytes: int) -> bytes:
    deflater, chunk = zlib.compressobj(9), b" " * MIB
    return b"".join(deflater.compress(chunk) for _ in range(mebibytes)) + deflater.flush()


def tiff(*directories: bytes, first: int | None = None) -> bytes:
    body = b"".join(directories)
    return b"II*\0" + struct.pack("<I", 8 if first is None else first) + body


def directory(entries: dict[int, tuple[int, int]], following: int, claims: int | None = None) -> bytes:
    """An image file directory: tag → (type, value), values of four bytes at most."""
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(entries.items()))
    return struct.pack("<H", len(entries) if claims is None else claims) + table + struct.pack("<I", following)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, data=b"", colour=0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data and len(old) == len(new)
    return data.replace(old, new)


# -- the inputs


def _other_files():
    package = b"PK\x03\x04\x14\0\0\0\x08\0" + b"\0" * 16 + b"word/document.xml" + b"\0" * 200
    yield rejected("empty", "scan.pdf", b"", "empty")
    yield rejected("only-zeros", "scan.pdf", bytes(100_000), "corrupt")
    yield rejected("noise", "scan.pdf", bytes((i * 197 + i * i * 31) % 251 + 1 for i in range(5000)), "unknown_type")
    yield rejected("word-as-pdf", "合同.pdf", package, "wrong_type")
    yield rejected("ofd-as-pdf", "发票.pdf", package.replace(b"word/document.xml", b"OFD.xml__________"), "wrong_type")
    yield rejected("empty-zip", "scan.zip", b"PK\x05\x06" + bytes(18), "wrong_type")
    yield rejected("zip-that-calls-itself-pdf-inside", "scan.pdf", package + b"%PDF-1.7", "wrong_type")
    yield rejected("old-word", "scan.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "wrong_type")
    yield rejected("rtf-as-pdf", "scan.pdf", b"{\\rtf1\\ansi hello}", "wrong_type")
    yield rejected("login-page-as-pdf", "scan.pdf", b"<!DOCTYPE html><html><body>Please sign in</body>", "wrong_type")
    yield rejected("xml-with-mark", "scan.pdf", b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "wrong_type")
    yield rejected("text-as-pdf", "scan.pdf", "甲方：张伟\n乙方：某公司\n".encode(), "wrong_type")
    yield rejected("program-as-pdf", "scan.pdf", b"MZ\x90\0" + bytes(500), "wrong_type")
    yield rejected("elf-as-tiff", "scan.tif", b"\x7fELF\x02\x01\x01" + bytes(500), "wrong_type")
    yield rejected("gif", "scan.gif", encoded(sheet(), "GIF"), "wrong_type")
    yield rejected("bmp-as-jpeg", "scan.jpg", encoded(sheet(), "BMP"), "wrong_type")
    yield rejected("jpeg-2000", "scan.jp2", b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100), "wrong_type")
    yield rejected("avif-as-heic", "scan.heic", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(100), "wrong_type")
    yield rejected("video-as-heic", "scan.heic", b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(100), "wrong_type")
    yield rejected("sound-as-webp", "scan.webp", b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), "wrong_type")
    yield rejected("gzip", "scan.pdf.gz", b"\x1f\x8b\x08\0" + bytes(100), "wrong_type")


def _pdf_locked():
    jpeg = encoded(sheet(), "JPEG")
    for name, revision in (("rc4-40", 2), ("rc4-128", 3), ("aes-128", 4), ("aes-256", 6)):
        lock = pikepdf.Encryption(user="secret", owner="other", R=revision, aes=revision >= 4, metadata=revision >= 4)
        yield rejected(f"pdf-password-{name}", "locked.pdf", pdf_of(jpeg, encryption=lock), "encrypted")
    by_certificate = raw_pdf(CATALOG, ONE_PAGE, page_object(), b"<< /Filter /Adobe.PubSec /V 4 /SubFilter /adbe.pkcs7.s5 >>")
    by_certificate = by_certificate.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 4 0 R /ID [<00> <00>]")
    yield rejected("pdf-locked-by-certificate", "locked.pdf", by_certificate, "encrypted")


def _pdf_damaged():
    whole = pdf_of(encoded(sheet(), "JPEG"))
    yield rejected("pdf-header-only", "scan.pdf", b"%PDF-1.7\n", "truncated")
    yield rejected("pdf-header-and-end", "scan.pdf", b"%PDF-1.7\n%%EOF\n", "corrupt")
    yield rejected("pdf-first-bytes", "scan.pdf", whole[:200], "truncated")
    yield rejected("pdf-no-pages", "scan.pdf", raw_pdf(CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"), "no_pages")
    yield rejected("pdf-no-page-tree", "scan.pdf", raw_pdf(b"<< /Type /Catalog >>"), "no_pages")
    yield rejected("pdf-overwritten-with-zeros", "scan.pdf", whole[:20] + bytes(len(whole)) + b"\n%%EOF\n", "corrupt")
    yield rejected("pdf-only-page-has-a-broken-picture", "scan.pdf", pdf_of(b"\xff\xd8\xff not a jpeg"), "page_unreadable")
    missing = raw_pdf(CATALOG, b"<< /Type /Pages /Kids [7 0 R 8 0 R] /Count 2 >>")
    yield rejected("pdf-only-missing-pages", "scan.pdf", missing, "page_unreadable")
    unknown = stream(
        b"/Type /XObject /Subtype /Image /Width 100 /Height 100 /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Filter /JBIG2Decode",
        b"\0\1\2 nothing of the sort",
    )
    yield rejected(
        "pdf-broken-jbig2",
        "scan.pdf",
        raw_pdf(
            CATALOG,
            ONE_PAGE,
            page_object(b"/Contents 4 0 R /Resources << /XObject << /Im 5 0 R >> >>"),
            stream(b"", b"q 595 0 0 842 0 0 cm /Im Do Q"),
            unknown,
        ),
        "page_unreadable",
    )


def _pdf_hostile():
    yield rejected(
        "pdf-claims-a-million-pages",
        "scan.pdf",
        raw_pdf(CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1000000 >>", page_object()),
        "too_many_pages",
    )
    content = page_object(b"/Contents 4 0 R")
    single = stream(b"/Filter /FlateDecode", spaces_deflated(600))
    yield rejected("pdf-bomb", "scan.pdf", raw_pdf(CATALOG, ONE_PAGE, content, single), "decompression_bomb")
    chained = stream(
        b"/Filter [/FlateDecode /FlateDecode /FlateDecode]", zlib.compress(zlib.compress(spaces_deflated(600), 9), 9)
    )
    yield rejected("pdf-bomb-chained", "scan.pdf", raw_pdf(CATALOG, ONE_PAGE, content, chained), "decompression_bomb")
    runs = stream(b"/Filter [/RunLengthDecode /RunLengthDecode /RunLengthDecode /RunLengthDecode]", b"\x81\x81" * 500)
    yield rejected("pdf-bomb-of-run-lengths", "scan.pdf", raw_pdf(CATALOG, ONE_PAGE, content, runs), "decompression_bomb")
    picture = (
        b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Filter /FlateDecode"
    )
    yield rejected(
        "pdf-giant-picture",
        "scan.pdf",
        raw_pdf(
            CATALOG,
            ONE_PAGE,
            page_object(b"/Contents 4 0 R /Resources << /XObject << /Im 5 0 R >> >>"),
            stream(b"", b"q 595 0 0 842 0 0 cm /Im Do Q"),
            stream(picture, spaces_deflated(3)),
        ),
        "too_many_pixels",
    )
    giant = page_object(box=b"0 0 14400 14400")
    yield rejected("pdf-giant-sheet", "scan.pdf", raw_pdf(CATALOG, ONE_PAGE, giant), "too_many_pixels")
    circle = raw_pdf(CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>")
    yield rejected("pdf-page-tree-in-a-circle", "scan.pdf", circle, "page_unreadable")
    yield rejected("pdf-laughs", "scan.pdf", _billion_laughs(), "timeout")


def _billion_laughs(levels=9) -> bytes:
    """Each form draws the next one ten times."""
    forms = []
    for level in range(levels):
        inner = b"/X Do " * 10 if level < levels - 1 else b"0 0 9 9 re f "
        resources = b"/Resources << /XObject << /X %d 0 R >> >>" % (6 + level) if level < levels - 1 else b""
        forms.append(stream(b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + resources, inner))
    page = page_object(b"/Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >>")
    return raw_pdf(CATALOG, ONE_PAGE, page, stream(b"", b"/X Do " * 10), *forms)


def _pdf_partial():
    good, broken = encoded(sheet(), "JPEG"), b"\xff\xd8\xff not a jpeg"
    whole = pdf_of(good, good)
    yield partial("pdf-end-missing", "scan.pdf", whole[: whole.rindex(b"startxref")], "truncated")
    yield partial("pdf-one-broken-picture", "scan.pdf", pdf_of(good, broken, good), "page_unreadable")
    yield partial(
        "pdf-claims-more-pages-than-it-has",
        "scan.pdf",
        raw_pdf(
            CATALOG,
            b"<< /Type /Pages /Kids [3 0 R 9 0 R 9 0 R] /Count 3 >>",
            page_object(b"/Contents 4 0 R"),
            stream(b"", b"100 100 300 300 re f"),
        ),
        "page_unreadable",
    )
    document = pikepdf.new()
    document.pages.append(_jpeg_page(document, good))
    document.attachments["合同.docx"] = pikepdf.AttachedFileSpec(document, b"PK\x03\x04")
    yield partial("pdf-portfolio", "scan.pdf", _saved(document), "attachments")
    document = pikepdf.new()
    document.pages.append(_page(document, b"100 100 300 30 re f"))
    document.Root.NeedsRendering = True
    xfa = pikepdf.Stream(document, b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")
    document.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=document.make_indirect(xfa))
    yield partial("pdf-dynamic-form", "scan.pdf", _saved(document), "dynamic_form")


def _tiff():
    sizes = {256: (3, 100), 257: (3, 100), 258: (3, 8), 259: (3, 1), 262: (3, 1), 278: (3, 100)}
    at_the_end = sizes | {273: (4, 1 << 30), 279: (4, 10_000)}
    yield rejected("tiff-header-only", "scan.tif", b"II*\0", "truncated")
    yield rejected("tiff-no-directory", "scan.tif", tiff(first=0), "no_pages")
    yield rejected("tiff-directory-past-the-end", "scan.tif", tiff(first=1 << 20), "truncated")
    yield rejected("tiff-claims-65535-entries", "scan.tif", tiff(directory(sizes, 0, claims=65535)), "truncated")
    yield rejected("tiff-pixels-missing", "scan.tif", tiff(directory(at_the_end, 0)), "truncated")
    yield rejected("tiff-no-size", "scan.tif", tiff(directory({259: (3, 1)}, 0)), "corrupt")
    giant = {256: (4, 200_000), 257: (4, 200_000), 259: (3, 8), 262: (3, 1), 273: (4, 8), 279: (4, 10)}
    yield rejected("tiff-giant", "scan.tif", tiff(directory(giant, 0)), "too_many_pixels")
    small = {256: (3, 1), 257: (3, 1)}
    size = len(directory(small, 0))
    many = b"".join(directory(small, 8 + size * (i + 1)) for i in range(5001)) + directory(small, 0)
    yield rejected("tiff-5002-pages", "scan.tif", tiff(many), "too_many_pages")
    whole = encoded(sheet(), "TIFF", compression="tiff_lzw")
    yield rejected("tiff-cut-in-half", "scan.tif", whole[: len(whole) // 2], "truncated")
    yield rejected("bigtiff-nonsense", "scan.tif", b"II+\0\x08\0\0\0" + b"\xff" * 64, "truncated")
    pages = encoded(sheet(), "TIFF", save_all=True, append_images=[sheet(lines=5), sheet(lines=8)])
    yield partial("tiff-directories-in-a-circle", "scan.tif", _relinked(pages, "circle"), "directory_loop")
    yield partial("tiff-last-directory-lost", "scan.tif", _relinked(pages, "lost"), "truncated")
    yield partial("tiff-one-page-in-unknown-compression", "scan.tif", _recompressed(pages), "corrupt")


def _directories(data: bytes) -> list[tuple[int, int]]:
    """(offset of the directory, offset of its link to the next) of a little-endian TIFF."""
    found, (offset,) = [], struct.unpack_from("<I", data, 4)
    while offset:
        (entries,) = struct.unpack_from("<H", data, offset)
        link = offset + 2 + 12 * entries
        found.append((offset, link))
        (offset,) = struct.unpack_from("<I", data, link)
    return found


def _relinked(data: bytes, how: str) -> bytes:
    (first, _), (_, second_link), _ = _directories(data)
    changed = bytearray(data)
    struct.pack_into("<I", changed, second_link, first if how == "circle" else len(data) + 1000)
    return bytes(changed)


def _recompressed(data: bytes) -> bytes:
    changed = bytearray(data)
    start, link = _directories(data)[1]
    for entry in range(start + 2, link, 12):
        if struct.unpack_from("<H", data, entry) == (259,):
            struct.pack_into("<H", changed, entry + 8, 34661)  # JBIG, which libtiff is built without
    return bytes(changed)


def _jpeg():
    whole = encoded(sheet(), "JPEG")
    size = struct.pack(">HH", 877, 620)
    yield rejected("jpeg-cut-in-half", "scan.jpg", whole[: len(whole) // 2], "truncated")
    yield rejected("jpeg-first-bytes", "scan.jpg", whole[:20], "truncated")
    yield rejected("jpeg-marker-only", "scan.jpg", b"\xff\xd8\xff", "truncated")
    yield rejected("jpeg-giant", "scan.jpg", patched(whole, size, struct.pack(">HH", 65500, 65500)), "too_many_pixels")
    yield rejected("jpeg-no-width", "scan.jpg", patched(whole, size, struct.pack(">HH", 877, 0)), "corrupt")
    yield rejected("jpeg-without-picture", "scan.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9", "corrupt")


def _png():
    whole = encoded(sheet(), "PNG")
    start = whole.index(b"IDAT") + 4
    yield rejected("png-bomb", "scan.png", png(60_000, 60_000, zlib.compress(bytes(1000))), "too_many_pixels")
    yield rejected("png-cut-in-half", "scan.png", whole[: len(whole) // 2], "truncated")
    yield rejected("png-signature-only", "scan.png", whole[:8], "truncated")
    flipped = whole[: start + 9] + bytes([whole[start + 9] ^ 0xFF]) + whole[start + 10 :]
    yield rejected("png-flipped-bit", "scan.png", flipped, "corrupt")
    yield rejected("png-no-width", "scan.png", png(0, 100), "corrupt")
    yield rejected("png-too-few-rows", "scan.png", png(1000, 1000, zlib.compress(bytes(1000))), "truncated")
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 * MIB), 9))
    yield rejected("png-text-bomb", "scan.png", whole[:33] + text + whole[33:], "corrupt")
    moving = encoded(sheet(), "PNG", save_all=True, append_images=[sheet(lines=3)])
    yield partial("png-animated", "scan.png", moving, "animated")


def _webp():
    whole = encoded(sheet(), "WEBP")
    yield rejected("webp-cut-in-half", "scan.webp", whole[: len(whole) // 2], "corrupt")
    yield rejected("webp-header-only", "scan.webp", whole[:12], "corrupt")
    moving = encoded(sheet(), "WEBP", save_all=True, append_images=[sheet(lines=3)])
    yield partial("webp-animated", "scan.webp", moving, "animated")


def _heic():
    target = io.BytesIO()
    pillow_heif.from_pillow(sheet()).save(target)
    whole = target.getvalue()
    yield rejected("heic-header-only", "scan.heic", whole[:32], "corrupt")
    yield rejected("heic-cut-in-half", "scan.heic", whole[: len(whole) // 2], "truncated")
    yield rejected("heic-nonsense", "scan.heic", whole[:24] + b"\xff" * 500, "corrupt")
