"""How a process reaches its database (addresses, pools, prepared statements), and what its log says."""

from __future__ import annotations

import json
import logging
import re

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from backend.core import config, logs
from backend.core.db import SESSION, make_engine, url_of
from backend.local.cluster import Cluster


def spelled(cluster: Cluster, way: str) -> str:
    """An address of the test's cluster behind a host that is away, in one of libpq's spellings."""
    here = str(cluster.socket.resolve())
    user = re.search(r"//([^@]*)@", cluster.url())
    assert user
    return way.format(user=user[1], here=here, escaped=here.replace("/", "%2F"))


@pytest.mark.parametrize(
    "way",
    [
        "postgresql://{user}@/postgres?host={here}",
        "postgres://{user}@/postgres?host={escaped}",
        "postgresql+psycopg://{user}@/postgres?host={here}",
        "postgresql://{user}@{escaped}/postgres",
        "postgresql://{user}@127.0.0.1:9,{escaped}:5432/postgres",
        "postgresql://{user}@/postgres?host=127.0.0.1,{here}&port=9,5432",
        "postgresql://{user}@/postgres?host=/nowhere,{here}",
        "postgresql://{user}@/postgres?host=127.0.0.1,{here}&port=9,5432&target_session_attrs=read-write",
        "host='/nowhere,{here}' user={user} dbname=postgres",
    ],
)
def test_an_address_is_taken_in_every_spelling(cluster: Cluster, way: str) -> None:
    """With several hosts the first that answers, and may write where that is asked, is gone to."""
    engine = make_engine(spelled(cluster, way), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_database()")).scalar_one() == "postgres"


def test_what_is_no_address_is_said_by_the_setting_s_name() -> None:
    for wrong in ("postgresql://u@/db?nonsense=1", "not an address"):
        with pytest.raises(ValueError, match="WANGGE_DATABASE_URL"):
            url_of(wrong)


def test_a_password_stays_out_of_what_is_shown() -> None:
    assert "secret" not in repr(url_of("postgresql://u:secret@a,b/db"))


def test_pools_and_prepared_statements_are_settings(cluster: Cluster) -> None:
    found = config.read(
        {
            "WANGGE_DATABASE_POOL": "3",
            "WANGGE_DATABASE_OVERFLOW": "0",
            "WANGGE_DATABASE_PREPARE_AFTER": "0",
        }
    )
    assert found.connections() == {"pool_size": 3, "max_overflow": 0, "prepare_after": None}
    assert found.connections(2)["pool_size"] == 2
    assert config.read({}).connections() == {"pool_size": 20, "max_overflow": 20, "prepare_after": 5}
    engine = make_engine(cluster.url("postgres"), **found.connections())
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.size() == 3
    with engine.connect() as connection:
        for _ in range(20):
            connection.execute(text("SELECT 1"))
        prepared = "SELECT count(*) FROM pg_prepared_statements"
        assert connection.execute(text(prepared)).scalar_one() == 0
    engine.dispose()


def test_every_session_goes_by_what_ours_need(cluster: Cluster) -> None:
    engine = make_engine(cluster.url("postgres"), poolclass=NullPool)
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in SESSION}
    assert found == SESSION


@pytest.mark.parametrize(("level", "said"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_log_says_from_a_level_on(level: str, said: int, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(level=config.read({"WANGGE_LOG_LEVEL": level}).log_level)
    log = structlog.get_logger()
    for say in (log.debug, log.info, log.warning, log.error):
        say("something")
    logs.configure()
    assert len(capsys.readouterr().err.splitlines()) == said


def test_an_unknown_level_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"WANGGE_LOG_LEVEL=loud: debug · info · warning · error"):
        config.read({"WANGGE_LOG_LEVEL": "loud"})


def test_a_library_s_traceback_is_one_line_without_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure()
    logs.configure_libraries()
    try:
        engine = make_engine("postgresql://nobody@127.0.0.1:1/nothing", poolclass=NullPool)
        try:
            engine.connect()
        except OperationalError:
            logging.getLogger("celery.app.trace").exception(
                "Task wangge.tidy raised unexpected:\n%s", "13800001234"
            )
        logging.getLogger("celery.worker").info("nothing to say")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["logger"], told["level"], told["exception"]) == (
        "celery.app.trace",
        "error",
        "OperationalError",
    )
    assert told["event"] == "Task wangge.tidy raised unexpected:"
    assert "13800001234" not in line
