"""Sheets that split a stack: Patch-T, QR cover sheets, and blank backs."""

from __future__ import annotations

from random import Random

from samples.document import Document
from samples.marks import Barcode
from samples.sheet import Sheet

PATCH_T = "PATCHT"
COVER_PREFIX = "MUNIMENT:COVER"


def cover_payload(title: str, document_type: str) -> str:
    """The text of a cover sheet's QR code: ``MUNIMENT:COVER;title=…;type=…``, UTF-8; ``;``, ``=`` and ``%`` in values are
    percent-encoded, so that the fields split on ``;`` and then on the first ``=``.
    """
    return f"{COVER_PREFIX};title={_escaped(title)};type={_escaped(document_type)}"


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")


def cover(rng: Random, title: str = "客户档案", document_type: str = "other") -> Document:
    """A cover sheet that begins a document called ``title`` of type ``document_type``."""
    sheet = Sheet(separator=True)
    sheet.y = 50
    sheet.title("档案扫描封面", 10)
    sheet.put(sheet.width / 2, 80, title, size=7, align="centre", role="hei")
    sheet.add(Barcode(70, 105, 70, cover_payload(title, document_type)))
    sheet.put(sheet.width / 2, 190, "扫描时请将本页置于文件之前", size=4.5, align="centre")
    return Document("cover", (sheet,), ())


def patch_t(rng: Random) -> Document:
    """A Patch-T sheet: what follows is the next document. Code 128 stands in for the striped patch."""
    sheet = Sheet(separator=True)
    sheet.y = 40
    sheet.title("PATCH T", 14)
    sheet.add(Barcode(45, 80, 120, PATCH_T, "Code128", 35), Barcode(45, 200, 120, PATCH_T, "Code128", 35))
    sheet.put(sheet.width / 2, 140, "分隔页 文件由此开始", size=7, align="centre", role="hei")
    return Document("patch_t", (sheet,), ())


def blank(rng: Random) -> Document:
    """The empty back of a sheet."""
    return Document("blank", (Sheet(),), ())
