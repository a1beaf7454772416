"""The watched folder: what is whole is imported and moved, what is not is said, and nothing is lost."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.errors import CATALOGUE
from backend.imports.services import watching, working
from backend.imports.services.runs import discard_run
from backend.imports.services.watching import look_at_folder
from backend.imports.services.working import work_on_runs
from tests.factories import Town
from tests.imports.filing import ADMIN, as_csv, imported, line
from tests.imports.test_feeds import count, notices

pytestmark = pytest.mark.usefixtures("in_process")
HEAD = ("户号", "户名", "所属单位")
STAMP = re.compile(r"^\d{8}T\d{6}Z(-\d+)?-")


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> Path:
    """An empty folder, after a file of this form was imported once by the topmost unit."""
    imported(database, as_csv([["A000001", "张一", "north"]], HEAD), unit="group")
    made = tmp_path / "inbox"
    made.mkdir()
    return made


class Clock:
    """Looks at the folder, a minute after the last time."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.now = database, folder, datetime.now(UTC)

    def look(self, seconds: int = 60) -> int:
        self.now += timedelta(seconds=seconds)
        return look_at_folder(self.database, self.folder, self.now)

    def until_done(self) -> None:
        """Seen, taken, written, moved."""
        self.look()
        self.look()
        work_on_runs(self.database)
        self.look()


@pytest.fixture
def clock(database: Database, folder: Path) -> Clock:
    return Clock(database, folder)


def rows(*numbers: int, name: str = "李四") -> bytes:
    return as_csv([[f"A{n:06d}", name, "north"] for n in numbers], HEAD)


def there(folder: Path) -> dict[str, list[str]]:
    """What lies in the folder and in each of the two, without the moments in front."""
    return {
        where: sorted(STAMP.sub("", one.name) for one in (folder / where).iterdir() if not one.is_dir())
        for where in (".", "done", "refused")
    }


def test_a_file_is_taken_when_it_has_stopped_growing(folder: Path, clock: Clock, database: Database) -> None:
    file = folder / "customers-2026-11-28.csv"
    file.write_bytes(rows(1, 2)[:20])
    clock.look()
    file.write_bytes(rows(1, 2))
    assert clock.look() == 0
    assert clock.look(seconds=5) == 0
    assert count(database, "SELECT count(*) FROM import_run WHERE is_feed") == 0
    clock.until_done()
    assert there(folder) == {".": [], "done": ["customers-2026-11-28.csv"], "refused": []}
    assert count(database, "SELECT count(*) FROM customer WHERE name = '李四'") == 2
    assert notices(database) == []


def test_it_goes_on_when_nothing_is_there(folder: Path, clock: Clock) -> None:
    assert [clock.look(), clock.look()] == [0, 0]
    assert there(folder) == {".": [], "done": [], "refused": []}


def test_the_same_file_twice_is_written_once(folder: Path, clock: Clock, database: Database) -> None:
    for name in ("customers_a.csv", "customers_b.csv"):
        (folder / name).write_bytes(rows(2))
        clock.until_done()
    (folder / "customers_a.csv").write_bytes(rows(2))
    clock.until_done()
    assert there(folder)["done"] == ["customers_a.csv", "customers_a.csv", "customers_b.csv"]
    assert count(database, "SELECT count(*) FROM import_run WHERE is_feed") == 1


def test_refused_rows_lie_beside_the_file(folder: Path, clock: Clock, database: Database) -> None:
    (folder / "customers.csv").write_bytes(rows(2) + b"A000003,,north\r\n")
    clock.until_done()
    assert there(folder)["done"] == ["customers.csv", "customers.csv.refused.xlsx"]
    assert ["1 行不能导入" in one for one in notices(database)] == [True]


def test_what_waits_for_a_person_stays(folder: Path, clock: Clock, database: Database) -> None:
    lines = "".join(f"A{n:06d},,north\r\n" for n in range(10, 30))
    (folder / "customers.csv").write_bytes(rows(2) + lines.encode())
    clock.until_done()
    assert there(folder) == {".": ["customers.csv"], "done": [], "refused": []}
    with database.transaction() as session:
        run_id = session.execute(text("SELECT id::text FROM import_run WHERE is_feed")).scalar_one()
        discard_run(session, ADMIN, run_id)
    assert clock.look() == 1
    assert there(folder)["."] == []
    # Its rows were forgotten: no workbook of them is there to be empty.
    assert there(folder)["refused"] == ["customers.csv", "customers.csv.reason.txt"]
    (reason,) = (folder / "refused").glob("*.reason.txt")
    assert "已放弃" in reason.read_text()


