"""``Idempotency-Key``: a repeated creating request gets the first answer again and creates nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from services.kernel.dialects import take_turn
from services.kernel.errors import Conflict
from services.kernel.http.tables import IdempotentAnswer
from services.kernel.identity.rights import Principal


def fingerprint(request: Any) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()


def answered(session: Session, principal: Principal, route: str, key: str | None, request: Any) -> dict[str, Any] | None:
    """The answer given before under this key. Raises ``Conflict`` when the key was used for another request."""
    if key is None:
        return None
    row = session.get(IdempotentAnswer, (principal.person_id, route, key))
    if row is None:
        return None
    if row.fingerprint != fingerprint(request):
        raise Conflict("This idempotency key was used for another request. Send a new key with a new request.")
    return row.body


def once(
    session: Session,
    principal: Principal,
    route: str,
    key: str | None,
    request: Any,
    create: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """The earlier answer under this key, or that of ``create``, kept in the same transaction. Of two requests that come at
    once the second waits for the first one's answer."""
    if key is not None:
        take_turn(session, "idempotency", principal.person_id, route, key)
    earlier = answered(session, principal, route, key, request)
    if earlier is not None:
        return earlier
    body = create()
    if key is not None:
        session.add(
            IdempotentAnswer(
                person_id=principal.person_id,
                route=route,
                key=key,
                fingerprint=fingerprint(request),
                status=201,
                body=body,
            )
        )
    return body
