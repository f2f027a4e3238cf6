"""Opening a package, giving it out, and entering what the other side decided on each item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.custody.packages.receipts import Receipt
from services.custody.packages.tables import OPEN, Package, PackageLine, PackageState
from services.kernel import notices, series
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.dialects import TO_CHANGE, take_turn
from services.kernel.errors import Conflict, NotFound
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty, Subject
from services.kernel.identity.rights import Principal
from services.kernel.items import move
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Item

LETTERS = "YJB"
"""移交包: what the numbers of packages begin with."""
REASON_CONTEXT = "package_lines.reason"


def open_package(
    session: Session, actor: Principal, title: str, receiver: str, items: Sequence[Item], *, request: str
) -> Package:
    """Freezes the list and has its items examined for the transfer. Raises ``Conflict`` for what may not leave the archive."""
    take_turn(session, "packages")
    require_free(items)
    going = select(PackageLine.item_id).join(Package, Package.id == PackageLine.package_id)
    mine = (PackageLine.item_id.in_([item.id for item in items]), Package.state.in_(OPEN))
    if elsewhere := session.scalars(going.where(*mine)).all():
        raise Conflict(f"In another package that is open: {', '.join(elsewhere)}. Have that one ended first.")
    package = Package(
        number=series.of_this_year(session, LETTERS),
        title=title,
        receiver=receiver,
        until=journal.length(session),
        opened_by=actor.person_id,
    )
    session.add(package)
    session.flush()
    duties.assume(session, actor, Duty.HAND_OVER, _subject(package))
    session.add_all(
        PackageLine(package_id=package.id, item_id=item.id, position=position, revision=item.revision)
        for position, item in enumerate(items, 1)
    )
    session.flush()
    session.refresh(package)
    examine(session, actor, package, request=request)
    return package


def examine(session: Session, actor: Principal, package: Package, *, request: str) -> None:
    """Has the four checks done (again)."""
    require(package, PackageState.CHECKING, PackageState.BLOCKED)
    package.state = PackageState.CHECKING
    ids = [line.item_id for line in package.lines]
    payload = {"items": ids, "occasion": "transfer", "package": package.id}
    jobs.enqueue(session, Stage.EXAMINE, f"{package.id}:{request}", payload)
    journal.append(session, "package.open", actor=actor.person_id, request=request, package=package.id, items=ids)


def examined(session: Session, package_id: str, *, passed: bool) -> None:
    """The four checks are done; whoever opened the package is told."""
    package = session.get(Package, package_id, with_for_update=TO_CHANGE)
    if package is None or package.state != PackageState.CHECKING:
        return
    package.state = PackageState.READY if passed else PackageState.BLOCKED
    notices.notify(session, [package.opened_by], f"package.{package.state}", "package", package.id, number=package.number)
    journal.append(session, "package.examine", actor=None, result=package.state, package=package.id)


def sent(session: Session, actor: Principal, package: Package, digest: str, *, request: str) -> None:
    """The whole of it went out, with this digest. It differs from an earlier one only if an entry was changed since."""
    if package.state in (PackageState.READY, PackageState.SENT):
        package.state, package.digest, package.sent_at = PackageState.SENT, digest, now()
        journal.append(session, "package.send", actor=actor.person_id, request=request, package=package.id, digest=digest)


def receive(session: Session, vault: Vault, actor: Principal, package: Package, receipt: Receipt, *, request: str) -> None:
    """Enters the receipt: what was accepted is TRANSFERRED, what was rejected stays. Entered by another person than the one who
    handed over. Raises ``Conflict`` for a receipt of something else, or where an item may not leave any more."""
    require(package, PackageState.SENT)
    duties.assume(session, actor, Duty.TAKE_OVER, _subject(package))
    if receipt.package != package.number or receipt.digest != package.digest:
        raise Conflict("This receipt is of another package, or of another state of this one. Send the package again.")
    lines = {line.item_id: line for line in package.lines}
    reasons = {each.item_id: each.reason for each in receipt.rejected}
    if set(lines) != {*receipt.accepted, *reasons}:
        raise Conflict("The receipt does not decide on each item of the package, or on others. Ask for a whole one.")
    query = select(Item).where(Item.id.in_(lines)).order_by(Item.id).with_for_update(key_share=True)
    items = {item.id: item for item in session.scalars(query)}
    require_free([items[each] for each in receipt.accepted])
    for item_id, line in lines.items():
        line.accepted = item_id not in reasons
        if line.accepted:
            move(session, items[item_id], ItemState.TRANSFERRED)
        else:
            line.reason_sealed = vault.seal_text(session, items[item_id].key_id, REASON_CONTEXT, reasons[item_id])
    package.state, package.ended_by, package.ended_at = PackageState.CLOSED, actor.person_id, now()
    notices.notify(session, [package.opened_by], "package.closed", "package", package.id, number=package.number)
    told: dict[str, Any] = {"package": package.id, "digest": package.digest}
    for item_id in sorted(lines):
        act = "item.transfer" if lines[item_id].accepted else "item.transfer-rejected"
        journal.append(session, act, actor=actor.person_id, item=item_id, request=request, **told)
    journal.append(session, "package.receive", actor=actor.person_id, request=request, **told)


def cancel(session: Session, actor: Principal, package: Package, *, request: str) -> None:
    """Takes it back: its items stay where they are. One that was sent is to be destroyed by whoever has it."""
    require(package, *OPEN)
    package.state, package.ended_by, package.ended_at = PackageState.CANCELLED, actor.person_id, now()
    journal.append(session, "package.cancel", actor=actor.person_id, request=request, package=package.id)


def package_for(session: Session, package_id: str, *, to_change: bool = False) -> Package:
    found = session.get(Package, package_id, with_for_update=TO_CHANGE if to_change else None)
    if found is None:
        raise NotFound("There is no such package. List the packages to find it.")
    return found


def require(package: Package, *states: PackageState) -> None:
    if package.state not in states:
        raise Conflict(f"This package is {package.state}; this needs one that is {' or '.join(states)}.")


def require_free(items: Sequence[Item]) -> None:
    """Raises ``Conflict`` for what is not archived, held (保留), on loan, missing or restricted: none of it leaves."""
    bound = [
        f"{item.id} is {why}"
        for item in items
        for why, so in (
            (item.state, item.state != ItemState.ARCHIVED),
            ("held", item.holds > 0),
            ("on loan", item.on_loan),
            ("missing", item.missing),
            ("restricted", item.restricted),
        )
        if so
    ]
    if bound:
        raise Conflict(f"Not everything may leave the archive: {'; '.join(bound[:10])}. Leave it out, or end what binds it.")


def _subject(package: Package) -> Subject:
    return Subject("package", package.id, package.opened_at)