@pytest.mark.parametrize("name", ["kunden.csv", "customersx.csv", "staffing.csv", "客户.csv"])
def test_a_name_that_says_nothing_is_refused_in_words(
    folder: Path, clock: Clock, database: Database, name: str
) -> None:
    (folder / name).write_bytes(rows(2))
    clock.look()
    assert clock.look() == 1
    assert there(folder) == {".": [], "done": [], "refused": [name, f"{name}.reason.txt"]}
    (reason,) = (folder / "refused").glob("*.reason.txt")
    assert "customers-2026-11-28.csv" in reason.read_text()
    assert [name in one for one in notices(database)] == [True]


@pytest.mark.parametrize(
    ("name", "target"),
    [("customers.csv", "customers"), ("Service-Points 1.xlsx", "service_points"), ("STAFF_x.csv", "staff"),
     ("past_jobs2024.csv", "past_jobs"), ("cell_representatives-1.csv", "cell_representatives")],
)  # fmt: skip
def test_a_name_says_what_a_file_is(name: str, target: str) -> None:
    assert watching._target_of(name) == target


def test_unknown_columns_and_no_table_are_refused(folder: Path, clock: Clock, database: Database) -> None:
    (folder / "customers-1.csv").write_bytes(as_csv([["1", "2"]], ("户号", "什么")))
    (folder / "customers-2.xlsx").write_bytes(b"PK\x03\x04 nothing")
    (folder / "customers-3.csv").write_bytes(b"")
    clock.look()
    assert clock.look() == 3
    assert len(there(folder)["refused"]) == 6
    assert len(notices(database)) == 3
    assert any("没有人用这些列" in one.read_text() for one in (folder / "refused").glob("*1.csv.reason.txt"))


def test_a_link_is_not_followed(folder: Path, clock: Clock, database: Database, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(rows(2))
    (folder / "customers-link.csv").symlink_to(secret)
    (folder / "customers-dangling.csv").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "customers-pipe.csv")
    assert clock.look() == 3
    assert secret.read_bytes() == rows(2)
    assert there(folder)["."] == []
    assert count(database, "SELECT count(*) FROM import_run WHERE is_feed") == 0
    assert ["链接" in one for one in notices(database)] == [True] * 3


