"""The commands an operator types, against a database of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from backend.cli import main
from backend.core import logs
from backend.core.db import Database, make_engine
from backend.local.broker import Broker
from backend.local.cluster import Cluster
from tests.factories import uid
from tests.imports.filing import as_csv, line

Run = Callable[..., Result]


@pytest.fixture
def run(
    cluster: Cluster, town_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """`run("migrate")` in a town of this test's own, as an operator with an own database and broker would."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_cli WITH (FORCE)")
    cluster.ensure_database("copy_cli", town_template)
    broker = Broker(tmp_path / "broker")
    broker.start()
    for name, value in {
        "HOME": str(tmp_path / "home"),
        "DATABASE_URL": cluster.url("copy_cli"),
        "BROKER_URL": broker.url,
    }.items():
        monkeypatch.setenv(f"WANGGE_{name}", value)
    program, environment = cluster.where("pg_dump")
    monkeypatch.setenv("PATH", str(Path(program).parent), prepend=":")
    if "LD_LIBRARY_PATH" in environment:
        # Unpacked into a folder of ours, its programs need to be told where their libraries lie.
        monkeypatch.setenv("LD_LIBRARY_PATH", environment["LD_LIBRARY_PATH"])
    yield lambda *arguments: CliRunner().invoke(main, list(arguments))
    logs.configure()
    broker.stop()
    cluster.psql("postgres", "DROP DATABASE copy_cli WITH (FORCE)")


