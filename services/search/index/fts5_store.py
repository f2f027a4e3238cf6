"""One generation of the FTS5 index: its tables, and documents written to and taken from them.

One full-text row is one item; pages are kept apart by a token that no phrase crosses. ``words`` has the running text, ``named``
what the item is called and says of itself: short, so that scores and fields cost little. Both are contentless: what a
document's tokens were is made again from its stored normal forms when it is deleted, which FTS5 needs to take them out at once
(``secure-delete``) rather than to note that they are dead.

An item that is put again gets a new number: what was once found of the items up to some number stays true, but for those that
``removed`` lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import apsw

from services.kernel.errors import Unavailable
from services.search import tokens
from services.search.index import prepared as ready
from services.search.index.pages import PackedPage
from services.search.index.port import IndexDocument
from services.search.index.prepared import NAMED, Prepared

COLUMNS = ("keywords", *NAMED)
LAYOUT = "4"
_LEAST_SQLITE = (3, 53)
_BUSY_MS = 10_000
PAGES = 1 << 20

_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facet (
    id INTEGER PRIMARY KEY, type TEXT, state TEXT, department TEXT, customer_type TEXT, business_type TEXT, year TEXT,
    UNIQUE (type, state, department, customer_type, business_type, year)
);
CREATE TABLE item (
    n INTEGER PRIMARY KEY AUTOINCREMENT, item_id TEXT NOT NULL UNIQUE, facet INTEGER NOT NULL, received INTEGER NOT NULL,
    owner_id TEXT NOT NULL
);
CREATE INDEX item_owner ON item (owner_id);
CREATE TABLE removed (place INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL);
CREATE TABLE item_day (n INTEGER, day INTEGER, PRIMARY KEY (n, day)) WITHOUT ROWID;
CREATE TABLE item_amount (n INTEGER, cents INTEGER, PRIMARY KEY (n, cents)) WITHOUT ROWID;
CREATE TABLE content (n INTEGER PRIMARY KEY, reference_code TEXT, title TEXT, forms TEXT);
CREATE TABLE page (place INTEGER PRIMARY KEY, form TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE gone (item_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE moment (item_id TEXT PRIMARY KEY, as_of INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (text, content='', columnsize=0, tokenize='ascii', prefix='1');
CREATE VIRTUAL TABLE named USING fts5 ({}, content='', columnsize=0, tokenize='ascii', prefix='1');
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
INSERT INTO named (named, rank) VALUES ('secure-delete', 1);
""".format(", ".join(COLUMNS))
"""``item.received`` is microseconds since 1970, ``item_day.day`` days since the year 1. ``page.place`` is the item's ``n`` ×
2^20 + page number. The tokenizer ``ascii`` splits at white space and ASCII punctuation only, and tokens hold neither.
``gone`` lists what was deleted while the generation was under construction, ``moment`` of which moment of the
catalogue a document is."""

_WORDS = "INSERT INTO words (words, rowid, text) VALUES (?, ?, ?)"
_NAMED = f"INSERT INTO named (named, rowid, {', '.join(COLUMNS)}) VALUES (?, ?{', ?' * len(COLUMNS)})"  # noqa: S608  # fixed names


def connect(path: Path, *, create: bool = False, bulk: bool = False) -> apsw.Connection:
    """Open a generation. Raises ``Unavailable`` if it was made under another scheme of tokens or tables.

    With ``bulk`` nothing is safe against a crash until the file is synced as a whole.
    """
    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")[:2]) < _LEAST_SQLITE:
        raise Unavailable("The index needs SQLite 3.53 or newer. Install the pinned apsw.")
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_BUSY_MS)
    run(connection, f"PRAGMA secure_delete = ON; PRAGMA synchronous = {'OFF' if bulk else 'FULL'}")
    if create:
        path.chmod(0o600)
        run(connection, _TABLES)
        set_meta(connection, "scheme", _scheme())
    if meta(connection, "scheme") != _scheme():
        connection.close()
        raise Unavailable("The index was made by another version of the archive. Run `muniment reindex`.")
    return connection


def run(connection: apsw.Connection, statements: str) -> None:
    """Execute statements to the last: a cursor stops at the first row that any of them returns."""
    for _ in connection.execute(statements):
        pass


def meta(connection: apsw.Connection, key: str) -> str | None:
    """Return a note that the generation keeps about itself."""
    value: str | None = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).get
    return value


