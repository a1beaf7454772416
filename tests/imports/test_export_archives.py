"""An archive of everything: written turn by turn, had while it lasts, deleted after, also when killed."""

from __future__ import annotations

import csv
import errno
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from backend.core.blobs.store import BlobStore, key_of
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from backend.core.services import record_writer
from backend.imports.kinds.export_run import FORMS, ExportRun
from backend.imports.services import export_runs, export_writing, exporting
from tests import factories
from tests.conftest import Person
from tests.factories import Town, uid
from tests.imports.filing import ADMIN

As = Callable[[str], Person]
EVERYTHING = tuple(FORMS)
PIXEL = b"not really a picture, and bytes all the same"


class Desk:
    """The database, the object store and the folder of half-written archives."""

    def __init__(self, app: Flask, folder: Path) -> None:
        services = app.extensions["wangge"]
        self.database: Database = services.database
        self.blobs: BlobStore = services.blobs
        self.folder = folder

    def begin(self, *forms: str, kinds: tuple[str, ...] = ()) -> str:
        """An export is asked for: its id."""
        with self.database.transaction() as session:
            return str(export_runs.begin_export(session, ADMIN, kinds, forms or ("csv",)).id)

    def work(self, turn_s: float = 60.0) -> int:
        """A worker's turn."""
        return export_writing.work_on_exports(self.database, self.blobs, self.folder, turn_s)

    def run(self, run_id: str) -> ExportRun:
        """How far it is."""
        with self.database.snapshot() as session:
            return session.get_one(ExportRun, UUID(run_id))

    def archive(self, run_id: str) -> zipfile.ZipFile:
        """What its file holds."""
        return zipfile.ZipFile(io.BytesIO(self.blobs.get(f"exports/{run_id}.zip")))


@pytest.fixture
def desk(app: Flask, town: Town, tmp_path: Path) -> Iterator[Desk]:
    yield Desk(app, tmp_path / "exports")


def photo(desk: Desk, sha256: str, *, came: bool = True) -> str:
    """A photo's record of the north; its id."""
    values = {"of_kind": "customer", "of_id": uid("customer 0"), "purpose": "site", "sha256": sha256,
              "size_bytes": len(PIXEL), "media_type": "image/jpeg", "staff_id": uid("rep"),
              "arrived_at": "2026-01-05T01:00:00Z" if came else None}  # fmt: skip
    with desk.database.transaction() as session:
        return str(record_writer.create(session, factories.system(uid("north")), "photo", values).id)


def test_everything_comes_in_one_archive(desk: Desk) -> None:
    shown = photo(desk, "a" * 64)
    desk.blobs.put(key_of("a" * 64), [PIXEL])
    lost, waiting = photo(desk, "b" * 64), photo(desk, "c" * 64, came=False)
    run_id = desk.begin(*EVERYTHING)
    assert desk.work() == 1
    run = desk.run(run_id)
    assert (run.state, run.problem) == ("ready", None)
    assert run.done == run.total > len(KINDS) * 2
    archive = desk.archive(run_id)
    assert archive.testzip() is None
    names = set(archive.namelist())
    assert {f"kinds/{one}.csv" for one in KINDS} | {f"history/{one}.jsonl" for one in KINDS} <= names
    assert {f"tables/{one}.csv" for one in exporting.TABLES} | {"kinds/cell.geojson"} <= names
    assert "kinds/staff.geojson" not in names
    rows = list(csv.DictReader(io.StringIO(archive.read("kinds/customer.csv").decode("utf-8-sig"))))
    assert len(rows) == 8
    assert archive.read(f"photos/{shown}.jpg") == PIXEL
    assert archive.read("photos/missing.txt").decode().split() == [lost]
    assert f"photos/{waiting}.jpg" not in names
    assert run.size_bytes == desk.blobs.size(f"exports/{run_id}.zip")
    assert list(desk.folder.iterdir()) == []


def test_only_what_was_chosen(desk: Desk) -> None:
    run_id = desk.begin("csv", "tables", kinds=("customer", "unit"))
    desk.work()
    assert set(desk.archive(run_id).namelist()) == {
        "kinds/customer.csv", "kinds/unit.csv", "tables/customers.csv",
    }  # fmt: skip


