"""What an emergency must keep, each promise a check of records before and after.

What comes back is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.days.oracle import NOT_BEGUN, Oracle, moment_of

Values = Mapping[str, Any]
Jobs = Mapping[str, Values]
BEHIND_THE_BEST = timedelta(minutes=10)
# Seconds of the day are whole, and so are ways.
EXACT = timedelta(minutes=2)
# A job as a person plans it: what a sending may change, and taking it back restores.
PLANNED = ("state", "planned_at", "appointment_from", "appointment_until", "urgency")
_RAW_ZH = re.compile(r"[a-z]{2,}|[_\[\]{}]")
_RAW_EN = re.compile(r"[a-z]+_[a-z_]+|[_\[\]{}]|None|null")


def of_the_proposal(oracle: Oracle, job_id: str, proposals: Sequence[Values]) -> Iterator[str]:
    """Able crews come before others, and the first of them is there within minutes of the oracle's best."""
    able, order = set(oracle.able(job_id)), [one["crew_id"] for one in proposals]
    if set(order) != set(oracle.crews):
        yield "not every crew is ranked, or one that is not the unit's"
    wrong = [crew for crew in order[: len(able)] if crew not in able]
    if wrong:
        yield f"unskilled crews have {len(wrong)} of the first {len(able)} places, able ones come after them"
    could = oracle.could_go(job_id)
    if could and order[0] not in {one.crew_id for one in could}:
        yield "the first proposed cannot go"
    elif could and (behind := oracle.going(order[0], job_id).arrives - could[0].arrives) > BEHIND_THE_BEST:
        yield f"the first proposed is there {_minutes(behind):.0f} min after the best"


def of_the_answer(oracle: Oracle, job_id: str, crew_id: str, arrives: datetime) -> Iterator[str]:
    """A crew that can go goes, is there when it says, and hardly later than anybody could be."""
    could = oracle.could_go(job_id)
    sent = next((one for one in could if one.crew_id == crew_id), None)
    if sent is None:
        yield "a crew was sent that lacks the skills, is off duty, or is not the unit's"
        return
    if abs(arrives - sent.arrives) > EXACT:
        yield (
            f"says it arrives at {arrives.astimezone(UTC):%H:%M}Z, by the oracle at {sent.arrives:%d %H:%M}Z"
        )
    if (behind := sent.arrives - could[0].arrives) > BEHIND_THE_BEST:
        yield f"arrives {_minutes(behind):.0f} min after the best crew could"


def of_a_refusal(oracle: Oracle, job_id: str) -> Iterator[str]:
    """Nobody able is on duty or on call."""
    if could := oracle.could_go(job_id):
        first = _minutes(could[0].arrives - oracle.now)
        yield f"refused, but {len(could)} crews could go, the first is there in {first:.0f} min"


def of_the_others(before: Jobs, after: Jobs, job_id: str, of_other_days: set[str]) -> Iterator[str]:
    """Nothing begun moves, nothing of another day changes, whoever has no crew or one stays so."""
    for id_ in before.keys() - {job_id}:
        was, now = before[id_], after[id_]
        words = f"{was['number']} ({was['state']})"
        if id_ in of_other_days and was != now:
            yield f"{words} of another day was changed"
        elif was["state"] not in NOT_BEGUN and was != now:
            yield f"{words} was changed, though it is not what gives way"
        elif was["state"] in NOT_BEGUN and now["state"] not in NOT_BEGUN:
            yield f"{words} is {now['state']} now"
        elif was.get("is_pinned") and was.get("crew_id") != now.get("crew_id"):
            yield f"{words} was pinned to its crew and is with another one"
        elif (was["state"], was["urgency"]) == ("en_route", "urgent") and was != now:
            yield f"{words} is as urgent, and was changed"


def of_naming(before: Jobs, after: Jobs, job_id: str, answer: Mapping[str, Any]) -> Iterator[str]:
    """The answer names each job that another crew has, that has no time any more, or that comes later."""
    named = {name: {one["job_id"] for one in answer[name]} for name in ("moved", "left_over", "delayed")}
    happened = {
        "moved": set(changed_crew(before, after, job_id)),
        "left_over": set(without_time(before, after, job_id)),
        "delayed": set(later(before, after, job_id)) - named["moved"],
    }
    for name, ids in happened.items():
        yield from (f"{before[id_]['number']} is not named in {name}" for id_ in ids - named[name])
    for id_ in named["moved"] - happened["moved"]:
        yield f"{before[id_]['number']} is named as moved, and was not"
    for id_ in named["left_over"]:
        if after[id_].get("planned_at"):
            yield f"{before[id_]['number']} is named as left over, and has a time"


