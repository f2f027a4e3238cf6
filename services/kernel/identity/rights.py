"""What each role may do, in one table, and the one function that answers "may this person do this to this item, now?"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from services.kernel.model import ItemState, Role
from services.kernel.tables import Item


class Right(StrEnum):
    """An act on the archive. What is not granted to a role below is refused."""

    SELF = "self"
    """See who one is; sign out."""
    DELIVER = "deliver"
    """Open batches and hand in files."""
    SEARCH = "search"
    """Hit lists and the catalogue, masked unless CONTENT is held for the item."""
    CONTENT = "content"
    """Text, pictures, PDF and unmasked fields, within the scope."""
    JOBS = "jobs"
    """See parked jobs and send them off again."""
    PEOPLE = "people"
    """Add people and give roles."""
    LEDGER = "ledger"
    """Read and export the ledger."""
    METRICS = "metrics"
    """Counters for monitoring."""


class Scope(StrEnum):
    """Whose items are visible."""

    NONE = "none"
    OWN = "own"
    ALL = "all"


_R = Right
ROLE_RIGHTS = MappingProxyType(
    {
        Role.CLERK: frozenset({_R.SELF, _R.DELIVER, _R.SEARCH, _R.CONTENT}),
        Role.SERVICE: frozenset({_R.SELF, _R.DELIVER}),
        Role.STAFF: frozenset({_R.SELF, _R.SEARCH}),
        Role.DEPARTMENT_HEAD: frozenset({_R.SELF, _R.SEARCH}),
        Role.COMPANY_LEADER: frozenset({_R.SELF, _R.SEARCH}),
        Role.ARCHIVIST: frozenset({_R.SELF, _R.DELIVER, _R.SEARCH, _R.CONTENT, _R.JOBS}),
        Role.WITNESS: frozenset({_R.SELF}),
        Role.AUDITOR: frozenset({_R.SELF, _R.LEDGER, _R.METRICS}),
        Role.ADMIN: frozenset({_R.SELF, _R.PEOPLE, _R.JOBS, _R.METRICS}),
    }
)
"""Three powers are kept apart (三员分立): who runs the system reads no content, who audits it changes nothing."""

SEES_ALL = frozenset({Role.ARCHIVIST, Role.STAFF, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER})
CONTENT_OF_ALL = frozenset({Role.ARCHIVIST})


@dataclass(frozen=True, slots=True)
class Principal:
    """The person behind a request, with the roles held now."""

    person_id: str
    name: str
    roles: frozenset[Role]
    department: str | None = None
    by_cookie: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        return frozenset().union(*(ROLE_RIGHTS[role] for role in self.roles))

    def may(self, right: Right) -> bool:
        return right in self.rights

    @property
    def scope(self) -> Scope:
        """Whose items this person may know of."""
        if self.roles & SEES_ALL:
            return Scope.ALL
        return Scope.OWN if self.may(Right.DELIVER) or self.may(Right.SEARCH) else Scope.NONE

    @property
    def masked(self) -> bool:
        """Whether hit lists show masks: they do unless everything listed is open to this person anyway."""
        return not (self.roles & CONTENT_OF_ALL or (self.may(Right.CONTENT) and self.scope is Scope.OWN))


def may(principal: Principal, right: Right, item: Item) -> bool:
    """May this person do this to this item, now? SEARCH means to know of it, CONTENT to open it."""
    if not principal.may(right) or item.state == ItemState.DESTROYED:
        return False
    own = item.owner_id == principal.person_id
    if right is Right.CONTENT:
        return (own or bool(principal.roles & CONTENT_OF_ALL)) and not item.restricted
    return own or principal.scope is Scope.ALL
