"""Gathering what the rules ask: from the catalogue, the ledger and the stored master."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.custody.fixity import repository as fixity
from services.custody.fixity.tables import ObjectCheck, Result
from services.custody.properties.rules import HEAD, Facts
from services.kernel.blobs.scratch import fetch_master
from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.core import Kernel
from services.kernel.errors import IntegrityError, NotFound, ParserRefused
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.malware import Scanner
from services.kernel.model import ItemState, PageState, RenditionKind
from services.kernel.policy import versions
from services.kernel.policy.model import Policy
from services.kernel.tables import File, Item, Page, Rendition

PRESENT = frozenset({ItemState.ARCHIVED, ItemState.DUE, ItemState.IN_BATCH, ItemState.APPROVED})


@dataclass(frozen=True, slots=True)
class Master:
    """What the stored master showed."""

    content: str
    head: bytes = b""
    size: int = 0
    scan: str = "none"


def gather(kernel: Kernel, session: Session, item: Item, master: Master) -> Facts:
    policy = versions.current(session).policy
    file = session.get_one(File, item.file_id)
    pages = session.scalars(select(Page).where(Page.item_id == item.id).order_by(Page.number)).all()
    read = [page for page in pages if page.state == PageState.READ]
    kinds = _renditions(session, item)
    return Facts(
        reference_code=item.reference_code,
        final=not item.reference_code_draft,
        type_known=item.type in policy.taxonomy.types,
        titled=item.title_sealed is not None,
        archived_entry=_is_on_the_ledger(session, item),
        content=master.content,
        head=master.head,
        size_matches=master.size == file.size,
        media_type=file.media_type,
        encrypted=any(problem.get("code") == "encrypted" for problem in file.problems),
        pages=tuple(page.number for page in pages),
        unread=len(pages) - len(read),
        undescribed=sum(1 for page in read if not (page.width and page.height and page.engine)),
        pictures=kinds.get(RenditionKind.PAGE_PICTURE, 0),
        pdf=RenditionKind.PDF in kinds,
        readable=len(read),
        faulty=_faulty(session, item),
        copies=2 if kernel.settings.backup_objects_url else 1,
        scan=master.scan,
        lacking=tuple(_lacking(session, policy, item)),
    )


def look_at_master(kernel: Kernel, session: Session, item: Item) -> Master:
    """Reads the master whole: opened under its key and held against its digest, and shown to the scanner where one is set."""
    file = session.get_one(File, item.file_id)
    if file.master is None:
        return Master("missing")
    try:
        source = fetch_master(session, kernel.vault, kernel.objects, file.master)
    except NotFound:
        return Master("missing")
    except IntegrityError:
        return Master("damaged")
    with source:
        head = source.read(HEAD)
        return Master("whole", head, source.seek(0, 2), _scanned(kernel, source))


def _scanned(kernel: Kernel, source: object) -> str:
    if kernel.settings.clamd is None:
        return "none"
    try:
        Scanner(kernel.settings.clamd).scan(source)  # type: ignore[arg-type]
    except ParserRefused:
        return "infected"
    return "clean"


def _renditions(session: Session, item: Item) -> dict[str, int]:
    """Of the present revision, by kind."""
    mine = (Rendition.item_id == item.id, Rendition.revision == item.revision)
    return {
        row[0]: row[1] for row in session.execute(select(Rendition.kind, func.count()).where(*mine).group_by(Rendition.kind))
    }


def _is_on_the_ledger(session: Session, item: Item) -> bool:
    entry = select(LedgerEntry.position).where(LedgerEntry.item_id == item.id, LedgerEntry.act == "item.archive")
    return session.scalar(entry.limit(1)) is not None


def _faulty(session: Session, item: Item) -> int:
    ids = [each.id for each in fixity.objects_of(session, item)]
    damaged = (ObjectCheck.blob_id.in_(ids), ObjectCheck.result == Result.DAMAGED)
    return session.scalar(select(func.count()).select_from(ObjectCheck).where(*damaged)) or 0


def _lacking(session: Session, policy: Policy, item: Item) -> list[str]:
    """Lines of the checklists of the customers' files it lies in that no paper fills."""
    lacking = []
    files = select(CaseFile.id, CaseFile.business_type).join(CaseFileItem, CaseFileItem.file_id == CaseFile.id)
    for file_id, business_type in session.execute(files.where(CaseFileItem.item_id == item.id)):
        beside = select(Item.type).join(CaseFileItem, CaseFileItem.item_id == Item.id).where(CaseFileItem.file_id == file_id)
        there = set(session.scalars(beside.where(Item.state.in_(PRESENT))))
        lines = policy.filing.checklists.get(business_type, ())
        lacking += ["/".join(line) for line in lines if not there & set(line)]
    return lacking
