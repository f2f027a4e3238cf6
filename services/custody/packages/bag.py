"""A bag (RFC 8493, version 1.0, SHA-512), written as one ZIP while its content streams by: no plain copy of it lies anywhere,
and memory stays at one piece. Nothing in it is compressed or encrypted (DA/T 70-2018)."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

ALGORITHM = "sha512"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same content makes the same file."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A file of the bag: its path below ``data/``, and its content in pieces."""

    path: str
    pieces: Iterable[bytes]


@dataclass(slots=True)
class BagWriter:
    """``name`` is the one folder in the ZIP, ``info`` what ``bag-info.txt`` says. ``digest`` is known once all was written."""

    name: str
    info: Mapping[str, str]
    digest: str = ""
    _files: dict[str, str] = field(default_factory=dict)
    _bytes: int = 0

    def stream(self, payload: Iterable[Payload]) -> Iterator[bytes]:
        pipe = _Pipe()
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as target:
            for each in payload:
                yield from self._add(target, pipe, each)
            for path, content in self._tags():
                target.writestr(_entry(f"{self.name}/{path}"), content)
                yield pipe.taken()
        yield pipe.taken()

    def _add(self, target: zipfile.ZipFile, pipe: _Pipe, each: Payload) -> Iterator[bytes]:
        digest, path = hashlib.new(ALGORITHM), f"data/{each.path}"
        with target.open(_entry(f"{self.name}/{path}"), "w", force_zip64=True) as entry:
            for piece in each.pieces:
                digest.update(piece)
                self._bytes += len(piece)
                entry.write(piece)
                yield pipe.taken()
        self._files[path] = digest.hexdigest()

    def _tags(self) -> Iterator[tuple[str, bytes]]:
        info = dict(self.info) | {"Payload-Oxum": f"{self._bytes}.{len(self._files)}"}
        tags = {
            "bagit.txt": DECLARATION,
            "bag-info.txt": "".join(f"{key}: {value}\n" for key, value in info.items()).encode(),
            f"manifest-{ALGORITHM}.txt": _manifest(self._files),
        }
        manifest = _manifest({path: hashlib.new(ALGORITHM, content).hexdigest() for path, content in tags.items()})
        self.digest = hashlib.new(ALGORITHM, manifest).hexdigest()
        yield from tags.items()
        yield f"tagmanifest-{ALGORITHM}.txt", manifest


class _Pipe(io.RawIOBase):
    """Takes what the ZIP writes until it is fetched. It cannot seek, so sizes follow the content."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return whole


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, MOMENT)
    entry.external_attr = 0o600 << 16
    return entry


def _manifest(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())).encode()