def set_meta(connection: apsw.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def optimize(connection: apsw.Connection) -> None:
    """Bring the full-text tables into one segment each, and everything into the file."""
    run(connection, "INSERT INTO words (words) VALUES ('optimize'); INSERT INTO named (named) VALUES ('optimize')")
    run(connection, "PRAGMA wal_checkpoint(TRUNCATE)")


def check(connection: apsw.Connection) -> None:
    """Raise ``apsw.Error`` if the full-text tables are damaged."""
    run(
        connection, "INSERT INTO words (words) VALUES ('integrity-check'); INSERT INTO named (named) VALUES ('integrity-check')"
    )


def compact(source: Path, target: Path) -> None:
    """Copy a generation without the residue that deleted rows leave in the slack of its pages."""
    with closing(connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)
    with closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as copy:
        run(copy, "PRAGMA journal_mode = WAL; DELETE FROM removed; DELETE FROM meta WHERE key = 'residue'")


def write(connection: apsw.Connection, prepared: Prepared, *, only_new: bool = False) -> None:
    """Put a document in the place of what had its id; with ``only_new`` only if nothing has, and nothing was deleted."""
    document = prepared.document
    if (
        only_new
        and connection.execute(
            "SELECT 1 FROM item WHERE item_id = ?1 UNION ALL SELECT 1 FROM gone WHERE item_id = ?1", (document.item_id,)
        ).get
    ):
        return
    if document.as_of is not None and not _enter_moment(connection, document.item_id, document.as_of):
        return
    remove(connection, document.item_id)
    connection.execute("DELETE FROM gone WHERE item_id = ?", (document.item_id,))
    n = connection.execute(
        "INSERT INTO item (item_id, facet, received, owner_id) VALUES (?, ?, ?, ?) RETURNING n",
        (document.item_id, _facet(connection, document), ready.received(document), document.owner_id),
    ).get
    connection.executemany("INSERT INTO item_day VALUES (?, ?)", [(n, day.toordinal()) for day in ready.days(document)])
    connection.executemany("INSERT INTO item_amount VALUES (?, ?)", [(n, cents) for cents in set(document.amounts)])
    forms = {name: [each.aligned.form for each in values] for name, values in prepared.named.items()}
    forms["keywords"] = list(prepared.keywords)
    connection.execute(
        "INSERT INTO content VALUES (?, ?, ?, ?)",
        (n, document.reference_code, prepared.title, _json(forms)),
    )
    connection.executemany(
        "INSERT INTO page VALUES (?, ?, ?)", [(n * PAGES + page.number, page.form, page.content) for page in prepared.pages]
    )
    named = {name: tokens.apart(each.stream for each in values) for name, values in prepared.named.items()}
    named["keywords"] = " ".join(prepared.keywords)
    _tell(connection, None, n, tokens.apart(page.stream for page in prepared.pages), named)


def _enter_moment(connection: apsw.Connection, item_id: str, as_of: int) -> bool:
    """Note of which moment an item's document is; return False where one of a later moment is there."""
    newer = "INSERT INTO moment VALUES (?, ?) ON CONFLICT DO UPDATE SET as_of = excluded.as_of WHERE as_of <= excluded.as_of"
    return connection.execute(f"{newer} RETURNING 1", (item_id, as_of)).get is not None


def remove(connection: apsw.Connection, item_id: str) -> bool:
    """Take a document out, its tokens at once; return whether it was there."""
    n = connection.execute("SELECT n FROM item WHERE item_id = ?", (item_id,)).get
    if n is None:
        return False
    forms = json.loads(connection.execute("SELECT forms FROM content WHERE n = ?", (n,)).get)
    named = {name: " ".join(held) if name == "keywords" else tokens.stream(held) for name, held in forms.items()}
    span = (n * PAGES, (n + 1) * PAGES)
    pages = connection.execute("SELECT form FROM page WHERE place >= ? AND place < ? ORDER BY place", span)
    _tell(connection, "delete", n, tokens.stream(form for (form,) in pages), named)
    connection.execute("DELETE FROM page WHERE place >= ? AND place < ?", span)
    for table in ("content", "item_amount", "item_day", "item"):
        connection.execute(f"DELETE FROM {table} WHERE n = ?", (n,))  # noqa: S608  # the names stand above
    connection.execute("INSERT INTO removed (n) VALUES (?)", (n,))
    return True


def pages_with(connection: apsw.Connection, n: int, forms: Sequence[str], most: int) -> list[PackedPage]:
    """Return pages of an item that hold any of ``forms``: of each the first ``most``; without forms the first page."""
    span = (n * PAGES, (n + 1) * PAGES)
    places: set[int] = set()
    for form in forms:
        found = connection.execute(
            "SELECT place FROM page WHERE place >= ? AND place < ? AND instr(form, ?) ORDER BY place LIMIT ?",
            (*span, form, most),
        )
        places |= {place for (place,) in found}
    if not places:
        places = {p for (p,) in connection.execute("SELECT min(place) FROM page WHERE place >= ? AND place < ?", span) if p}
    rows = connection.execute(
        "SELECT place, content FROM page WHERE place IN (SELECT value FROM json_each(?)) ORDER BY place",
        (_json(sorted(places)),),
    )
    return [(place % PAGES, content) for place, content in rows]


def _tell(connection: apsw.Connection, command: str | None, n: int, text: str, named: Mapping[str, str]) -> None:
    """Give FTS5 an item's tokens, or with the command ``delete`` take back the same ones."""
    connection.execute(_WORDS, (command, n, text))
    connection.execute(_NAMED, (command, n, *(named.get(name, "") for name in COLUMNS)))


def _facet(connection: apsw.Connection, document: IndexDocument) -> int:
    key = (
        document.type,
        document.state,
        document.department,
        document.customer_type,
        document.business_type,
        ready.year(document),
    )
    connection.execute(
        "INSERT OR IGNORE INTO facet (type, state, department, customer_type, business_type, year) VALUES (?, ?, ?, ?, ?, ?)",
        key,
    )
    number: int = connection.execute(
        "SELECT id FROM facet WHERE (type, state, department, customer_type, business_type, year) = (?, ?, ?, ?, ?, ?)", key
    ).get
    return number


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _scheme() -> str:
    return f"{LAYOUT}/{tokens.SCHEME}"
