"""The files of a package: each item's master, its searchable PDF/A and its metadata, read one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.custody.packages import metadata
from services.custody.packages.bag import Payload
from services.custody.packages.tables import Package
from services.kernel.blobs.keys import Vault
from services.kernel.core import Kernel
from services.kernel.errors import NotFound
from services.kernel.model import RenditionKind
from services.kernel.tables import Blob, File, Item, Rendition

INDEX, MASTER, PDF, CORE, EVENTS = "package.json", "master", "document.pdf", "dublin-core.json", "premis-events.json"
ENDINGS = {
    "application/pdf": "pdf",
    "image/tiff": "tif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an item's files are made of, looked up while the item was locked."""

    folder: str
    small: dict[str, bytes]
    objects: list[tuple[str, Blob, bytes]]


def prepare(session: Session, vault: Vault, package: Package) -> list[Prepared]:
    """Everything but the objects themselves. Raises ``NotFound`` for what was destroyed."""
    prepared = [_item(session, vault, package, line.position, line.item_id) for line in package.lines]
    index = {
        "number": package.number,
        "title": package.title,
        "receiver": package.receiver,
        "opened_at": package.opened_at.isoformat(),
        "items": [
            {"position": line.position, "item_id": line.item_id, "folder": each.folder}
            for line, each in zip(package.lines, prepared, strict=True)
        ],
    }
    return [Prepared("", {INDEX: metadata.to_bytes(index)}, []), *prepared]


def payload(kernel: Kernel, prepared: list[Prepared]) -> Iterator[Payload]:
    for each in prepared:
        inside = f"{each.folder}/" if each.folder else ""
        for name, content in each.small.items():
            yield Payload(inside + name, [content])
        for name, blob, key in each.objects:
            yield Payload(inside + name, kernel.objects.read(blob.name, key, sha256=blob.sha256))


def _item(session: Session, vault: Vault, package: Package, position: int, item_id: str) -> Prepared:
    item = session.get_one(Item, item_id)
    file = session.get_one(File, item.file_id)
    if file.master is None:
        raise NotFound(f"The master of item {item.id} is not there any more. Cancel the package and open another without it.")
    ending = ENDINGS.get(file.media_type or "", "bin")
    objects = [(f"{MASTER}.{ending}", file.master, vault.key(session, file.master.key_id))]
    pdf = select(Blob).join(Rendition, Rendition.blob_id == Blob.id)
    mine = (Rendition.item_id == item.id, Rendition.kind == RenditionKind.PDF, Rendition.revision == item.revision)
    if (blob := session.scalar(pdf.where(*mine))) is not None:
        objects.append((PDF, blob, vault.key(session, blob.key_id)))
    small = {
        CORE: metadata.to_bytes(metadata.dublin_core(session, vault, item)),
        EVENTS: metadata.to_bytes(metadata.premis(session, item, package.until)),
    }
    return Prepared(f"{position:04d}-{item.reference_code or item.id}", small, objects)
