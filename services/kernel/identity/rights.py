"""What each role may do, in one table, and whose items a person may know of."""

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
    POLICY_EDIT = "policy_edit"
    """Propose a change of policy."""
    POLICY_APPROVE = "policy_approve"
    """Put a proposed policy in force, or reject it."""
    FILE = "file"
    """Check, correct, catalogue and submit what was read (整理)."""
    SIGN_OFF = "sign_off"
    """Sign the filing form, by which an item becomes part of the archive (归档签字)."""
    ASK = "ask"
    """Request access: 查阅, 借阅, 复制, 咨询."""
    DECIDE = "decide"
    """Sign what waits for one's approval, by one's role or by delegation."""
    LEND = "lend"
    """Hand out and take back paper, make copies, keep the registers."""
    REGISTERS = "registers"
    """See all requests, grants, loans and copies, whoever asked for them, and take the registers along."""
    CONDUCT = "conduct"
    """Enter rewards and violations (奖惩)."""
    HOLD = "hold"
    """Place and release holds."""
    APPRAISE = "appraise"
    """Give opinions on what is due, and put destruction batches together (鉴定)."""
    EXECUTE = "execute"
    """Carry out an approved destruction."""
    WITNESS = "witness"
    """Count before and sign after (监销)."""
    OVERSEE = "oversee"
    """Inspect how the archive is kept, and say what is to be mended (检查)."""
    KEEP = "keep"
    """Inspections, fixity, backups, handover."""


class Scope(StrEnum):
    """Whose items are visible."""

    NONE = "none"
    OWN = "own"
    ALL = "all"


_R = Right
ROLE_RIGHTS = MappingProxyType(
    {
        Role.CLERK: frozenset({_R.SELF, _R.DELIVER, _R.SEARCH, _R.CONTENT, _R.FILE}),
        Role.SERVICE: frozenset({_R.SELF, _R.DELIVER}),
        Role.MONITOR: frozenset({_R.SELF, _R.METRICS}),
        Role.STAFF: frozenset({_R.SELF, _R.SEARCH, _R.ASK}),
        Role.DEPARTMENT_HEAD: frozenset({_R.SELF, _R.SEARCH, _R.ASK, _R.DECIDE, _R.HOLD, _R.CONDUCT}),
        Role.COMPANY_LEADER: frozenset(
            {_R.SELF, _R.SEARCH, _R.ASK, _R.DECIDE, _R.HOLD, _R.POLICY_APPROVE, _R.REGISTERS, _R.CONDUCT, _R.OVERSEE}
        ),
        Role.ARCHIVIST: frozenset(
            {
                *(_R.SELF, _R.DELIVER, _R.SEARCH, _R.CONTENT, _R.JOBS, _R.FILE, _R.SIGN_OFF, _R.ASK, _R.DECIDE),
                *(_R.LEND, _R.REGISTERS, _R.CONDUCT, _R.HOLD, _R.APPRAISE, _R.EXECUTE, _R.KEEP, _R.POLICY_EDIT),
            }
        ),
        Role.WITNESS: frozenset({_R.SELF, _R.WITNESS}),
        Role.AUDITOR: frozenset({_R.SELF, _R.LEDGER, _R.METRICS, _R.REGISTERS}),
        Role.ADMIN: frozenset({_R.SELF, _R.PEOPLE, _R.JOBS, _R.METRICS}),
    }
)
"""Three powers are kept apart (三员分立): who runs the system reads no content, who audits it changes nothing."""

DELEGABLE = frozenset({_R.DECIDE})
"""What a delegation lends."""

SEES_ALL = frozenset({Role.ARCHIVIST, Role.STAFF, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER})
CONTENT_OF_ALL = frozenset({Role.ARCHIVIST})


@dataclass(frozen=True, slots=True)
class Principal:
    """The person behind a request, with the roles held now. ``natural_id`` is the natural person's; ``delegated``: roles that
    others have delegated to them, in which they may decide and nothing else. ``must_enrol``: they have no second factor and
    need one, so until then they may look at themselves alone. ``unnoted``: the credential's use is to be written down."""

    person_id: str
    name: str
    roles: frozenset[Role]
    department: str | None = None
    by_cookie: bool = False
    natural_id: str = ""
    delegated: frozenset[Role] = frozenset()
    credential_id: str = ""
    unnoted: bool = False
    must_enrol: bool = False
    by_provider: bool = False

    def __post_init__(self) -> None:
        if not self.natural_id:
            object.__setattr__(self, "natural_id", self.person_id)

    @property
    def rights(self) -> frozenset[Right]:
        if self.must_enrol:
            return frozenset({Right.SELF})
        own: frozenset[Right] = frozenset().union(*(ROLE_RIGHTS[role] for role in self.roles))
        lent: frozenset[Right] = frozenset().union(*(ROLE_RIGHTS[role] for role in self.delegated))
        return own | (lent & DELEGABLE)

    def may(self, right: Right) -> bool:
        return right in self.rights

    @property
    def scope(self) -> Scope:
        """Whose items this person may know of."""
        if self.roles & SEES_ALL:
            return Scope.ALL
        return Scope.OWN if self.may(Right.DELIVER) or self.may(Right.SEARCH) else Scope.NONE


def may_know(principal: Principal, item: Item) -> bool:
    """May this person know that the item exists? Whether they may open it is ``grants.opening``'s to say."""
    if not principal.may(Right.SEARCH) or item.state == ItemState.DESTROYED:
        return False
    return item.owner_id == principal.person_id or principal.scope is Scope.ALL
