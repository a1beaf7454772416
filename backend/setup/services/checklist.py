"""The checklist before the first phone: what is still missing, what that means, and where it is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.alarms.services.standing import Standing, standings
from backend.alarms.services.table import DAY
from backend.alarms.services.words import standing_words
from backend.core.actor import Actor, Role
from backend.core.config import Settings
from backend.core.keys import UnsafeKey
from backend.core.queries import policy
from backend.core.queries.scopes import today
from backend.core.sentences import Words, sentence
from backend.notices.services.channels import ALL, open_channels
from backend.notices.services.channels.webhook import Webhook
from backend.setup.queries import counts, health
from backend.setup.queries.counts import Part
from backend.setup.services.checking_database import DAYS_OF_DRILL, why_of
from backend.setup.services.checkup import State, days_since

Asked = Callable[[Session, list[str], date], Part]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list: how it stands, how many lack it (of how many, where that is known), what that
    means, what to do, and the console's page that mends it ("" where it is the server's own setting)."""

    code: str
    state: State
    missing: int
    total: int | None
    title: Words
    meaning: Words
    mend: Words
    page: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it goes over the wire."""
        return {
            "code": self.code,
            "state": str(self.state),
            "missing": self.missing,
            "total": self.total,
            "title": self.title.as_dict(),
            "meaning": self.meaning.as_dict(),
            "mend": self.mend.as_dict(),
            "page": self.page,
        }


@dataclass(frozen=True, slots=True)
class _Counted:
    """A line that is counted: by which question, where it is mended, and how grave it is where some or all of
    them lack it. `needs_some`: none at all is as bad."""

    code: str
    asked: Asked
    page: str
    some: State = State.WARN
    all: State = State.FAIL
    needs_some: bool = False
    # Where the first of them come from.
    begins_at: str = ""


_COUNTED = (
    _Counted("hotline", counts.units_without_hotline, "/people?tab=units"),
    _Counted("calendars", counts.calendars, "/people?tab=calendars", all=State.WARN),
    _Counted("matters", counts.matters, "/people?tab=matters", State.FAIL),
    _Counted("cells", counts.cells_unserved, "/ground", State.FAIL, needs_some=True),
    _Counted("accounts", counts.staff_without_account, "/people?tab=accounts", needs_some=True),
    _Counted("passwords", counts.accounts_unopened, "/people?tab=accounts", all=State.WARN),
    _Counted("crews", counts.units_without_crew, "/people?tab=crews", needs_some=True),
    _Counted("on_call", counts.units_without_on_call, "/people?tab=crews", needs_some=True),
    _Counted(
        "customers",
        counts.customers_without_cell,
        "/customers",
        State.FAIL,
        needs_some=True,
        begins_at="/imports",
    ),
    _Counted(
        "points", counts.points_without_cell, "/customers", State.FAIL, needs_some=True, begins_at="/imports"
    ),
    _Counted("phones", counts.phones_signed_in, "/people?tab=devices", needs_some=True),
)


def checklist(session: Session, settings: Settings, actor: Actor) -> list[Line]:
    """Every line for the asker's own units and those below, in the order in which they are mended.

    Raises not_allowed: it is for administrators.
    """
    policy.need_role(actor, {Role.ADMIN})
    units, on = policy.own_units(session, actor), today()
    lines = [_counted(one, one.asked(session, units, on)) for one in _COUNTED]
    return [*lines, *_of_server(session, settings)]


def _counted(one: _Counted, part: Part) -> Line:
    is_all = part.missing == part.total or part.total == 0
    if part.total == 0:
        state = one.all if one.needs_some or part.missing else State.OK
    else:
        state = State.OK if not part.missing else one.all if is_all else one.some
    page = one.page if part.total else one.begins_at or one.page
    return _line(one.code, state, part.missing, part.total, page)


def _line(code: str, state: State, missing: int, total: int | None = None, page: str = "") -> Line:
    return Line(
        code,
        state,
        missing,
        total,
        sentence(f"setup.line_{code}_title"),
        sentence(f"setup.line_{code}_why"),
        sentence(f"setup.line_{code}_do"),
        page,
    )


def _of_server(session: Session, settings: Settings) -> Iterator[Line]:
    """The server's own: guarding values, keys, and what alarms watch."""
    channels = {name for name in open_channels(settings) if ALL[name].is_set(settings)}
    has_gateway = settings.notify_channel == "webhook" or Webhook.name in channels
    empty = {
        "public_url": not settings.public_url.startswith("https://"),
        "gateway": not channels,
        "gateway_secret": has_gateway and not settings.notify_secret,
        "area_code": not settings.area_code,
        "limits": not settings.limits_enabled,
    }
    for code, is_empty in empty.items():
        yield _line(code, State.WARN if is_empty else State.OK, int(is_empty))
    demo = counts.demo_accounts(session)
    yield _line("demo", State.FAIL if demo else State.OK, demo)
    has_keys = _has_keys(settings)
    yield _line("keys", State.OK if has_keys else State.FAIL, int(not has_keys))
    for one in standings(session):
        yield _drilled(session) if one.alarm.code == "drill" else _of_alarm(one)


def _has_keys(settings: Settings) -> bool:
    try:
        settings.keys.need_all()
    except UnsafeKey:
        return False
    return True


def _of_alarm(standing: Standing) -> Line:
    """An alarm as a line: that something never was done is no better than that it was long ago. `total` says
    how many days ago that was."""
    alarm, worst = standing.alarm, standing.worst
    is_never = worst is not None and worst.is_never
    bad = State.FAIL if alarm.is_grave else State.WARN
    days = int(worst.value / DAY) if worst and alarm.is_age and not is_never else None
    is_bad = standing.rings or is_never
    state = State.SKIPPED if worst is None else bad if is_bad else State.OK
    why = standing_words(alarm, worst, standing.threshold) if worst and standing.rings else alarm.why
    return Line(alarm.code, state, int(is_bad), days, alarm.title, why, alarm.do, alarm.page)


def _drilled(session: Session) -> Line:
    """When a backup was last tried, and what came of it."""
    last = health.last_drill(session)
    if last is None:
        return _line("drill", State.WARN, 1)
    days = days_since(last.at, datetime.now(UTC))
    if not last.is_good:
        line = _line("drill", State.FAIL, 1, days)
        return replace(line, meaning=sentence("setup.line_drill_failed", why=why_of(last)))
    is_old = days >= DAYS_OF_DRILL
    line = _line("drill", State.WARN if is_old else State.OK, int(is_old), days)
    if is_old:
        return line
    records, files, seals = (int(last.found.get(name, 0)) for name in ("records", "files", "seals"))
    return replace(line, meaning=sentence("setup.line_drill_good", records=records, files=files, seals=seals))
