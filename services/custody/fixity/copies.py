"""One object in each of the stores that it lies in: what is wrong with a copy, and how it is mended from another. The
ciphertext is checked, so that no key is needed and nothing is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import BinaryIO

import structlog

from services.kernel.blobs.port import Copy
from services.kernel.errors import MunimentError, NotFound, Unavailable

PIECE = 1 << 20

Beat = Callable[[], None]
"""Called between two pieces, to renew a lease or to end the reading."""

log = structlog.get_logger("fixity")


def fault(copy: Copy, name: str, expected: str, beat: Beat) -> str | None:
    """``missing``, ``changed`` or ``unreadable``; None where the copy has the SHA-256 ``expected``. Raises ``Unavailable``
    where the whole store does not answer: that says nothing of the object."""
    digest = hashlib.sha256()
    try:
        with copy.store.open(name) as source:
            for piece in _pieces(source, beat):
                digest.update(piece)
    except NotFound:
        return "missing"
    except (Unavailable, OSError):  # a bad sector ends no run; what lies behind it is looked at too
        _require_answer(copy)
        return "unreadable"
    return None if digest.hexdigest() == expected else "changed"


def mend(bad: Copy, good: Copy, name: str, expected: str, beat: Beat) -> bool:
    """Puts the good copy in the bad one's place and reads it back; tells whether it is whole now. What turns out not to be
    ``expected`` on the way is not stored. Raises ``Unavailable`` where one of the two stores does not answer."""
    digest = hashlib.sha256()
    writer = bad.store.replace(name)
    try:
        with good.store.open(name) as source:
            for piece in _pieces(source, beat):
                digest.update(piece)
                writer.write(piece)
        if digest.hexdigest() != expected:
            return False
        writer.commit()
    except (MunimentError, OSError) as error:
        for copy in (bad, good):
            _require_answer(copy)
        log.error("copy-not-mended", object=name, copy=bad.label, error=type(error).__name__)
        return False
    finally:
        writer.abort()  # which a commit makes harmless
    return fault(bad, name, expected, beat) is None


def _pieces(source: BinaryIO, beat: Beat) -> Iterator[bytes]:
    with closing(source):
        while piece := source.read(PIECE):
            yield piece
            beat()


def _require_answer(copy: Copy) -> None:
    try:
        answers = copy.store.readable()
    except Exception:  # whatever it is, the store does not answer
        answers = False
    if not answers:
        raise Unavailable(f"The object store ({copy.label}) does not answer. Start it again; the check goes on.") from None
