"""Sets what holds for the whole installation: administrators of the topmost unit do, the trail notes it.

Time zone and currency are of another sort once there is work (decision 0012).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from typing import Any

from marshmallow import RAISE, ValidationError
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.installation import REPRESENTATIVE, Installation, hold, installation_of
from backend.core.kinds.complaints import in_chinese
from backend.core.kinds.installation import InstallationRow, InstallationValues
from backend.core.kinds.registry import KINDS
from backend.core.kinds.wire import Choice
from backend.core.queries import policy
from backend.core.queries.installation_row import has_any, lock_installation, posts_held_beside
from backend.core.queries.units import topmost_unit
from backend.core.sentences import fault
from backend.core.services.auditing import note_act
from backend.core.services.record_writer import Versions
from sync.kind import Values

_SCHEMA = InstallationValues(unknown=RAISE)


def set_installation(
    session: Session,
    actor: Actor,
    values: Values,
    *,
    reason: str | None = None,
    version: Versions | None = None,
) -> Installation:
    """Set some of the installation's values (as `InstallationValues` has them); returns all of them.

    This process goes by them from the commit on, others within two seconds. `version` is what was read, where
    that matters. While there is no unit yet, only the server itself may, after it made one. Raises
    not_allowed, invalid, changed_meanwhile, reason_needed, currency_kept.
    """
    _need_whole_house(session, actor)
    now = _checked(values)
    _need_each_once([one["code"] for one in now.get("posts", ())])
    before = lock_installation(session)
    if version is not None and before.version not in version:
        raise Problem("changed_meanwhile", version=before.version)
    after = _merged(before, now)
    changed = sorted(name for name in now if before.values()[name] != after.values()[name])
    if not changed:
        return before
    _need_fit(session, before, after, reason)
    session.execute(update(InstallationRow).values(version=after.version, settings=_kept(after)))
    told = [{name: one.values()[name] for name in changed} for one in (before, after)]
    note_act(
        session,
        actor,
        "installation_changed",
        ("installation", None),
        before=told[0],
        after=told[1] | ({"reason": reason} if reason else {}),
    )
    event.listen(session, "after_commit", lambda _session: hold(after), once=True)
    return after


def _need_whole_house(session: Session, actor: Actor) -> None:
    """What holds for every branch is set by nobody who answers for one."""
    if actor.is_system:
        return
    policy.need_role(actor, {Role.ADMIN})
    if actor.unit_id != topmost_unit(session):
        raise Problem("not_allowed", why="it is the topmost unit's to set")


def _checked(values: Values) -> dict[str, Any]:
    try:
        return dict(_SCHEMA.load(values))
    except ValidationError as error:
        raise Problem("invalid", faults=list(_faults(error.messages))) from error


def _faults(messages: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(messages, dict):
        return [one for key, value in messages.items() for one in _faults(value, f"{path}.{key}".strip("."))]
    return [{"field": path, "code": "invalid", "zh": in_chinese(one), "en": one} for one in messages]


def _need_each_once(posts: list[str]) -> None:
    twice = sorted(post for post, count in Counter(posts).items() if count > 1)
    if twice:
        raise Problem("invalid", faults=[fault("posts", "core.post_twice", one, post=one) for one in twice])


def _merged(before: Installation, now: dict[str, Any]) -> Installation:
    """Limits and days are named one by one, everything else whole; no days are the usual ones."""
    limits = before.values()["limits"] | now.get("limits", {})
    days = before.values()["retention"] | now.get("retention", {})
    retention = {name: count for name, count in days.items() if count is not None}
    merged = before.values() | now | {"limits": limits, "retention": retention}
    return installation_of(merged, before.version + 1)


def _kept(installation: Installation) -> dict[str, Any]:
    return {name: value for name, value in installation.values().items() if name != "version"}


def _need_fit(session: Session, before: Installation, after: Installation, reason: str | None) -> None:
    faults = list(_post_faults(session, after))
    late, until = after.limits.visit_late_from_hour, after.limits.visit_late_until_hour
    if until >= late:
        faults.append(fault("limits.visit_late_until_hour", "core.late_hours"))
    between = "limits.visit_days_between"
    unknown = sorted(after.limits.visit_days_between.keys() - _categories())
    faults += [fault(f"{between}.{one}", "core.unknown") for one in unknown]
    if faults:
        raise Problem("invalid", faults=faults)
    if before.retention != after.retention and not (reason or "").strip():
        raise Problem("reason_needed")
    if (before.currency, before.time_zone) == (after.currency, after.time_zone):
        return
    if not has_any(session, [one.name for one in KINDS.values() if one.kind.initial_state]):
        return
    if before.currency != after.currency:
        raise Problem("currency_kept", currency=before.currency)
    if not (reason or "").strip():
        raise Problem("reason_needed")


def _categories() -> AbstractSet[str]:
    """Of customers, who are visited so often by their category."""
    field = KINDS["customer"].wired["category"].field
    return field.labels.keys() if isinstance(field, Choice) else frozenset()


def _post_faults(session: Session, after: Installation) -> list[dict[str, str]]:
    """A post that people hold stays, and so does the one that serves cells; no code stands twice."""
    faults = []
    if REPRESENTATIVE not in after.posts:
        faults.append(fault("posts", "core.post_needed", post=REPRESENTATIVE))
    for post, count in posts_held_beside(session, sorted(after.posts)).items():
        faults.append(fault("posts", "core.post_held", post, post=post, count=count))
    return faults
