"""What a file is by its first bytes. A name is never believed."""

from __future__ import annotations

from typing import BinaryIO

from services.ingest.facts import MediaType
from services.kernel.errors import ParserRefused

_HEAD = 4096
_PDF_MARKER_WITHIN = 1024  # ISO 32000-1, annex H.3.4.1, as Acrobat does
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_TAKEN = "PDF, TIFF, JPEG, PNG, HEIC and WebP"

_TAKEN_MAGIC: tuple[tuple[bytes, MediaType], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
)

_OTHERS = (
    (b"PK\x03\x04", "a ZIP package (a Word, Excel or OFD file, or an archive)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Word, Excel or mail file"),
    (b"{\\rtf", "an RTF text"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop file"),
    (b"AT&TFORM", "a DjVu file"),
    (b"%!PS", "a PostScript file"),
    (b"ID3", "a sound"),
    (b"\x1aE\xdf\xa3", "a video"),
)


def media_type_of(source: BinaryIO) -> MediaType:
    """Raises ParserRefused: ``empty``, ``wrong_type`` (known, not taken), ``corrupt`` (zeros), ``unknown_type``."""
    source.seek(0)
    head = source.read(_HEAD)
    if not head:
        raise ParserRefused("The file is empty. Scan again, or wait until it is copied whole.", code="empty")
    found = _taken(head)
    if found is not None:
        return found
    if (other := _other(head)) is not None:
        raise ParserRefused(f"This is {other}, whatever its name says. Send one of {_TAKEN}.", code="wrong_type")
    if not head.strip(b"\0"):
        detail = "The file begins with nothing but zeros: its copying was interrupted. Send it again."
        raise ParserRefused(detail, code="corrupt")
    raise ParserRefused(f"Nobody here knows what kind of file this is. Send one of {_TAKEN}.", code="unknown_type")


def _taken(head: bytes) -> MediaType | None:
    for magic, media_type in _TAKEN_MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "image/heic"
    if b"%PDF-" in head[:_PDF_MARKER_WITHIN] and _other(head) is None:
        return "application/pdf"
    return None


def _other(head: bytes) -> str | None:
    for magic, name in _OTHERS:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF":
        return "a sound or a video"
    if head[4:8] == b"ftyp":
        return "a video, or a picture in a format that is not taken (AVIF)"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return "a web page or an XML file (perhaps an error page that was saved as a scan)"
    return "a text" if b"%PDF-" not in head[:_PDF_MARKER_WITHIN] and _is_text(head) else None


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", errors="strict" if len(head) < _HEAD else "ignore")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\r\n\t\f" for character in text)
