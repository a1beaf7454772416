"""What a phone keeps on disk.

The server's copies, the queue of its own work, photos' bytes, and the journal.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from mobile_api_spec.phone.canonical import canonical_text

Key = tuple[str, str]
Values = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    kind TEXT, id TEXT, version INTEGER NOT NULL, body TEXT, scopes TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS queue (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, record TEXT, mutation TEXT NOT NULL,
    outcome TEXT, is_done INTEGER NOT NULL DEFAULT 0, answered_at TEXT);
CREATE TABLE IF NOT EXISTS photo (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes BLOB, upload_path TEXT,
    is_done INTEGER NOT NULL DEFAULT 0, arrived_at TEXT);
"""
# Columns that stores of before did not have.
_LATER = (
    ("is_aside", "INTEGER NOT NULL DEFAULT 0"),
    ("problem", "TEXT"),
    ("tries", "INTEGER NOT NULL DEFAULT 0"),
)


class Store:
    """One user's data on one device, in SQLite; without a folder it lives in memory, for simulations."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "phone.sqlite" if folder else ":memory:", isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        known = {row[1] for row in self._db.execute("PRAGMA table_info(photo)")}
        for name, type_ in _LATER:
            if name not in known:
                self._db.execute(f"ALTER TABLE photo ADD COLUMN {name} {type_}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a disk that fails during a write leaves all as it was, and the next may go."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def wipe(self) -> None:
        """Erase everything: the phone was reported lost and has handed its work in."""
        with self.transaction():
            for statement in (
                "DELETE FROM meta",
                "DELETE FROM record",
                "DELETE FROM queue",
                "DELETE FROM photo",
            ):
                self._db.execute(statement)

    def meta(self, name: str, default: Any = None) -> Any:
        """A remembered value."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else default

    def set_meta(self, **values: Any) -> None:
        """Remember values."""
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        self._db.executemany("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", rows)

    # -- records ---------------------------------------------------------------------------------------------

    def keep_line(self, line: Values, *, is_repair: bool = False) -> None:
        """Store one line: the scope set is replaced.

        A lower version than the one held is ignored, but in a repair.
        """
        key = (line["kind"], line["id"])
        held = self._db.execute("SELECT version FROM record WHERE kind = ? AND id = ?", key).fetchone()
        if held and held[0] > line["version"] and not is_repair:
            return
        if not line["in"]:
            self._lose(key, line["version"])
            return
        if line.get("same"):
            scopes = json.dumps(line["in"])
            self._db.execute("UPDATE record SET scopes = ? WHERE kind = ? AND id = ?", (scopes, *key))
            return
        body, scopes = orjson.dumps(line["body"]).decode(), json.dumps(line["in"])
        self._db.execute(
            "INSERT OR REPLACE INTO record (kind, id, version, body, scopes) VALUES (?, ?, ?, ?, ?)",
            (*key, line["version"], body, scopes),
        )

    def _lose(self, key: Key, version: int) -> None:
        """Hide a record that left the user's scopes, and erase it when no unsent work hangs on it."""
        if self.has_unsent(*key):
            self._db.execute(
                "UPDATE record SET scopes = '[]', version = ? WHERE kind = ? AND id = ?", (version, *key)
            )
        else:
            self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", key)

    def drop_scopes(self, dropped: Iterable[str]) -> None:
        """Take scopes from every record's set; what is in none any more is hidden until `erase_hidden`."""
        gone = set(dropped)
        rows = self._db.execute("SELECT kind, id, scopes FROM record").fetchall() if gone else ()
        for kind, id_, scopes in rows:
            left = json.dumps([scope for scope in json.loads(scopes) if scope not in gone])
            self._db.execute("UPDATE record SET scopes = ? WHERE kind = ? AND id = ?", (left, kind, id_))

    def damage(self, kind: str, id_: str, *, is_lost: bool) -> None:
        """For tests of repair: a row of a failing disk is gone, or says something else."""
        if is_lost:
            self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, id_))
        else:
            self._db.execute(
                "UPDATE record SET body = '{}', version = version + 7 WHERE kind = ? AND id = ?", (kind, id_)
            )

    def distrust_hidden(self) -> None:
        """What is kept for unsent work alone is not compared: whatever version comes of it is right."""
        self._db.execute("UPDATE record SET version = 0 WHERE scopes = '[]'")

    def erase_hidden(self) -> None:
        """Erase hidden records on which no unsent work hangs any more."""
        for kind, id_ in self._db.execute("SELECT kind, id FROM record WHERE scopes = '[]'").fetchall():
            if not self.has_unsent(kind, id_):
                self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, id_))

    def _inside(self, after: Key | None, upto: Key | None) -> list[tuple[str, str, int, str, str]]:
        """Visible records behind `after` up to and including `upto`, by (kind, id)."""
        low, high = after or ("", ""), upto or ("~", "")
        return self._db.execute(
            """
                SELECT kind, id, version, body, scopes
                FROM record
                WHERE scopes <> '[]'
                AND (kind, id) > (?, ?)
                AND (kind, id) <= (?, ?)
                ORDER BY kind, id
            """,
            (*low, *high),
        ).fetchall()

    def digest(self, after: Key | None, upto: Key | None) -> Values:
        """What this store says of a range: how many records, and the XOR of their hashes."""
        xor, rows = 0, self._inside(after, upto)
        for kind, id_, version, body, scopes in rows:
            sha256 = hashlib.sha256(canonical_text(json.loads(body)).encode()).hexdigest()
            text = f"{kind} {id_} {version} {sha256} {' '.join(sorted(json.loads(scopes)))}"
            xor ^= int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
        return {"count": len(rows), "xor": f"{xor:032x}"}

    def replace_range(self, after: Key | None, upto: Key | None, lines: list[Values]) -> None:
        """A range as the server has it: what it does not list goes, unless unsent work hangs on it."""
        listed = {(line["kind"], line["id"]) for line in lines}
        for kind, id_, _, _, _ in self._inside(after, upto):
            if (kind, id_) not in listed:
                self._lose((kind, id_), 0)
        for line in lines:
            self.keep_line(line, is_repair=True)

    def record(self, kind: str, id_: str) -> tuple[int, Values] | None:
        """The server's copy: version and body."""
        row = self._db.execute(
            "SELECT version, body FROM record WHERE kind = ? AND id = ?", (kind, id_)
        ).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def still_has(self, have: dict[str, int]) -> dict[str, int]:
        """Of the bodies that came with push answers, those that are still here."""
        rows = {tuple(key.split("/")): version for key, version in have.items()}
        versions = self.versions()
        return {f"{kind}/{id_}": v for (kind, id_), v in rows.items() if versions.get((kind, id_)) == v}

    def visible(self, kind: str, leaving: Iterable[str] = ()) -> dict[str, Values]:
        """Bodies by id of the records the user may see now.

        Not those that are only in scopes about to be dropped.
        """
        gone = set(leaving)
        rows = self._db.execute(
            "SELECT id, body, scopes FROM record WHERE kind = ? AND scopes <> '[]'", (kind,)
        )
        return {
            id_: json.loads(body) for id_, body, scopes in rows if not gone or set(json.loads(scopes)) - gone
        }

    def bodies(self) -> dict[Key, tuple[int, Values]]:
        """Every visible record's version and body."""
        rows = self._db.execute("SELECT kind, id, version, body FROM record WHERE scopes <> '[]'")
        return {(kind, id_): (version, json.loads(body)) for kind, id_, version, body in rows}

    def versions(self) -> dict[Key, int]:
        """Every visible record's version: what must equal the server."""
        return {
            (r[0], r[1]): r[2]
            for r in self._db.execute("SELECT kind, id, version FROM record WHERE scopes <> '[]'")
        }

    # -- the queue -------------------------------------------------------------------------------------------

    def enqueue(self, mutation: Values) -> None:
        """Keep a piece of work before anything else happens to it."""
        row = (mutation["id"], mutation["kind"], mutation["record"], json.dumps(mutation))
        self._db.execute("INSERT INTO queue (id, kind, record, mutation) VALUES (?, ?, ?, ?)", row)

    def waiting(self, most: int) -> list[Values]:
        """The oldest unanswered mutations, in the order they were made; all of them for -1."""
        rows = self._db.execute(
            "SELECT mutation FROM queue WHERE NOT is_done ORDER BY place LIMIT ?", (most,)
        )
        return [json.loads(row[0]) for row in rows]

    def unsent_of(self, kind: str, id_: str) -> list[Values]:
        """The unanswered mutations of one record."""
        rows = self._db.execute(
            "SELECT mutation FROM queue WHERE NOT is_done AND kind = ? AND record = ? ORDER BY place",
            (kind, id_),
        )
        return [json.loads(row[0]) for row in rows]

    def unsent_records(self, kind: str) -> list[str]:
        """Records of a kind with unanswered mutations."""
        return [
            row[0]
            for row in self._db.execute(
                "SELECT DISTINCT record FROM queue WHERE NOT is_done AND kind = ?", (kind,)
            )
        ]

    def has_unsent(self, kind: str, id_: str) -> bool:
        """Whether unsent work hangs on a record."""
        return bool(self.unsent_of(kind, id_))

    def answer(self, outcome: Values, answered_at: str) -> None:
        """Keep the server's receipt; a held one stays in the queue until it has ended.

        What it settles waits no longer.
        """
        self._db.execute(
            "UPDATE queue SET outcome = ?, is_done = ?, answered_at = ? WHERE id = ?",
            (json.dumps(outcome), outcome["status"] != "held", answered_at, outcome["id"]),
        )
        for settled in (outcome.get("detail") or {}).get("settles", ()):
            self._db.execute(
                """
                    UPDATE queue
                    SET outcome = json_set(outcome, '$.settled_by', ?)
                    WHERE id = ?
                    AND outcome IS NOT NULL
                """,
                (outcome["id"], settled),
            )

    def queue_again(self, holds_through: str) -> None:
        """The server lost history.

        What it acknowledged after the moment that it still holds is sent once more.
        """
        self._db.execute("UPDATE queue SET is_done = 0 WHERE answered_at > ?", (holds_through,))
        self._db.execute(
            "UPDATE photo SET is_done = 0, upload_path = NULL WHERE arrived_at > ? AND bytes IS NOT NULL",
            (holds_through,),
        )

    def forget_backed_up(self, backed_up_through: str) -> None:
        """Pictures that are in a backup need the phone's copy no longer."""
        self._db.execute(
            "UPDATE photo SET bytes = NULL WHERE is_done AND arrived_at <= ?", (backed_up_through,)
        )

    def journal(self) -> list[tuple[Values, Values | None]]:
        """Everything ever entered on this phone, with its receipt; never cleared before one is there."""
        rows = self._db.execute("SELECT mutation, outcome FROM queue ORDER BY place")
        return [(json.loads(row[0]), json.loads(row[1]) if row[1] else None) for row in rows]

    # -- photos ----------------------------------------------------------------------------------------------

    def keep_photo(self, id_: str, sha256: str, data: bytes) -> None:
        """Keep a picture's bytes until the server has checked their hash."""
        self._db.execute("INSERT INTO photo (id, sha256, bytes) VALUES (?, ?, ?)", (id_, sha256, data))

    def photos_waiting(self) -> list[tuple[str, str, bytes, str | None]]:
        """Pictures whose bytes have not all arrived and may go.

        Id, hash, bytes, where their upload stands.
        """
        return [
            (id_, sha256, self.photo_bytes(id_) or b"", path) for id_, sha256, path in self.photos_to_send()
        ]

    def photos_to_send(self) -> list[tuple[str, str, str | None]]:
        """The same without their bytes, those that have failed least often first."""
        return self._db.execute(
            "SELECT id, sha256, upload_path FROM photo WHERE NOT is_done AND NOT is_aside ORDER BY tries, id"
        ).fetchall()

    def photo_bytes(self, id_: str) -> bytes | None:
        """One picture's bytes, while they are here.

        Raises sqlite3.Error where the disk does not give them.
        """
        row = self._db.execute("SELECT bytes FROM photo WHERE id = ?", (id_,)).fetchone()
        return row[0] if row else None

    def note_trouble(self, id_: str, problem: Values | None) -> None:
        """It did not go this time: it waits behind the others, with what was said of it."""
        self._db.execute(
            "UPDATE photo SET tries = tries + 1, problem = coalesce(?, problem) WHERE id = ?",
            (json.dumps(problem) if problem else None, id_),
        )

    def set_aside(self, id_: str, problem: Values) -> None:
        """It cannot go: kept and listed with what is wrong, and nothing waits for it."""
        said = (json.dumps(problem), id_)
        self._db.execute("UPDATE photo SET is_aside = 1, upload_path = NULL, problem = ? WHERE id = ?", said)

    def photos_aside(self) -> list[Values]:
        """What was set aside.

        Id, hash, size in bytes, and the problem as the server or this phone tells it.
        """
        rows = self._db.execute("""
            SELECT id, sha256, coalesce(length(bytes), 0), problem
            FROM photo
            WHERE is_aside
            AND NOT is_done
            ORDER BY id
        """)
        return [{"id": r[0], "sha256": r[1], "size_bytes": r[2], "problem": json.loads(r[3])} for r in rows]

    def photos_in_trouble(self) -> dict[str, Values]:
        """What was said the last time of those that wait for another try, by id."""
        rows = self._db.execute(
            "SELECT id, problem FROM photo WHERE NOT is_done AND NOT is_aside AND problem IS NOT NULL"
        )
        return {id_: json.loads(problem) for id_, problem in rows}

    def try_again(self, id_: str) -> None:
        """The person lets it be sent once more."""
        self._db.execute("UPDATE photo SET is_aside = 0, problem = NULL, tries = 0 WHERE id = ?", (id_,))

    def discard_photo(self, id_: str) -> None:
        """The person takes out what was set aside; anything else stays."""
        self._db.execute("DELETE FROM photo WHERE id = ? AND is_aside AND NOT is_done", (id_,))

    def set_upload(self, id_: str, path: str | None) -> None:
        """Remember where a picture's upload is."""
        self._db.execute("UPDATE photo SET upload_path = ? WHERE id = ?", (path, id_))

    def photo_arrived(self, id_: str, at: str) -> None:
        """The server has checked the hash; the bytes stay until a backup of the server holds them too."""
        self._db.execute(
            "UPDATE photo SET is_done = 1, problem = NULL, arrived_at = ? WHERE id = ?", (at, id_)
        )
