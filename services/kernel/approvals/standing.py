"""How far an approval has come: rounds follow each other, the approvers of one round are asked at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.kernel.policy.model import Approver, Round


@dataclass(frozen=True, slots=True)
class Signature:
    """One valid decision: for which approver of which round, by which natural person, and whether it says yes."""

    round: int
    approver: int
    natural_id: str
    approves: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """An approver that is asked now, and how many signatures are still missing there."""

    round: int
    approver: int
    rule: Approver
    missing: int


@dataclass(frozen=True, slots=True)
class Standing:
    """``seats`` are those that are asked now; empty once it is decided."""

    approved: bool
    rejected: bool
    seats: tuple[Seat, ...]

    @property
    def open(self) -> bool:
        return bool(self.seats)


def standing(rounds: Sequence[Round], signatures: Sequence[Signature]) -> Standing:
    """One refusal ends it. A person counts once a round, for the first seat that they signed; no rounds is approved."""
    if any(not each.approves for each in signatures):
        return Standing(approved=False, rejected=True, seats=())
    for number, each in enumerate(rounds):
        if seats := _open_seats(number, each, signatures):
            return Standing(approved=False, rejected=False, seats=seats)
    return Standing(approved=True, rejected=False, seats=())


def _open_seats(number: int, approvers: Round, signatures: Sequence[Signature]) -> tuple[Seat, ...]:
    counted: set[str] = set()
    seats = []
    for place, rule in enumerate(approvers):
        signed = {each.natural_id for each in signatures if (each.round, each.approver) == (number, place)} - counted
        counted |= signed
        if len(signed) < rule.quorum:
            seats.append(Seat(number, place, rule, rule.quorum - len(signed)))
    return tuple(seats)