def test_the_demo_city_does_not_load_into_somebodys_database(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = run("demo", "--size", "small")
    assert refused.exit_code != 0
    assert "WANGGE_DEMO=1" in refused.output
    monkeypatch.setenv("WANGGE_DEMO", "1")
    full = run("demo", "--size", "small")
    assert full.exit_code != 0
    assert "不是空的" in full.output


def test_the_demo_city_loads_into_an_empty_database_that_asks_for_it(
    run: Run, cluster: Cluster, empty_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.psql("postgres", "DROP DATABASE copy_cli WITH (FORCE)")
    cluster.ensure_database("copy_cli", empty_template)
    monkeypatch.setenv("WANGGE_DEMO", "1")
    done = run("demo", "--size", "small")
    assert done.exit_code == 0, done.output
    assert "用时" in done.output
    engine = make_engine(cluster.url("copy_cli"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM customer")).scalar() == 1000
        assert connection.execute(text("SELECT bool_and(is_demo) FROM account")).scalar() is True
    engine.dispose()


def test_migrating_twice_changes_nothing(run: Run) -> None:
    assert run("migrate").exit_code == 0
    assert run("migrate").exit_code == 0


def test_a_backup_comes_back(run: Run, cluster: Cluster, tmp_path: Path) -> None:
    assert run("backup", str(tmp_path / "kept")).exit_code == 0
    database = Database(make_engine(cluster.url("copy_cli")))
    with database.transaction() as session:
        session.execute(text("DELETE FROM sync_history"))
    database.engine.dispose()
    restored = run("restore", str(tmp_path / "kept"))
    assert restored.exit_code == 0, restored.output
    assert "epoch 2" in restored.output
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM sync_history")).scalar_one() > 40
    database.engine.dispose()


def test_an_unknown_size_or_folder_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("demo", "--size", "gigantic").exit_code == 2
    assert run("restore", str(tmp_path / "nowhere")).exit_code == 2


def test_a_database_that_is_not_there_is_said_in_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    refused = run("migrate")
    assert refused.exit_code == 1
    assert "数据库连不上" in refused.output
    assert "Traceback" not in refused.output


def test_a_unit_is_divided_imported_and_exported_from_the_shell(
    run: Run, cluster: Cluster, tmp_path: Path
) -> None:
    planned = run("ground", "divide", "north", "--cells", "2")
    assert planned.exit_code == 0, planned.output
    assert '"moved_share"' in planned.output
    assert "已生效" not in planned.output
    done = run("ground", "divide", "north", "--cells", "2", "--accept")
    assert "已生效" in done.output
    for name in ("cells.geojson", "cells.gpkg", "cells.zip"):
        written = run("ground", "export", "north", "cells", str(tmp_path / name))
        assert written.exit_code == 0, written.output
        assert "wrote 2" in written.output
    again = run("ground", "import", "north", str(tmp_path / "cells.gpkg"), "--accept")
    assert again.exit_code == 0, again.output
    assert '"moved_share": 0.0' in again.output
    trail = """
        SELECT string_agg(concat(act, ' ', subject_kind, by_staff_id), ', ' ORDER BY acted_at)
        FROM administrative_act
    """
    told = ["record_changed ground_plan", *["exported map_layer"] * 3, "record_changed ground_plan"]
    engine = make_engine(cluster.url("copy_cli"))
    with engine.connect() as connection:
        assert connection.execute(text(trail)).scalar_one() == ", ".join(told)
    engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ground", "divide", "nowhere", "--cells", "2"), "没有这个单位"),
        (
            ("ground", "divide", "north", "--cells", "90"),
            "要的网格比有工作的地点（用水点、工单）还多，请减少网格数",
        ),
        (("ground", "export", "north", "cells", "x.dwg"), "不支持"),
    ],
)
def test_the_shell_says_what_is_wrong(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.exit_code != 0
    assert words in done.output


def test_verify_names_what_differs_and_what_is_not_yet_sealed(run: Run, cluster: Cluster) -> None:
    database = Database(make_engine(cluster.url("copy_cli")))
    fresh = run("verify")
    assert (fresh.exit_code, "not yet sealed" in fresh.output) == (0, True), fresh.output
    assert "stand as they were sealed" in fresh.output
    with database.transaction() as session:
        session.execute(text("SET session_replication_role = replica"))
        session.execute(text("UPDATE customer SET phone = '13999999999' WHERE number = 'K0000'"))
        session.execute(text("UPDATE device SET public_key = 'x' WHERE name = 'leader''s phone'"))
    database.engine.dispose()
    broken = run("verify", "--no-bytes")
    assert broken.exit_code == 1
    for named in (f"customer {uid('customer 0')} phone", "device", "public_key", "2 in all"):
        assert named in broken.output, broken.output


def test_a_table_is_checked_and_imported_from_a_shell(run: Run, tmp_path: Path) -> None:
    file, refused = tmp_path / "用户.csv", tmp_path / "refused.csv"
    file.write_bytes(as_csv([line(1), line(2, 户名="")]))
    answers = tmp_path / "map.json"
    answers.write_text('{"answers": {"datum": "wgs84"}}')
    given = ("import", "customers", str(file), "--unit", "north", "--map", str(answers))
    dry = run(*given, "--dry-run", "--refused", str(refused))
    assert dry.exit_code == 0, dry.output
    assert "什么也没有写入" in dry.output
    assert "不能导入 Refused: 1" in dry.output
    assert len(refused.read_text("utf-8-sig").splitlines()) == 2
    first = run(*given)
    assert first.exit_code == 0, first.output
    assert "新增 New: 1" in first.output
    assert "无变化 Same: 1" in run(*given).output
    assert "没有这个单位" in run("import", "customers", str(file), "--unit", "east").output


def test_a_file_that_is_no_table_is_refused_in_words(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "picture.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    answer = run("import", "customers", str(file))
    assert answer.exit_code == 1
    assert "不是表格" in answer.output


def test_everything_is_exported_into_a_folder(run: Run, tmp_path: Path) -> None:
    answer = run("export", str(tmp_path / "out"), "--unit", "north")
    assert answer.exit_code == 0, answer.output
    assert "已导出到" in answer.output
    assert (tmp_path / "out/kinds/cell.geojson").stat().st_size > 100
    assert len((tmp_path / "out/tables/customers.csv").read_text("utf-8-sig").splitlines()) == 7
    assert (tmp_path / "out/history/customer.jsonl").read_text().count("\n") >= 6
