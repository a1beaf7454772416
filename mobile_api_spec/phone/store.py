"""What a phone keeps on disk: the server's copies, the queue of its own work, photos' bytes, and the journal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Values = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    kind TEXT, id TEXT, version INTEGER NOT NULL, body TEXT, scopes TEXT NOT NULL, fill INTEGER NOT NULL,
    PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS queue (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, record TEXT, mutation TEXT NOT NULL,
    outcome TEXT, is_done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS photo (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes BLOB, upload_path TEXT, is_done INTEGER NOT NULL DEFAULT 0);
"""


class Store:
    """One user's data on one device, in SQLite; every public method is one local transaction."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "phone.sqlite"
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def wipe(self) -> None:
        """Erase everything: the phone was reported lost and has handed its work in."""
        with self.transaction():
            for table in ("meta", "record", "queue", "photo"):
                self._db.execute(f"DELETE FROM {table}")

    def meta(self, name: str, default: Any = None) -> Any:
        """A remembered value."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else default

    def set_meta(self, **values: Any) -> None:
        """Remember values."""
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        self._db.executemany("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", rows)

    # -- records -------------------------------------------------------------------------------------------------

    def keep_line(self, line: Values, fill: int) -> None:
        """Store one line of a page: a lower version than the one held is ignored, the scope set is replaced."""
        key = (line["kind"], line["id"])
        held = self._db.execute("SELECT version, fill FROM record WHERE kind = ? AND id = ?", key).fetchone()
        if held and held[0] > line["version"] and held[1] == fill:
            return
        if not line["in"]:
            self._lose(key, line["version"])
            return
        body, scopes = json.dumps(line["body"]), json.dumps(line["in"])
        self._db.execute(
            "INSERT OR REPLACE INTO record (kind, id, version, body, scopes, fill) VALUES (?, ?, ?, ?, ?, ?)",
            (*key, line["version"], body, scopes, fill),
        )

    def _lose(self, key: tuple[str, str], version: int) -> None:
        """Hide a record that left the user's scopes, and erase it when no unsent work hangs on it."""
        if self.has_unsent(*key):
            self._db.execute("UPDATE record SET scopes = '[]', version = ? WHERE kind = ? AND id = ?", (version, *key))
        else:
            self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", key)

    def drop_scopes(self, dropped: Iterable[str]) -> None:
        """Take scopes from every record's set."""
        gone = set(dropped)
        if gone:
            for kind, id_, version, scopes in self._db.execute(
                "SELECT kind, id, version, scopes FROM record"
            ).fetchall():
                left = [scope for scope in json.loads(scopes) if scope not in gone]
                if not left:
                    self._lose((kind, id_), version)
                else:
                    self._db.execute(
                        "UPDATE record SET scopes = ? WHERE kind = ? AND id = ?", (json.dumps(left), kind, id_)
                    )

    def drop_older_fills(self, fill: int) -> None:
        """After a fresh start has filled again: what it did not bring is no longer the user's."""
        for kind, id_, version in self._db.execute(
            "SELECT kind, id, version FROM record WHERE fill < ?", (fill,)
        ).fetchall():
            self._lose((kind, id_), version)

    def record(self, kind: str, id_: str) -> tuple[int, Values] | None:
        """The server's copy: version and body."""
        row = self._db.execute("SELECT version, body FROM record WHERE kind = ? AND id = ?", (kind, id_)).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def visible(self, kind: str) -> dict[str, Values]:
        """Bodies by id of the records the user may see now."""
        rows = self._db.execute("SELECT id, body FROM record WHERE kind = ? AND scopes <> '[]'", (kind,))
        return {row[0]: json.loads(row[1]) for row in rows}

    def versions(self) -> dict[tuple[str, str], int]:
        """Every visible record's version: what must equal the server."""
        return {
            (r[0], r[1]): r[2] for r in self._db.execute("SELECT kind, id, version FROM record WHERE scopes <> '[]'")
        }

    # -- the queue -----------------------------------------------------------------------------------------------

    def enqueue(self, mutation: Values) -> None:
        """Keep a piece of work before anything else happens to it."""
        row = (mutation["id"], mutation["kind"], mutation["record"], json.dumps(mutation))
        self._db.execute("INSERT INTO queue (id, kind, record, mutation) VALUES (?, ?, ?, ?)", row)

    def waiting(self, most: int) -> list[Values]:
        """The oldest unanswered mutations, in the order they were made."""
        rows = self._db.execute("SELECT mutation FROM queue WHERE NOT is_done ORDER BY place LIMIT ?", (most,))
        return [json.loads(row[0]) for row in rows]

    def unsent_of(self, kind: str, id_: str) -> list[Values]:
        """The unanswered mutations of one record."""
        rows = self._db.execute(
            "SELECT mutation FROM queue WHERE NOT is_done AND kind = ? AND record = ? ORDER BY place", (kind, id_)
        )
        return [json.loads(row[0]) for row in rows]

    def unsent_records(self, kind: str) -> list[str]:
        """Records of a kind with unanswered mutations."""
        return [
            row[0]
            for row in self._db.execute("SELECT DISTINCT record FROM queue WHERE NOT is_done AND kind = ?", (kind,))
        ]

    def has_unsent(self, kind: str, id_: str) -> bool:
        """Whether unsent work hangs on a record."""
        return bool(self.unsent_of(kind, id_))

    def answer(self, outcome: Values) -> None:
        """Keep the server's receipt; a held one stays in the queue until it has ended."""
        ended = outcome["status"] != "held"
        self._db.execute(
            "UPDATE queue SET outcome = ?, is_done = ? WHERE id = ?", (json.dumps(outcome), ended, outcome["id"])
        )

    def journal(self) -> list[tuple[Values, Values | None]]:
        """Everything ever entered on this phone, with its receipt; never cleared before one is there."""
        rows = self._db.execute("SELECT mutation, outcome FROM queue ORDER BY place")
        return [(json.loads(row[0]), json.loads(row[1]) if row[1] else None) for row in rows]

    # -- photos --------------------------------------------------------------------------------------------------

    def keep_photo(self, id_: str, sha256: str, data: bytes) -> None:
        """Keep a picture's bytes until the server has checked their hash."""
        self._db.execute("INSERT INTO photo (id, sha256, bytes) VALUES (?, ?, ?)", (id_, sha256, data))

    def photos_waiting(self) -> list[tuple[str, str, bytes, str | None]]:
        """Pictures whose bytes have not all arrived: id, hash, bytes, where their upload stands."""
        return self._db.execute(
            "SELECT id, sha256, bytes, upload_path FROM photo WHERE NOT is_done ORDER BY id"
        ).fetchall()

    def set_upload(self, id_: str, path: str | None) -> None:
        """Remember where a picture's upload is."""
        self._db.execute("UPDATE photo SET upload_path = ? WHERE id = ?", (path, id_))

    def photo_arrived(self, id_: str) -> None:
        """The server has checked the hash: only now the phone's copy goes."""
        self._db.execute("UPDATE photo SET is_done = 1, bytes = NULL WHERE id = ?", (id_,))