def test_a_link_put_in_place_of_a_file_is_not_followed_either(
    folder: Path, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(rows(2))
    (folder / "customers.csv").symlink_to(secret)
    monkeypatch.setattr(watching, "_is_still", lambda *_, **__: True)
    clock.look()
    assert count(database, "SELECT count(*) FROM import_run WHERE is_feed") == 0


def test_a_huge_file_is_not_read(
    folder: Path, clock: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "customers.csv").open("wb") as out:
        out.truncate(watching.MOST_BYTES + 1)
    monkeypatch.setattr(watching, "_read", lambda _: pytest.fail("it was read"))
    assert clock.look() == 1
    assert ["文件太大" in one for one in notices(database)] == [True]


def test_unfinished_and_hidden_files_are_left(folder: Path, clock: Clock) -> None:
    for name in ("customers.csv.part", ".customers.csv", "customers.tmp", "~customers.csv"):
        (folder / name).write_bytes(rows(2))
    (folder / "archive").mkdir()
    clock.until_done()
    assert len(there(folder)["."]) == 4


def test_a_folder_that_is_not_there_is_told_of_once_a_day(database: Database, tmp_path: Path) -> None:
    clock = Clock(database, tmp_path / "nowhere")
    assert [clock.look(), clock.look()] == [0, 0]
    assert ["WANGGE_IMPORT_FOLDER" in one for one in notices(database)] == [True]
    clock.look(seconds=90_000)
    assert len(notices(database)) == 2
    # When it is there again, its next absence is news.
    clock.folder.mkdir()
    clock.look()
    (clock.folder / "done").rmdir()
    (clock.folder / "refused").rmdir()
    clock.folder.rmdir()
    clock.look()
    assert len(notices(database)) == 3


def test_a_folder_whose_places_are_links_is_not_used(folder: Path, clock: Clock, tmp_path: Path) -> None:
    (folder / "done").symlink_to(tmp_path)
    (folder / "customers.csv").write_bytes(rows(2))
    assert clock.look() == 0
    assert (folder / "customers.csv").exists()


def test_a_name_of_odd_bytes_stops_nothing(folder: Path, clock: Clock, database: Database) -> None:
    odd = os.fsdecode(os.fsencode(folder) + b"/customers-\xff\xfe.csv")
    Path(odd).write_bytes(rows(2))
    (folder / "customers.csv").write_bytes(rows(3))
    clock.until_done()
    assert there(folder)["."] == []
    assert count(database, "SELECT count(*) FROM customer WHERE name = '李四'") == 2


def test_one_that_cannot_be_worked_on_stops_no_other_and_is_told_once(
    folder: Path, clock: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watching._read

    def broken(file: Path) -> bytes:
        if "bad" in file.name:
            raise PermissionError(file)
        return real(file)

    monkeypatch.setattr(watching, "_read", broken)
    for name in ("customers-bad.csv", "customers-good.csv"):
        (folder / name).write_bytes(rows(2))
    clock.until_done()
    clock.look()
    assert (there(folder)["."], there(folder)["done"]) == (["customers-bad.csv"], ["customers-good.csv"])
    assert ["PermissionError" in one for one in notices(database)] == [True]


def test_another_worker_at_it_is_enough(folder: Path, clock: Clock, database: Database) -> None:
    (folder / "kunden.csv").write_bytes(rows(2))
    clock.look()
    with database.alone(watching._ALONE):
        assert clock.look() == 0
    assert clock.look() == 1


def test_a_file_from_another_unit_needs_that_units_mapping(
    tmp_path: Path, database: Database, town: Town
) -> None:
    imported(database, as_csv([line(1)]), unit="north")
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "customers.csv").write_bytes(as_csv([line(1), line(2)]))
    clock = Clock(database, folder)
    clock.look()
    assert clock.look() == 1
    assert there(folder)["refused"] == ["customers.csv", "customers.csv.reason.txt"]


def test_what_is_written_over_a_file_that_waits_is_taken_too(
    folder: Path, clock: Clock, database: Database
) -> None:
    """Last night's waits for a person; the same name comes mended, and is no file that was looked at."""
    file = folder / "customers.csv"
    file.write_bytes(rows(2) + "".join(f"A{n:06d},,north\r\n" for n in range(10, 30)).encode())
    clock.until_done()
    assert there(folder)["."] == ["customers.csv"]
    file.write_bytes(rows(2, 3))
    clock.until_done()
    assert there(folder) == {".": [], "done": ["customers.csv"], "refused": []}
    assert count(database, "SELECT count(*) FROM customer WHERE name = '李四'") == 2


def test_a_file_is_not_done_with_that_changed_while_its_run_was_written(
    folder: Path, clock: Clock, database: Database
) -> None:
    file = folder / "customers.csv"
    file.write_bytes(rows(2))
    clock.look()
    clock.look()
    file.write_bytes(rows(2, 3))
    work_on_runs(database)
    assert clock.look() == 0
    clock.until_done()
    assert there(folder)["done"] == ["customers.csv"]
    assert count(database, "SELECT count(*) FROM customer WHERE name = '李四'") == 2


@pytest.mark.parametrize(("start", "where"), [("customers-", "done"), ("a", "refused")])
def test_a_long_chinese_name_is_moved(folder: Path, clock: Clock, start: str, where: str) -> None:
    """Names are bounded in bytes; one that could not be moved would also stop the files behind it."""
    (folder / f"{start}{'客' * 80}.csv").write_bytes(rows(2))
    (folder / "customers_z.csv").write_bytes(rows(3))
    clock.until_done()
    found = there(folder)
    assert found["."] == []
    assert "customers_z.csv" in found["done"]
    assert any("客" * 60 in one for one in found[where])


def test_one_that_cannot_be_moved_stops_no_other(
    folder: Path, clock: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watching._move

    def stuck(folder: Path, name: str, where: str) -> Path:
        if name == "bills.csv":
            raise PermissionError(name)
        return real(folder, name, where)

    monkeypatch.setattr(watching, "_move", stuck)
    for name in ("bills.csv", "customers.csv"):
        (folder / name).write_bytes(rows(2))
    clock.until_done()
    clock.look()
    assert (there(folder)["."], there(folder)["done"]) == (["bills.csv"], ["customers.csv"])
    assert ["PermissionError" in one for one in notices(database)] == [True]


def test_a_folder_of_very_many_files_is_looked_at(folder: Path, database: Database) -> None:
    watching._tell_of_folder(database, folder, "OSError", datetime.now(UTC))
    watching._forget(database, [f"customers-{n}.csv" for n in range(70_000)])
    assert count(database, "SELECT count(*) FROM import_feed_file") == 0


def test_a_file_whose_run_fails_is_refused_in_words(
    folder: Path, clock: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("odd")

    (folder / "customers.csv").write_bytes(rows(2))
    monkeypatch.setattr(working, "check_run", broken)
    clock.until_done()
    assert there(folder)["refused"] == ["customers.csv", "customers.csv.reason.txt"]
    (told,) = notices(database)
    assert CATALOGUE["server_error"].zh in told
    assert "server_error" not in told
