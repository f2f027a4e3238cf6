"""Decompression bombs in PDF: chains of filters by which a hundred bytes become gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import pikepdf

from services.kernel.errors import ParserRefused

_MOST_BY_DEFLATE = 1032  # RFC 1951: 258 bytes for two bits
_GROWING = frozenset({"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"})
_DEFLATE = frozenset({"/FlateDecode", "/Fl"})
_STEP = 1 << 20


def refuse_bombs(source: BinaryIO, most: int) -> None:
    """Raise ParserRefused when any stream but a plain picture inflates to more than ``most`` bytes.

    A picture with a single filter is decoded row by row to the size it states, which is checked elsewhere.
    """
    source.seek(0)
    try:
        with pikepdf.open(source, access_mode=pikepdf.AccessMode.stream) as document:
            for entry in document.objects:
                if isinstance(entry, pikepdf.Stream):
                    _check(entry, most)
    except pikepdf.PdfError:
        return  # damaged beyond qpdf's repair; the limits of the sandbox remain


def _check(stream: pikepdf.Stream, most: int) -> None:
    filters = _filters(stream)
    growing = [name for name in filters if name in _GROWING]
    if not growing or (len(growing) == 1 and stream.get("/Subtype") == "/Image"):
        return
    raw = stream.read_raw_bytes()
    if len(raw) * _MOST_BY_DEFLATE ** len(growing) <= most:
        return
    # One LZW or run-length filter grows its input some hundredfold at most; more than one is nobody's honest work.
    deflate_only = _DEFLATE.issuperset(filters)
    grows_beyond = _inflates_beyond(most, raw, len(filters)) if deflate_only else len(growing) > 1
    if grows_beyond:
        detail = "The PDF holds data that would unpack to an absurd size. Do not open it; ask its sender for a scan."
        raise ParserRefused(detail, code="decompression_bomb")


def _filters(stream: pikepdf.Stream) -> list[str]:
    told = stream.get("/Filter")
    if told is None:
        return []
    return [str(name) for name in told] if isinstance(told, pikepdf.Array) else [str(told)]


def _inflates_beyond(most: int, raw: bytes, stages: int) -> bool:
    """Whether any of so many inflations, one after the other, gives more than ``most`` bytes. Holds one step in memory."""
    chunks: Iterable[bytes] = [raw]
    totals = [0] * stages
    for stage in range(stages):
        chunks = _inflated(chunks, totals, stage)
    return any(max(totals) > most for _ in chunks)


def _inflated(chunks: Iterable[bytes], totals: list[int], stage: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for chunk in chunks:
        rest = chunk
        while rest:
            try:
                inflated = inflater.decompress(rest, _STEP)
            except zlib.error:
                return
            totals[stage] += len(inflated)
            yield inflated
            rest = inflater.unconsumed_tail
