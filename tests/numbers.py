"""Invented people by the thousand, and a thief's eye for their numbers in whatever bytes lie about: plain, in UTF-16, in
base64, deflated, and inside of the files that offices send each other."""

from __future__ import annotations

import base64
import io
import itertools
import random
import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

import pypdfium2

from services.kernel.policy.lookup import id_check_digit

SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞"
AREAS = ("110105", "310104", "440305", "510107", "330106", "420111")
DIGITS = re.compile(rb"[0-9](?:[ \-.]?[0-9Xx]){10,}")
WIDE = re.compile(rb"(?:[0-9Xx]\0){11,}|(?:\0[0-9Xx]){11,}")
T = TypeVar("T")
CODED = re.compile(rb"[A-Za-z0-9+/_-]{16,}")


@dataclass(frozen=True)
class Someone:
    name: str
    id_number: str
    phone: str


def people(count: int, seed: int) -> list[Someone]:
    """All different, with numbers that pass the checksum."""
    rnd, found = random.Random(seed), dict[str, Someone]()
    phones: set[str] = set()
    while len(found) < count:
        born = date(1950, 1, 1) + timedelta(days=rnd.randrange(20_000))
        body = f"{rnd.choice(AREAS)}{born:%Y%m%d}{rnd.randrange(1000):03d}"
        phone = f"1{rnd.randint(3, 9)}{rnd.randrange(10**9):09d}"
        if body not in found and phone not in phones:
            phones.add(phone)
            name = rnd.choice(SURNAMES) + rnd.choice(GIVEN) + rnd.choice(GIVEN)
            found[body] = Someone(name, body + id_check_digit(body), phone)
    return list(found.values())


def batched(things: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """As ``itertools.batched`` of later Pythons."""
    left = iter(things)
    while some := tuple(itertools.islice(left, size)):
        yield some


class Thief:
    """Looks for ``wanted``, numbers of 11 or 18 signs."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = frozenset(wanted)
        self._sizes = sorted({len(number) for number in wanted})

    def finds(self, content: bytes) -> set[str]:
        """What of it stands in ``content``, however it is coded there."""
        return {number for layer in _layers(content) for number in self._in(layer)}

    def _in(self, content: bytes) -> Iterator[str]:
        for match in DIGITS.finditer(content):
            yield from self._among(re.sub(rb"[ \-.]", b"", match.group()).decode().upper())
        for match in WIDE.finditer(content):
            yield from self._among(match.group().replace(b"\0", b"").decode().upper())

    def _among(self, signs: str) -> Iterator[str]:
        for size in self._sizes:
            yield from (signs[i : i + size] for i in range(len(signs) - size + 1) if signs[i : i + size] in self._wanted)


def _layers(content: bytes) -> Iterator[bytes]:
    """The bytes, and what they say when read as base64 from any of four places, inflated, or unpacked as a file."""
    yield content
    for match in CODED.finditer(content):
        run = match.group().replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            piece = run[start:-1] if len(run[start:]) % 4 == 1 else run[start:]
            yield base64.b64decode(piece + b"=" * (-len(piece) % 4))
    for start in (place.start() for place in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content)):
        try:
            yield zlib.decompressobj().decompress(memoryview(content)[start:])
        except zlib.error:
            continue
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if content.startswith(b"%PDF-"):
        document = pypdfium2.PdfDocument(content)
        yield "\n".join(page.get_textpage().get_text_bounded() for page in document).encode()
