"""``muniment ledger``: export and offline verification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.common import INCOMPLETE, DataOption, JsonOption, print_json, settings_for
from services.kernel.ledger import export as ledger_file
from services.kernel.ledger import journal, verification
from services.kernel.ledger.write_once import PREFIX

app = typer.Typer(help="The tamper-evident audit log.", no_args_is_help=True)


@app.command("export")
def export(file: Path, data: DataOption = None) -> None:
    """Writes every entry and a signed checkpoint to FILE, as JSON lines."""
    from services import app as archive  # only here: verification needs no archive

    kernel = archive.build(settings_for(data)).kernel
    with kernel.database.write() as session:
        journal.append(session, "ledger.export", actor=None)
    count = -1
    with kernel.database.read() as session, file.open("wb") as target:
        for line in ledger_file.lines(session, kernel.signer):
            target.write(line + b"\n")
            count += 1
    typer.echo(f"{count} entries written to {file}.\nThe archive's public key: {kernel.signer.verifier_key}", err=True)


@app.command("checkpoints")
def checkpoints(folder: Annotated[Path, typer.Argument(file_okay=False)], data: DataOption = None) -> None:
    """Copies the signed checkpoints out of the write-once store into FOLDER, for “ledger verify --checkpoint FOLDER”: of each
    what was written first, whatever was put over it since."""
    from services import app as archive

    store = archive.build(settings_for(data)).checkpoints
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(name for name in store.names() if name.startswith(PREFIX))
    for name in names:
        with store.open(name) as source:
            (folder / name).write_bytes(source.read())
    typer.echo(f"{len(names)} checkpoints written to {folder}.", err=True)


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    public_key: Annotated[str | None, typer.Option(help="The archive's key as you know it, name+id+base64.")] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A checkpoint kept from before, or a folder of them, which FILE must agree with.", exists=True),
    ] = None,
    entry: Annotated[
        Path | None, typer.Option(help="The entry that a proof is about, where FILE does not hold it.", exists=True)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Proves FILE without the archive and without a network: the whole ledger, an extract of it as JSONL or CSV, the proof of
    one entry (.tlog-proof), the proof that the ledger goes on from an earlier checkpoint, or a checkpoint."""
    earlier = verification.checkpoints_in(checkpoint) if checkpoint is not None else []
    about = entry.read_bytes().removesuffix(b"\n") if entry is not None else None
    verdict = verification.verify_path(file, public_key=public_key, earlier=earlier, entry=about)
    if as_json:
        print_json(verdict.to_json())
    else:
        for problem in verdict.problems:
            typer.echo(problem)
        state = "stand as they were written" if verdict.ok else "cannot be trusted"
        typer.echo(f"{verdict.entries} entries {state}; root {verdict.root}.")
        if verdict.ok and public_key is None:
            typer.echo("The signature was checked against the file's own key; give --public-key to know whose it is.", err=True)
    raise typer.Exit(0 if verdict.ok else INCOMPLETE)
