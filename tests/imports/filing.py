"""Makes small files for tests of imports, and takes runs to their end."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from backend.core.actor import Actor, Role
from backend.core.db import Database
from backend.imports.kinds.import_run import ImportRun
from backend.imports.reading.tables import read_table
from backend.imports.services import runs
from backend.imports.services.working import work_on_runs
from tests.factories import SIDE, SOUTH, WEST, uid

ADMIN = Actor(uid("admin"), uid("group"), frozenset({Role.ADMIN}))
HEAD = ("户号", "户名", "用户类型", "联系电话", "用水地址", "表号", "口径", "用水性质", "经度", "纬度")


def line(n: int, cell: int = 0, **more: str) -> list[str]:
    """A customer with a point in the middle of a cell of the town."""
    values = {
        "户号": f"A{n:06d}",
        "户名": f"张{'一二三四五六七八九十'[n % 10]}{'甲乙丙丁戊己庚辛'[n % 8]}",
        "用户类型": "居民",
        "联系电话": f"1391234{n % 10000:04d}",
        "用水地址": f"泊岸路{n}号",
        "表号": f"B{n:07d}",
        "口径": "DN20",
        "用水性质": "居民生活",
        "经度": f"{WEST + (cell + 0.5) * SIDE + n % 50 * 1e-5:.6f}",
        "纬度": f"{SOUTH + SIDE / 2:.6f}",
    } | more
    return [values[name] for name in HEAD]


def as_csv(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> bytes:
    """A file of these rows."""
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue().encode()


def checked(
    database: Database, data: bytes, target: str = "customers", unit: str = "north", **options: Any
) -> str:
    """A run of a file, its proposed columns confirmed and checked: its id."""
    table = read_table(data, "ledger.csv")
    with database.transaction() as session:
        run = runs.begin_run(session, ADMIN, uid(unit), target, "ledger.csv", data, table)
        run_id, mapping = str(run.id), run.mapping
    answers = {"datum": "wgs84"} | mapping["answers"] | options.pop("answers", {})
    columns = mapping["columns"] | options.pop("columns", {})
    with database.transaction() as session:
        runs.confirm_mapping(session, ADMIN, run_id, columns, answers, options)
    work_on_runs(database)
    return run_id


def apply(database: Database, run_id: str) -> ImportRun:
    """A checked run written to its end."""
    with database.transaction() as session:
        runs.apply_run(session, ADMIN, run_id)
    work_on_runs(database)
    return run_of(database, run_id)


def imported(database: Database, data: bytes, target: str = "customers", **options: Any) -> ImportRun:
    """A file on the whole way."""
    return apply(database, checked(database, data, target, **options))


def run_of(database: Database, run_id: str) -> ImportRun:
    """A run as it stands."""
    with database.transaction() as session:
        return runs.read_run(session, ADMIN, run_id)
