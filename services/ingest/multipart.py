"""A multipart upload, streamed: the bytes of the part named ``file`` go on as they come, and nothing is spooled to a disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from services.kernel.errors import InvalidInput

PART = b"file"
LONGEST_HEADER = 8192


class Sink(Protocol):
    def write(self, data: bytes) -> None: ...


@dataclass(slots=True)
class FilePart:
    """Feeds one multipart body to the sink that ``open_sink`` makes for the file's name."""

    boundary: bytes
    open_sink: Callable[[str], Sink]
    sink: Sink | None = None
    complete: bool = False
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _inside: bool = False

    async def consume(self, body: AsyncIterator[bytes]) -> None:
        """Raises ``InvalidInput`` when the body is not one whole multipart form with exactly one file."""
        parser = MultipartParser(
            self.boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_done,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )
        try:
            async for chunk in body:
                if chunk:
                    await run_in_threadpool(parser.write, chunk)
            parser.finalize()
        except FormParserError:
            raise InvalidInput("The multipart body is malformed. Send the file again.") from None
        if not self.complete:
            raise InvalidInput("The upload ended early, or has no part named “file”. Nothing was stored; send it again.")

    def _begin(self) -> None:
        self._headers.clear()
        self._inside = False

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._check_header()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._name) + len(self._value) > LONGEST_HEADER:
            raise InvalidInput("A header of the multipart body is too long. Send the file with a shorter name.")

    def _header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _headers_done(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name") != PART:
            return
        if self.sink is not None:
            raise InvalidInput("Send one file a request; this one has several.")
        self.sink = self.open_sink(options.get(b"filename", b"").decode("utf-8", "replace"))
        self._inside = True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside and self.sink is not None:
            self.sink.write(data[start:end])

    def _end(self) -> None:
        self.complete = self.complete or self._inside


def boundary_of(content_type: str | None) -> bytes:
    """Raises ``InvalidInput`` when the request is no multipart form."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise InvalidInput("Send the file as multipart/form-data, in a part named “file”.")
    return options[b"boundary"]
