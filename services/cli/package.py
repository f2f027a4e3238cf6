"""``muniment package``: a handover package, checked where it arrives. It needs no archive and no network."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.cli.common import INCOMPLETE, USAGE, JsonOption, print_json
from services.custody.packages.receiving import Report, check, unpacked

app = typer.Typer(help="Handover packages (BagIt).", no_args_is_help=True)


@app.callback()
def package() -> None:
    """Handover packages (BagIt)."""


@app.command("check")
def check_package(
    bag: Annotated[Path, typer.Argument(exists=True, readable=True, help="The ZIP as it was fetched, or the bag's folder.")],
    digest: Annotated[str | None, typer.Option(help="The package's digest as the sender told it.")] = None,
    receipt: Annotated[Path | None, typer.Option(help="Writes the receipt to this file, for the sender to enter.")] = None,
    reject: Annotated[list[str] | None, typer.Option(metavar="ITEM=REASON", help="Rejects an item though it passed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Proves the bag and looks at each item: is it as it was sent, whole, usable? With --receipt what passed is accepted, and
    what did not, or is named by --reject, is rejected with the reason."""
    rejected = dict(each.partition("=")[::2] for each in reject or [])
    if any(len(reason.strip()) < 2 for reason in rejected.values()):
        typer.echo("muniment: say why an item is rejected: --reject ITEM=REASON", err=True)
        raise typer.Exit(USAGE)
    with unpacked(bag) as folder:
        report = check(folder, expected=digest)
    if receipt is not None:
        receipt.write_text(report.receipt(rejected).model_dump_json(indent=2) + "\n", encoding="utf-8")
    _show(report, as_json=as_json)
    raise typer.Exit(0 if report.ok else INCOMPLETE)


def _show(report: Report, *, as_json: bool) -> None:
    items = [asdict(each) for each in report.items]
    if as_json:
        print_json({"number": report.number, "digest": report.digest, "problems": report.problems, "items": items})
        return
    for problem in report.problems:
        typer.echo(problem)
    for each in report.items:
        typer.echo(f"{each.reference_code or each.item_id}: {', '.join(each.problems) or 'whole'}")
    typer.echo(f"Package {report.number}, {len(items)} items, digest {report.digest}.")
