"""Proofs from the ledger as it stands. Each is checked before it is given: one that does not hold is an alarm, not an
answer."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.kernel.errors import Conflict, IntegrityError, NotFound
from services.kernel.ledger.checkpoints import standing
from services.kernel.ledger.note import Signer, verify
from services.kernel.ledger.proof_files import Consistency, Inclusion
from services.kernel.ledger.subtrees import Subtrees
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry

NO_CHECKPOINT = "There is no checkpoint over so many entries. List the checkpoints to find one."


class Prover:
    """Proves entries under one checkpoint, signed at this moment over all that is entered."""

    def __init__(self, session: Session, signer: Signer) -> None:
        self.note, self._key = standing(session, signer), signer.verifier_key
        self._size, self._subtrees = verify(self.note, self._key).size, Subtrees(session)

    def prove(self, position: int, data: bytes, *, whole: bool = True) -> Inclusion:
        """``whole``: with the entry in it."""
        proof = Inclusion(position, tuple(self._subtrees.inclusion(position, self._size)), self.note, data if whole else None)
        try:
            proof.check(self._key, data)
        except ValueError as error:
            raise IntegrityError(f"Entry {position} of the ledger was changed in the catalogue: {error}.") from None
        return proof


def inclusion(session: Session, signer: Signer, position: int) -> Inclusion:
    entry = session.get(LedgerEntry, position)
    if entry is None:
        raise NotFound("The ledger has no entry of this number.")
    return Prover(session, signer).prove(position, entry.data)


def consistency(session: Session, signer: Signer, old: int, new: int | None) -> Consistency:
    """That the ledger of checkpoint ``new``, or as it stands, begins with that of checkpoint ``old``."""
    before = checkpoint(session, old).note
    after = checkpoint(session, new).note if new is not None else standing(session, signer)
    size = verify(after, signer.verifier_key).size
    if size < old:
        raise Conflict("The second checkpoint is older than the first. Ask the other way round.")
    proof = Consistency(old, tuple(Subtrees(session).consistency(old, size)), after)
    try:
        proof.check(before, signer.verifier_key)
    except ValueError as error:
        raise IntegrityError(f"The ledger does not go on from its checkpoint over {old} entries: {error}.") from None
    return proof


def checkpoint(session: Session, size: int) -> LedgerCheckpoint:
    row = session.get(LedgerCheckpoint, size)
    if row is None:
        raise NotFound(NO_CHECKPOINT)
    return row
