"""What retention costs at size: the due list, and a destruction beside which people go on reading.

    python -m tests.bench.disposal --due 100000 --lines 250,500,1000 [--database postgresql] [--pace 600]

The due list is measured in seconds of processor time, the database's own included, so that it does not matter what else the
machine does. Of each execution: processor time a line, the worker's memory, that a pause stops it and that it then goes on, and
how long readers of other items wait before it and while it runs. Items are planted (``tests/planting``).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from services.kernel import migrations
from services.kernel.clock import now
from services.kernel.config import Settings
from services.kernel.db import Database
from tests import databases
from tests.bench.due import due_list
from tests.bench.execution import destruction
from tests.desk import Desk


@contextmanager
def desk_on(kind: str) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", broker_url="memory://", lease_seconds=600)
        if kind == "postgresql":
            with databases.postgresql() as url:
                database = Database(url)
                migrations.upgrade(database)
                database.close()
                yield from _opened(settings.model_copy(update={"catalogue_url": url}))
        else:
            yield from _opened(settings)


def _opened(settings: Settings) -> Iterator[Desk]:
    desk = Desk(settings)
    yield desk
    desk.archive.index.close()  # type: ignore[attr-defined]
    desk.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--due", type=int, default=100_000, help="items that fall due; 0 leaves the due list out")
    parser.add_argument("--lines", default="250,500,1000", help="sizes of the batches that are carried out")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--pace", type=int, help="lines a minute at most")
    given = parser.parse_args()
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory(), wrapper_class=structlog.BoundLogger)
    print(json.dumps({"at": now().isoformat(timespec="seconds"), "database": given.database, "processors": os.cpu_count()}))
    if given.due:
        with desk_on(given.database) as desk:
            print(json.dumps({"due list": due_list(desk, given.due)}, ensure_ascii=False), flush=True)
    for lines in [int(each) for each in given.lines.split(",") if each]:
        with desk_on(given.database) as desk:
            print(json.dumps({"execution": destruction(desk, lines, pace=given.pace)}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
