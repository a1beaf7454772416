"""The shapes of a day's plan."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields

from backend.core.api.shapes import InWords, word
from backend.core.kinds import wire
from backend.dispatch.kinds.day_plan import STATES


class ReasonOut(Schema):
    """A reason in words; `is_good` says whether it speaks for the crew."""

    code = fields.String(required=True)
    is_good = fields.Boolean(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class DayPlanProblem(Schema):
    """Why there is no plan: a code of the catalogue, and what it says."""

    class Meta:
        """Each code of the catalogue has details of its own."""

        unknown = INCLUDE

    code = fields.String(required=True)
    cause = fields.String()
    faults = fields.List(fields.Nested(ReasonOut), metadata={"description": "rules that it would break"})


class _JobBefore(Schema):
    """A job, and who had it when."""

    job_id = wire.Id(required=True)
    number = fields.String(required=True)
    was_crew_id = wire.Id(required=True, allow_none=True)
    was_crew_name = fields.String(required=True, allow_none=True)
    was_at = wire.Moment(required=True, allow_none=True)


class StopOut(_JobBefore):
    """A job of the plan: whose, in which place of its day, and when."""

    crew_id = wire.Id(required=True)
    crew_name = fields.String(required=True)
    order = fields.Integer(required=True)
    change = word("same", "moved", "new")
    late_minutes = fields.Integer(required=True)
    arrive_at = wire.Moment(required=True)
    begin_at = wire.Moment(required=True)
    end_at = wire.Moment(required=True)
    breaks = fields.Nested(
        InWords,
        required=True,
        allow_none=True,
        metadata={"description": "what somebody was promised and this time does not keep"},
    )


class UnservedOut(_JobBefore):
    """A job that finds no place, and why."""

    is_withdrawn = fields.Boolean(
        required=True, metadata={"description": "whether publishing takes it from its crew"}
    )
    reasons = fields.List(fields.Nested(ReasonOut), required=True)


class EffectLine(_JobBefore, InWords):
    """What becomes of one job; without a crew afterwards if it is withdrawn."""

    crew_id = wire.Id(required=True, allow_none=True)
    crew_name = fields.String(required=True, allow_none=True)
    at = wire.Moment(required=True, allow_none=True)
    change = word("gained", "lost", "withdrawn", "retimed")
    breaks = fields.Nested(InWords, required=True, allow_none=True)


class EffectOut(InWords):
    """What publishing changes for a crew."""

    crew_id = wire.Id(required=True)
    crew_name = fields.String(required=True)
    jobs = fields.List(fields.Nested(EffectLine), required=True)


class DayPlanNote(InWords):
    """What a person must look at: of a job, or of a crew."""

    code = word("appointment_passed", "other_day", "break")
    job_id = wire.Id()
    number = fields.String()
    crew_id = wire.Id()
    crew_name = fields.String()


class KeptOut(InWords):
    """A job that stayed as it was when the plan was taken back, and whose it is."""

    job_id = wire.Id(required=True)
    number = fields.String(required=True)
    code = fields.String(required=True)
    crew_id = wire.Id(required=True, allow_none=True)
    crew_name = fields.String(required=True, allow_none=True)


class DayPlanFigures(Schema):
    """A plan in numbers; nothing of it where the plan failed its own check."""

    jobs = fields.Integer()
    unserved = fields.Integer()
    changed_crew = fields.Integer()
    withdrawn = fields.Integer()
    retimed = fields.Integer()
    not_as_promised = fields.Integer()
    travel_minutes = fields.Integer()
    travel_minutes_before = fields.Integer()
    late_minutes = fields.Integer()
    late_minutes_before = fields.Integer()
    of_other_days = fields.Integer()
    passed_appointments = fields.Integer()
    travel_zh = fields.String(metadata={"description": "how travel times were found"})
    travel_en = fields.String()


def _rows(schema: type[Schema], description: str) -> wire.Shaped:
    return wire.Shaped(
        schema, many=True, required=True, allow_none=True, metadata={"description": description}
    )


class DayPlanOut(Schema):
    """A plan of a day; `change` of a stop is same, moved or new."""

    id = fields.String(required=True)
    unit_id = fields.String(required=True)
    day = wire.DateIn(required=True)
    state = word(*STATES)
    problem = wire.Shaped(DayPlanProblem, required=True, allow_none=True)
    effects = _rows(
        EffectOut, "what publishing changes, by crew, with before and after; nothing else changes"
    )
    notes = _rows(
        DayPlanNote,
        "what a person must look at: jobs whose appointment has passed or is of another day, "
        "and crews (crew_id, crew_name) whose break cannot be kept",
    )
    kept = _rows(KeptOut, "what stayed as it was when the plan was taken back, with why")
    stops = _rows(StopOut, "by crew, in the order of its day")
    unserved = _rows(UnservedOut, "with reasons")
    figures = wire.Shaped(DayPlanFigures, required=True, allow_none=True)
    made_at = fields.AwareDateTime(required=True)
    published_at = fields.AwareDateTime(required=True, allow_none=True)
    taken_back_at = fields.AwareDateTime(required=True, allow_none=True)
