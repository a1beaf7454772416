"""Health checks of the database: reach, version, PostGIS, rights, schema, clock, connections, backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import wraps

from sqlalchemy.orm import Session

from backend.alarms.services.table import ALARMS, DAY
from backend.core.sentences import sentence
from backend.setup.queries import health
from backend.setup.services.checkup import Check, Finding, State, Surroundings, days_since

LEAST_POSTGRES, LEAST_POSTGIS = 14, 3
# A phone's work is judged by the server's clock, history by the database's.
WARN_CLOCK, FAIL_CLOCK = timedelta(seconds=2), timedelta(seconds=30)
# Two web processes and a worker, 40 connections each at most, and some for people.
LEAST_CONNECTIONS = 130
DAYS_OF_BACKUP, DAYS_OF_DRILL = (int(ALARMS[one].threshold / DAY) for one in ("backup", "drill"))

Look = Callable[[Session, Surroundings], Iterator[Finding]]


def _in_session(look: Look) -> Callable[[Surroundings], Iterator[Finding]]:
    """A look into the database, in a transaction of its own that writes nothing."""

    @wraps(look)
    def looking(around: Surroundings) -> Iterator[Finding]:
        assert around.database is not None
        with around.database.snapshot() as session:
            yield from list(look(session, around))

    return looking


def check_reach(around: Surroundings) -> Iterator[Finding]:
    """Whether the database answers at all."""
    if around.database is None:
        found = sentence("setup.database_away", why=around.away)
        yield Finding("database", State.FAIL, found, sentence("setup.database_away_do"))
        return
    with around.database.snapshot() as session:
        found_here = health.server(session)
    major = found_here.version // 10_000
    if major < LEAST_POSTGRES:
        old = sentence("setup.database_old", version=major, least=LEAST_POSTGRES)
        yield Finding("database", State.FAIL, old, sentence("setup.database_old_do"))
    elif found_here.encoding != "UTF8":
        odd = sentence("setup.database_encoding", encoding=found_here.encoding)
        yield Finding("database", State.FAIL, odd, sentence("setup.database_encoding_do"))
    else:
        yield Finding("database", State.OK, sentence("setup.database_ok", version=major))


@_in_session
def check_postgis(session: Session, around: Surroundings) -> Iterator[Finding]:
    """Whether PostGIS is there, and new enough."""
    found = health.postgis(session)
    if found.installed is None:
        do = sentence("setup.postgis_make_do") if found.available else sentence("setup.postgis_install_do")
        yield Finding("postgis", State.FAIL, sentence("setup.postgis_missing"), do)
    elif int(found.installed.split(".")[0]) < LEAST_POSTGIS:
        old = sentence("setup.postgis_old", version=found.installed)
        yield Finding("postgis", State.FAIL, old, sentence("setup.postgis_install_do"))
    else:
        yield Finding("postgis", State.OK, sentence("setup.postgis_ok", version=found.installed))


@_in_session
def check_rights(session: Session, around: Surroundings) -> Iterator[Finding]:
    """Whether the role may make tables and owns those that are there."""
    found = health.rights(session)
    if not found.may_create:
        lacking = sentence("setup.rights_lacking", role=found.role)
        yield Finding("rights", State.FAIL, lacking, sentence("setup.rights_lacking_do", role=found.role))
    elif found.foreign_tables:
        foreign = sentence("setup.rights_foreign", role=found.role, count=found.foreign_tables)
        yield Finding("rights", State.FAIL, foreign, sentence("setup.rights_foreign_do", role=found.role))
    else:
        yield Finding("rights", State.OK, sentence("setup.rights_ok", role=found.role))


@_in_session
def check_schema(session: Session, around: Surroundings) -> Iterator[Finding]:
    """Whether every migration of this release ran, and none of a newer one."""
    found, newest = health.schema(session), around.newest_schema
    if found == newest:
        yield Finding("schema", State.OK, sentence("setup.schema_ok", number=newest))
    elif found is not None and found > newest:
        newer = sentence("setup.schema_newer", number=found, newest=newest)
        yield Finding("schema", State.FAIL, newer, sentence("setup.schema_newer_do"))
    else:
        behind = sentence("setup.schema_behind", number=found or "0000", newest=newest)
        yield Finding("schema", State.FAIL, behind, sentence("setup.schema_behind_do"))


@_in_session
def check_clock(session: Session, around: Surroundings) -> Iterator[Finding]:
    """Whether this machine and the database agree on the time."""
    before = datetime.now(UTC)
    theirs = health.clock(session)
    # What the way there and back took is nobody's error.
    after = datetime.now(UTC)
    apart = max(before - theirs, theirs - after, timedelta())
    state = State.FAIL if apart > FAIL_CLOCK else State.WARN if apart > WARN_CLOCK else State.OK
    found = sentence("setup.clock_apart", seconds=apart.total_seconds())
    yield Finding("clock", state, found, None if state is State.OK else sentence("setup.clock_apart_do"))


@_in_session
def check_connections(session: Session, around: Surroundings) -> Iterator[Finding]:
    """Whether the database takes as many connections as two web processes and a worker may open."""
    most = health.server(session).most_connections
    found = sentence("setup.connections", most=most)
    if most < LEAST_CONNECTIONS:
        do = sentence("setup.connections_do", least=LEAST_CONNECTIONS)
        yield Finding("connections", State.WARN, found, do)
    else:
        yield Finding("connections", State.OK, found)


@_in_session
def check_backups(session: Session, around: Surroundings) -> Iterator[Finding]:
    """How old the last backup is, and when one was last tried."""
    made = health.last_act(session, "backup_made")
    if made is None:
        yield Finding("backup", State.FAIL, sentence("setup.backup_never"), sentence("setup.backup_do"))
    else:
        days = days_since(made, around.now)
        old = days >= DAYS_OF_BACKUP
        found = sentence("setup.backup_age", days=days)
        state = State.WARN if old else State.OK
        yield Finding("backup", state, found, sentence("setup.backup_do") if old else None)
    yield _drilled(health.last_drill(session), around)


def _drilled(last: health.Drill | None, around: Surroundings) -> Finding:
    do = sentence("setup.drill_do")
    if last is None:
        return Finding("drill", State.WARN, sentence("setup.drill_never"), do)
    days = days_since(last.at, around.now)
    if not last.is_good:
        return Finding("drill", State.FAIL, sentence("setup.drill_failed", days=days, why=why_of(last)), do)
    is_old = days >= DAYS_OF_DRILL
    return Finding(
        "drill",
        State.WARN if is_old else State.OK,
        sentence("setup.drill_age", days=days),
        do if is_old else None,
    )


def why_of(last: health.Drill) -> tuple[str, str]:
    """Why a backup was no good, in both languages, as it was noted in one line."""
    zh, _, en = str(last.found.get("why", "")).partition(" · ")
    return zh, en or zh


CHECKS = (
    Check("database", check_reach),
    Check("postgis", check_postgis, needs_database=True),
    Check("rights", check_rights, needs_database=True),
    Check("schema", check_schema, needs_database=True),
    Check("clock", check_clock, needs_database=True),
    Check("connections", check_connections, needs_database=True),
    Check("backup", check_backups, needs_database=True),
)
