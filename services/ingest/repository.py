"""What ingest asks of the catalogue."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from services.ingest.facts import PageFacts
from services.kernel.blobs.keys import Vault
from services.kernel.dialects import take_turn
from services.kernel.model import FileState, ItemState, PageState
from services.kernel.queue.stages import Stage
from services.kernel.queue.tables import Job, JobState
from services.kernel.tables import Batch, File, Item, Page


def same_content(session: Session, sha256: str) -> File | None:
    """The first file with this content whose master is kept. Until the transaction ends nobody else takes the same content in,
    and nothing is decided on it: of two copies that come at once one is kept."""
    take_turn(session, "content", sha256)
    query = select(File).where(File.sha256 == sha256, File.master_id.is_not(None)).order_by(File.id).limit(1)
    return session.scalar(query)


def mark_duplicate(file: File, twin: File) -> None:
    """A copy of a rejected file is rejected for the same reasons; any other is a duplicate."""
    file.duplicate_of = twin.id
    file.media_type = twin.media_type
    file.state = FileState.REJECTED if twin.state == FileState.REJECTED else FileState.DUPLICATE
    file.problems = list(twin.problems) if twin.state == FileState.REJECTED else []


def reject(session: Session, file: File, problems: list[dict[str, Any]]) -> None:
    """Rejects a file and the copies of it that were handed in while it waited to be looked at."""
    take_turn(session, "content", file.sha256)
    for each in (file, *session.scalars(select(File).where(File.duplicate_of == file.id))):
        each.state, each.problems = FileState.REJECTED, list(problems)


def files_of(session: Session, batch_id: str) -> list[File]:
    return list(session.scalars(select(File).where(File.batch_id == batch_id).order_by(File.id)))


def items_of(session: Session, batch_id: str) -> list[Item]:
    query = select(Item).where(Item.batch_id == batch_id).order_by(Item.id).options(selectinload(Item.pages))
    return list(session.scalars(query))


def batches(session: Session, owner_id: str | None, after: str | None, limit: int) -> list[Batch]:
    """Newest first; of one person, or of all."""
    query = select(Batch).order_by(Batch.id.desc()).limit(limit)
    if owner_id is not None:
        query = query.where(Batch.owner_id == owner_id)
    if after is not None:
        query = query.where(Batch.id < after)
    return list(session.scalars(query))


def parked_jobs(session: Session, batch_id: str) -> list[Job]:
    return list(session.scalars(select(Job).where(Job.batch_id == batch_id, Job.state == JobState.PARKED)))


def open_jobs(session: Session, batch_id: str) -> int:
    """Jobs of the batch that will still be done without anyone's help, and those that will tell what its duplicates are."""
    going = (JobState.QUEUED, JobState.LEASED)
    copies = select(File.duplicate_of).where(File.batch_id == batch_id, File.state == FileState.DUPLICATE)
    looks = [f"{Stage.INSPECT}:{original}" for original in session.scalars(copies)]
    query = select(func.count()).where(or_(Job.batch_id == batch_id, Job.key.in_(looks)), Job.state.in_(going))
    return session.scalar(query) or 0


def page_counts(session: Session, batch_id: str) -> tuple[int, int]:
    """Pages of the batch in all, and those done with, be it with a problem."""
    query = select(Page.state, func.count()).join(Item).where(Item.batch_id == batch_id).group_by(Page.state)
    counts: dict[str, int] = {state: count for state, count in session.execute(query)}  # noqa: C416 - rows are no tuples
    return sum(counts.values()), sum(counts.values()) - counts.get(PageState.PENDING, 0)


def add_item(
    session: Session, vault: Vault, file: File, owner_id: str, position: int, cover_type: str | None, title: str | None
) -> Item:
    """A new item under a data key of its own."""
    key = vault.new_key(session)
    item = Item(
        batch_id=file.batch_id,
        file_id=file.id,
        owner_id=owner_id,
        key_id=key.id,
        position=position,
        state=ItemState.RECEIVED,
        cover_type=cover_type,
        title_sealed=vault.seal_text(session, key.id, "items.title", title) if title else None,
    )
    session.add(item)
    session.flush()
    return item


def add_page(session: Session, item: Item, number: int, facts: PageFacts) -> Page:
    problems: list[dict[str, Any]] = [] if facts.problem is None else [facts.problem.to_json()]
    page = Page(
        item_id=item.id,
        number=number,
        file_page=facts.number,
        state=PageState.FAILED if facts.problem is not None else PageState.PENDING,
        blank=facts.blank,
        phash=facts.phash,
        dpi=facts.dpi,
        colour_mode=facts.colour_mode,
        problems=problems,
    )
    session.add(page)
    return page
