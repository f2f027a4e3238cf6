"""``muniment read``: reading without storing."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.progress import Progress

from services.cli.common import INCOMPLETE, JsonOption, print_json, settings_for
from services.ingest.facts import PageFacts
from services.ingest.inspector import Inspector
from services.ingest.separators import Stack, split
from services.kernel.errors import ParserRefused
from services.kernel.paper import DocumentReading, PageReading, Problem
from services.ocr import boundaries
from services.ocr.documents import read_document
from services.ocr.service import Reader
from services.work import readers


class EngineName(StrEnum):
    AUTO = "auto"
    RAPID = "rapid"
    TESSERACT = "tesseract"


FileArguments = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]


def register(app: typer.Typer) -> None:
    app.command("read")(read)


def read(files: FileArguments, as_json: JsonOption = False, engine: EngineName = EngineName.AUTO) -> None:
    """Reads files and prints text, document types and fields; nothing is stored."""
    inspector, reader = readers(settings_for(), engine)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("reading", total=None)
        entries = []
        for file in files:
            progress.update(task, description=file.name)
            entries.append(read_file(file, inspector, reader))
            progress.advance(task)
    if as_json:
        print_json(entries)
    else:
        for entry in entries:
            _print(entry)
    raise typer.Exit(0 if all(entry["status"] == "ok" for entry in entries) else INCOMPLETE)


def read_file(file: Path, inspector: Inspector, reader: Reader) -> dict[str, Any]:
    """One entry of ``muniment read --json`` as contract.md fixes it."""
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        source.seek(0)
        entry: dict[str, Any] = {"file": file.name, "sha256": digest, "engine": reader.engine.info.to_json()}
        try:
            inspection, facts = inspector.examine(source)
        except ParserRefused as refusal:
            return entry | _outcome([Problem(refusal.code, refusal.detail)], [], [])
        stack = split(facts)
        pages, problems = _read_pages(source, inspection.media_type, facts, reader)
    documents = [read_document(part) for part in _parts(stack, pages)]
    problems = [*inspection.problems, *stack.problems, *problems, *(each for one in documents for each in one.problems)]
    return entry | _outcome(problems, pages, documents)


def _read_pages(
    source: BinaryIO, media_type: str, facts: Sequence[PageFacts], reader: Reader
) -> tuple[list[PageReading], list[Problem]]:
    pages, problems = [], []
    for page in facts:
        if page.problem is not None:
            problems.append(page.problem)
            continue
        try:
            copy = reader.read(source, media_type=media_type, file_page=page.number, number=page.number)
        except ParserRefused as refusal:
            problems.append(Problem(refusal.code, refusal.detail, page.number))
            continue
        pages.append(copy.reading)
        problems += copy.reading.problems
    return pages, problems


def _parts(stack: Stack, pages: Sequence[PageReading]) -> Iterator[Sequence[PageReading]]:
    """The pages of each document: cut by separator sheets, or by what was read where there are none."""
    for document in stack.documents:
        wanted = set(document.pages)
        part = [page for page in pages if page.number in wanted]
        yield from [part] if stack.left_out or not part else boundaries.documents(part)


def _outcome(problems: Sequence[Problem], pages: Sequence[PageReading], documents: Sequence[DocumentReading]) -> dict[str, Any]:
    """``rejected``: nothing could be read; ``partial``: something could not; never ``ok`` without text."""
    text = any(page.lines for page in pages)
    lost = any(problem.is_loss for problem in problems)
    status = "rejected" if not pages else "ok" if text and not lost else "partial"
    return {
        "status": status,
        "problems": [problem.to_json() for problem in problems],
        "pages": [page.to_json() for page in pages],
        "documents": [document.to_json() for document in documents],
    }


def _print(entry: dict[str, Any]) -> None:
    typer.echo(f"{entry['file']}: {entry['status']}, {len(entry['pages'])} pages")
    for problem in entry["problems"]:
        where = f"page {problem['page']}: " if "page" in problem else ""
        typer.echo(f"  ! {where}{problem['message']}")
    for document in entry["documents"]:
        typer.echo(f"  {document['type']} ({document['confidence']:.0%}), pages {document['pages']}")
        for name, values in document["fields"].items():
            typer.echo(f"    {name}: {', '.join(value['value'] for value in values)}")
    for page in entry["pages"]:
        typer.echo(f"  --- page {page['number']} ---\n{page['text']}")