def test_a_worker_goes_on_where_its_turn_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each turn has the time for two files; none is written twice."""
    run_id = desk.begin("csv", kinds=("customer", "staff", "cell", "unit", "crew"))
    written: list[str] = []
    whole = export_writing._put_in

    def slowly(archive: zipfile.ZipFile, file: Any, session: Any) -> None:
        written.append(file.name)
        whole(archive, file, session)
        clock["now"] += 1.0

    clock = {"now": 0.0}
    monkeypatch.setattr(export_writing, "_put_in", slowly)
    monkeypatch.setattr(export_writing.time, "monotonic", lambda: clock["now"])
    assert desk.work(2.0) == 0
    assert desk.run(run_id).state == "writing"
    assert desk.work(2.0) == 0
    assert 0 < desk.run(run_id).done < desk.run(run_id).total == 5
    assert desk.work(2.0) == 1
    assert desk.run(run_id).state == "ready"
    assert len(written) == len(set(written)) == 5
    assert len(desk.archive(run_id).namelist()) == 5


def test_what_a_killed_worker_left_is_begun_anew(desk: Desk) -> None:
    run_id = desk.begin("csv", kinds=("customer",))
    desk.folder.mkdir(parents=True)
    (desk.folder / f"{run_id}.zip").write_bytes(b"PK\x03\x04 half of something")
    assert desk.work() == 1
    assert desk.archive(run_id).namelist() == ["kinds/customer.csv"]


def test_one_at_a_time(desk: Desk) -> None:
    run_id = desk.begin()
    with pytest.raises(Problem, match="export_busy"):
        desk.begin()
    desk.work()
    assert desk.run(run_id).state == "ready"
    assert desk.begin()


def test_one_that_is_stopped_while_it_is_written_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = desk.begin("csv", kinds=("customer", "unit"))
    whole = export_writing._put_in

    def stopped(archive: zipfile.ZipFile, file: Any, session: Any) -> None:
        whole(archive, file, session)
        with desk.database.transaction() as other:
            export_runs.delete_export(other, desk.blobs, ADMIN, run_id)

    monkeypatch.setattr(export_writing, "_put_in", stopped)
    assert desk.work() == 1
    assert desk.run(run_id).state == "gone"
    assert not desk.blobs.has(f"exports/{run_id}.zip")
    assert list(desk.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [(OSError(errno.ENOSPC, "full"), "export_no_room"), (ValueError("odd"), "server_error")],
)
def test_one_that_breaks_says_why_and_stops_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    broken = desk.begin("csv", kinds=("customer",))

    def breaks(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(export_writing, "_put_in", breaks)
        assert desk.work() == 1
    assert (desk.run(broken).state, desk.run(broken).problem) == ("failed", {"code": code})
    assert list(desk.folder.iterdir()) == []
    other = desk.begin("csv", kinds=("customer",))
    assert desk.work() == 1
    assert desk.run(other).state == "ready"


def test_after_a_day_its_file_is_gone(desk: Desk, as_: As) -> None:
    run_id = desk.begin()
    desk.work()
    until = desk.run(run_id).expires_at
    assert until is not None
    left = until - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    for now, gone in ((until - timedelta(minutes=1), 0), (until, 1), (until, 0)):
        with desk.database.transaction() as session:
            assert export_runs.forget_expired(session, desk.blobs, now) == gone
    assert not desk.blobs.has(f"exports/{run_id}.zip")
    assert as_("admin").get(f"/exports/{run_id}")["state"] == "gone"
    answer = as_("admin")("GET", f"/exports/{run_id}/file")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "export_not_ready")


def test_nothing_is_given_out_past_its_time_though_nobody_tidied(desk: Desk) -> None:
    run_id = desk.begin()
    desk.work()
    until = desk.run(run_id).expires_at
    with desk.database.transaction() as session, pytest.raises(Problem, match="export_not_ready"):
        export_runs.open_export(session, ADMIN, run_id, until)


def test_half_written_archives_of_nobody_are_cleared_away(desk: Desk) -> None:
    run_id = desk.begin()
    desk.folder.mkdir(parents=True)
    for name in (run_id, uid("long gone")):
        (desk.folder / f"{name}.zip").write_bytes(b"x")
    assert export_writing.clear_leftovers(desk.database, desk.folder) == 1
    assert [one.stem for one in desk.folder.iterdir()] == [run_id]


def test_an_administrator_asks_watches_downloads_and_deletes(desk: Desk, as_: As) -> None:
    admin = as_("admin")
    contents = {one["kind"]: one for one in admin.get("/exports/contents")}
    assert (contents["customer"]["count"], contents["customer"]["has_places"]) == (8, False)
    assert contents["service_point"]["has_places"]
    made = admin("POST", "/exports", {"kinds": ["customer"], "forms": ["csv", "history"]})
    assert made.status_code == 201
    run_id = made.get_json()["id"]
    assert admin("GET", f"/exports/{run_id}/file").get_json()["code"] == "export_not_ready"
    desk.work()
    assert [one["state"] for one in admin.get("/exports")] == ["ready"]
    answer = admin("GET", f"/exports/{run_id}/file")
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert f"{run_id[:8]}.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert set(archive.namelist()) == {"kinds/customer.csv", "history/customer.jsonl"}
    acts = admin.get("/administrative-acts?act=exported")["rows"]
    assert {one["subject_kind"] for one in acts} == {"everything", "export_run"}
    assert admin("DELETE", f"/exports/{run_id}").status_code == 204
    assert admin("GET", f"/exports/{run_id}/file").status_code == 409


@pytest.mark.parametrize(
    "asked",
    [
        {"forms": []}, {"forms": ["pdf"]}, {"kinds": ["nothing"], "forms": ["csv"]}, {"kinds": ["unit"]},
        {"forms": ["csv"], "units": ["all"]},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_says_so(as_: As, town: Town, asked: dict[str, Any]) -> None:
    answer = as_("admin")("POST", "/exports", asked)
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "invalid"
    assert as_("admin").get("/exports") == []


def test_one_that_breaks_when_it_was_handed_on_leaves_no_copy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store has it, its answer was lost: nothing would ever have deleted it."""
    run_id = desk.begin("csv", kinds=("customer",))
    whole = desk.blobs.keep

    def lost(key: str, path: Path) -> None:
        whole(key, path)
        raise TimeoutError(key)

    monkeypatch.setattr(desk.blobs, "keep", lost)
    assert desk.work() == 1
    assert desk.run(run_id).state == "failed"
    assert not desk.blobs.has(f"exports/{run_id}.zip")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the database is away")])
def test_a_file_that_was_broken_off_is_written_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Half of it was in the archive under its name, and the next turn took it for the whole."""
    run_id = desk.begin("csv", kinds=("customer",))

    def broken_off(*_: Any, **__: Any) -> Iterator[bytes]:
        yield b"id,version"
        raise error

    def away(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patched, pytest.raises(type(error)):
        patched.setattr(exporting, "kind_as_csv", broken_off)
        patched.setattr(export_writing, "_fail", away)
        desk.work()
    assert desk.run(run_id).state == "writing"
    assert desk.work() == 1
    rows = desk.archive(run_id).read("kinds/customer.csv").decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(rows)))) == 8
