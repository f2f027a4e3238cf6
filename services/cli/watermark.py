"""``muniment watermark``: whose page is this?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.common import DataOption, JsonOption, print_json, settings_for


def register(app: typer.Typer) -> None:
    app.command("watermark")(watermark)


def watermark(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Names the grant, the reader and the copy whose mark a picture of a page bears: a scan or a photograph of a print."""
    from services import app as archive
    from services.access.marking import service
    from services.access.marking.marker import Marker

    kernel, marker = archive.build(settings_for(data)).kernel, Marker(1)
    try:
        with file.open("rb") as picture:
            found = service.whose(kernel, marker, picture, actor=None, request=None)
    finally:
        marker.close()
    if as_json:
        print_json(found)
        return
    copy = f", copy {found['copy']['number']} of item {found['copy']['item_id']}" if found["copy"] else ""
    typer.echo(f"{found['reader']['name']}, request {found['request_number']}, grant {found['grant_id']}{copy}")
