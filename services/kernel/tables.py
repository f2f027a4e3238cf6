"""The catalogue: what two rooms must agree on. Columns named ``…_sealed`` are ciphertext under the data key of the row's
item or file: text and personal values lie in plain nowhere in here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.ids import new_id

Id = String(36)


class DataKey(Base):
    """A wrapped data key. Once ``wrapped`` is emptied, nothing written under it can be opened again, in any copy."""

    __tablename__ = "data_keys"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    master: Mapped[str] = mapped_column(String(64))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Blob(Base):
    """One stored object. ``sha256`` and ``size`` are of the content, ``stored_sha256`` of the ciphertext at rest."""

    __tablename__ = "blobs"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"), index=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    stored_sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Batch(Base):
    """One delivery of files by one person (批次)."""

    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class File(Base):
    """A delivered file, its master and what inspection said. Its name may hold a person's name, so it is sealed."""

    __tablename__ = "files"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id"), index=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    master_id: Mapped[str | None] = mapped_column(ForeignKey("blobs.id"))
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str | None] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(16), index=True)
    duplicate_of: Mapped[str | None] = mapped_column(ForeignKey("files.id"))
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    batch: Mapped[Batch] = relationship()
    master: Mapped[Blob | None] = relationship()


class Item(Base):
    """An archival item (件): one document with its own data key. ``revision`` grows with every new reading."""

    __tablename__ = "items"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id"), index=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id"), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("data_keys.id"))
    position: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(16), index=True)
    holds: Mapped[int] = mapped_column(Integer, default=0)
    on_loan: Mapped[bool] = mapped_column(Boolean, default=False)
    restricted: Mapped[bool] = mapped_column(Boolean, default=False)
    missing: Mapped[bool] = mapped_column(Boolean, default=False)
    fragile: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Fragile or vital (易损、易丢失): its paper is scanned first and lent only where policy says so."""
    department: Mapped[str | None] = mapped_column(String(80))
    customer_type: Mapped[str | None] = mapped_column(String(40))
    business_type: Mapped[str | None] = mapped_column(String(40))
    type: Mapped[str | None] = mapped_column(String(40), index=True)
    type_confidence: Mapped[float | None] = mapped_column(Float)
    type_by: Mapped[str | None] = mapped_column(String(40))
    """What decided the type: ``rules``, ``model 3``, ``cover sheet``, ``person``."""
    type_words_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The words that decided, one a line: they are the document's own."""
    retention_class: Mapped[str | None] = mapped_column(String(40))
    """The retention class that its clock follows, since the schedule first saw it archived; another type changes it only once
    somebody has confirmed that (hard case 11)."""
    reference_code: Mapped[str | None] = mapped_column(String(80), unique=True)
    reference_code_draft: Mapped[bool] = mapped_column(Boolean, default=True)
    title_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    cover_type: Mapped[str | None] = mapped_column(String(40))
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    indexed_revision: Mapped[int | None] = mapped_column(Integer)
    edits: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How often the entry was changed by a person or by its state: what was indexed before is stale."""

    file: Mapped[File] = relationship()
    pages: Mapped[list[Page]] = relationship(order_by="Page.number", back_populates="item")
    fields: Mapped[list[FieldValue]] = relationship(order_by="FieldValue.id", back_populates="item")


class Page(Base):
    """A page of an item. ``number`` counts within the item, ``file_page`` within the master; both from 1.
    ``reading_sealed`` is the whole ``PageReading``, fetched only where it is asked for."""

    __tablename__ = "pages"
    __table_args__ = (UniqueConstraint("item_id", "number"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    file_page: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    blank: Mapped[bool] = mapped_column(Boolean, default=False)
    phash: Mapped[str | None] = mapped_column(String(16))
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    dpi: Mapped[float | None] = mapped_column(Float)
    colour_mode: Mapped[str | None] = mapped_column(String(16))
    rotation: Mapped[int | None] = mapped_column(Integer)
    skew: Mapped[float | None] = mapped_column(Float)
    confidence: Mapped[float | None] = mapped_column(Float)
    engine: Mapped[str | None] = mapped_column(String(120))
    reading_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    times_read: Mapped[int] = mapped_column(Integer, default=0)
    """How often a reading of this page was stored: more than once a revision would be work done twice."""

    item: Mapped[Item] = relationship(back_populates="pages")


class PageBand(Base):
    """One band of a page's 64-bit perceptual hash, by which rescans are found. Two hashes that differ in at most 7 bits share
    one of 8 bands."""

    __tablename__ = "page_bands"

    page_id: Mapped[str] = mapped_column(ForeignKey("pages.id"), primary_key=True)
    band: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[int] = mapped_column(Integer, index=True)


class Rendition(Base):
    """A use copy made from the master: a page picture or the searchable PDF. A new revision supersedes, it never overwrites."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("item_id", "kind", "page", "revision"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    blob_id: Mapped[str] = mapped_column(ForeignKey("blobs.id"))
    kind: Mapped[str] = mapped_column(String(16))
    page: Mapped[int] = mapped_column(Integer, default=0)
    revision: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    blob: Mapped[Blob] = relationship()


class FieldValue(Base):
    """One value of one field, with where it came from and who vouches for it (rules.md, behaviours 4 and 20).
    ``verification`` is ``read``, ``confirmed`` or ``certified``; ``lookup`` the keyed HMAC of an identifier. A correction is a
    row of its own that ``replaces`` an older one, which stays; an empty value strikes it out."""

    __tablename__ = "field_values"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(40))
    value_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    raw_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    page: Mapped[int] = mapped_column(Integer)
    box: Mapped[list[list[float]]] = mapped_column(JSON)
    confidence: Mapped[float] = mapped_column(Float)
    check: Mapped[str] = mapped_column(String(8))
    repaired: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    share: Mapped[str | None] = mapped_column(String(20))
    """What a party holds of the whole, in percent."""
    source: Mapped[str] = mapped_column(String(120))
    verification: Mapped[str] = mapped_column(String(16), default="read")
    verifier_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lookup: Mapped[str | None] = mapped_column(String(64), index=True)
    replaces: Mapped[str | None] = mapped_column(Id, index=True)

    item: Mapped[Item] = relationship(back_populates="fields")


class Party(Base):
    """A person or organisation as named by one item. Parties are never merged on unverified text (hard case 9), so each
    item has its own until someone confirms that two are one: then they share a ``subject_id``."""

    __tablename__ = "parties"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    role: Mapped[str] = mapped_column(String(40))
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    share: Mapped[str | None] = mapped_column(String(20))
    confirmed: Mapped[bool] = mapped_column(Boolean, default=False)
    subject_id: Mapped[str | None] = mapped_column(Id, index=True)


class Rescan(Base):
    """The scan that a revision of an item was read from before another took its place (重扫). The old file and what was made
    of it are superseded, not lost; whoever destroys the item destroys them too."""

    __tablename__ = "rescans"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    """The item's revision that the new scan makes."""
    old_file_id: Mapped[str] = mapped_column(ForeignKey("files.id"))
    new_file_id: Mapped[str] = mapped_column(ForeignKey("files.id"))
    reason: Mapped[str | None] = mapped_column(String(40))
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Counter(Base):
    """The last number given out in one series, so that every 档号 is unique and a gap can be seen."""

    __tablename__ = "counters"

    series: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(Integer, default=0)
