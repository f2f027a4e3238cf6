"""Content on its way out: refusals are entered, marks burnt in, and every piece leaves only while it may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from services.access import limits, service
from services.access.conduct.service import note_breach
from services.access.marking.marker import Marker
from services.access.service import Asker, Content, UnknownItem
from services.kernel.core import Kernel
from services.kernel.errors import Forbidden, TooMany
from services.kernel.grants.opening import needs_grant
from services.kernel.http.paging import IDENTIFIER
from services.kernel.ledger import journal

PRIVATE = {"Cache-Control": "private, no-store"}
PIECE = 1 << 20


def _marker_of(request: Request) -> Marker:
    marker: Marker = request.app.state.marker
    return marker


MarkerDep = Annotated[Marker, Depends(_marker_of)]


@contextmanager
def showing(kernel: Kernel, asker: Asker, act: str, item_id: str, **details: Any) -> Iterator[Session]:
    """The transaction in which something is looked up to be shown. It ends without a trace when that is refused, so the refusal
    is entered in one of its own."""
    try:
        with kernel.database.write() as session:
            yield session
    except (Forbidden, TooMany) as refusal:
        refused(kernel, asker, act, item_id, refusal.code, **details)
        refusal.entered = True
        raise
    except UnknownItem as refusal:  # the same for what there is not: how long it takes must not tell
        if IDENTIFIER.fullmatch(item_id):
            refused(kernel, asker, act, item_id, refusal.code, **details)
        raise


def refused(kernel: Kernel, asker: Asker, act: str, item_id: str, why: str, **details: Any) -> None:
    told = {"actor": asker.principal.person_id, "item": item_id, "request": asker.request, "result": "refused"}
    with kernel.database.write() as session:
        if why == limits.BREACH:
            note_breach(session, asker.principal, why)
        journal.append(session, act, **told, why=why, **details)


def answer(kernel: Kernel, marker: Marker, asker: Asker, content: Content) -> StreamingResponse:
    """The first piece is proven before the answer begins, so that what is damaged or gone is told in an answer of its own. What
    is withheld after its entry was made, because the ground went meanwhile, is entered too."""
    pieces, size = _pieces(kernel, marker, content)
    first = next(pieces, b"")
    _require_open(kernel, asker, content)
    rest = _while_open(kernel, asker, content, pieces)
    disposition = f"inline; filename*=UTF-8''{quote(content.file_name)}"
    headers = PRIVATE | {"Content-Length": str(size), "Content-Disposition": disposition}
    return StreamingResponse(chain((first,), rest), media_type=content.blob.media_type, headers=headers)


def _pieces(kernel: Kernel, marker: Marker, content: Content) -> tuple[Iterator[bytes], int]:
    if content.stamp is None:
        return content.chunks(kernel), content.blob.size
    mark = marker.pdf if content.blob.media_type == "application/pdf" else marker.picture
    marked = mark(b"".join(content.chunks(kernel)), content.stamp)
    return (bytes(marked[start : start + PIECE]) for start in range(0, len(marked), PIECE)), len(marked)


def _while_open(kernel: Kernel, asker: Asker, content: Content, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A grant that ends while a long answer goes out ends the answer: shorter than was told, so it is known as torn."""
    for piece in pieces:
        _require_open(kernel, asker, content)
        yield piece


def _require_open(kernel: Kernel, asker: Asker, content: Content) -> None:
    """One connection at a time: whoever waits for a second one while holding the first makes others wait for ever."""
    with kernel.database.read() as session:
        open_ = service.still_open(session, asker, content)
    if open_:
        return
    refused(kernel, asker, "content.withhold", content.item_id, "ended", of=content.act, **content.why.details)
    refusal = needs_grant()
    refusal.entered = True
    raise refusal