def of_emergencies(before: Jobs, after: Jobs, job_id: str) -> Iterator[str]:
    """Nobody who waits for an emergency already given waits longer for this one."""
    for id_, was in before.items():
        if id_ != job_id and was["urgency"] == "urgent" and was["state"] in NOT_BEGUN:
            same = was["crew_id"] == after[id_].get("crew_id") and after[id_].get("planned_at")
            if not same or id_ in later(before, after, job_id):
                yield f"{was['number']} is as urgent and was put off"


def of_routes(before: Oracle, after: Oracle, of_other_days: set[str]) -> Iterator[str]:
    """A crew whose plan was possible and was changed has one that is possible, and keeps its appointments."""
    for crew_id in after.crews:
        was, now = (_route(oracle.jobs, crew_id, of_other_days) for oracle in (before, after))
        planned = [
            [(id_, oracle.jobs[id_]["planned_at"]) for id_ in ids]
            for oracle, ids in ((before, was), (after, now))
        ]
        if planned[0] == planned[1] or before.impossible(crew_id, was, EXACT):
            continue
        for id_, reached in after.impossible(crew_id, now, EXACT)[:1]:
            at = moment_of(after.jobs[id_]["planned_at"])
            words = f"is promised for {at:%d %H:%M}Z and cannot be reached before {reached:%d %H:%M}Z"
            yield f"{after.jobs[id_]['number']} {words}"
        for id_ in was:
            if _keeps(before.jobs[id_]) and after.jobs[id_].get("planned_at") and not _keeps(after.jobs[id_]):
                yield f"{after.jobs[id_]['number']} is planned after its appointment now"


def of_taking_back(before: Jobs, after: Jobs) -> Iterator[str]:
    """Everything is planned as it was."""
    for id_, was in before.items():
        now = after[id_]
        different = [name for name in PLANNED if was.get(name) != now.get(name)]
        # Whom a job that waits was taken back from stays on it, and says nothing.
        if was["state"] != "received" and was.get("crew_id") != now.get("crew_id"):
            different.append("crew_id")
        if bool(was.get("is_pinned")) != bool(now.get("is_pinned")):
            different.append("is_pinned")
        if different:
            yield f"{was['number']} ({was['state']}) was not restored: {different}"


def of_words(zh: Iterable[str], en: Iterable[str]) -> Iterator[str]:
    """No code of the machine stands in what people read."""
    for pattern, words in ((_RAW_ZH, zh), (_RAW_EN, en)):
        yield from {f"raw code in {word!r}" for word in words if pattern.search(word)}


def changed_crew(before: Jobs, after: Jobs, job_id: str) -> list[str]:
    """The other jobs that another crew has now."""
    had = {id_: job["crew_id"] for id_, job in before.items() if job["state"] in NOT_BEGUN and id_ != job_id}
    return [
        id_ for id_, crew in had.items() if after[id_]["state"] in NOT_BEGUN and after[id_]["crew_id"] != crew
    ]


def without_time(before: Jobs, after: Jobs, job_id: str) -> list[str]:
    """The other jobs that were planned for a time and are not now, with or without a crew."""
    had = [
        id_
        for id_, job in before.items()
        if job["state"] in NOT_BEGUN and job.get("planned_at") and id_ != job_id
    ]
    return [id_ for id_ in had if not after[id_].get("planned_at")]


def later(before: Jobs, after: Jobs, job_id: str) -> list[str]:
    """The other jobs that are planned for later than they were, by more than a minute or two."""
    times = {
        id_: (moment_of(job.get("planned_at")), moment_of(after[id_].get("planned_at")))
        for id_, job in before.items()
        if id_ != job_id
    }
    return [id_ for id_, (was, now) in times.items() if was and now and now > was + EXACT]


def _keeps(job: Values) -> bool:
    planned, until = moment_of(job.get("planned_at")), moment_of(job.get("appointment_until"))
    return planned is not None and until is not None and planned <= until


def _route(jobs: Jobs, crew_id: str, of_other_days: set[str]) -> list[str]:
    own = [id_ for id_, job in jobs.items() if job.get("crew_id") == crew_id and job["state"] in NOT_BEGUN]
    planned = [id_ for id_ in own if id_ not in of_other_days and jobs[id_].get("planned_at")]
    return sorted(planned, key=lambda id_: (jobs[id_]["planned_at"], id_))


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
