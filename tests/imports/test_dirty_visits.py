"""Past visits with days in every form: each moment is the true one, or the row is refused for its reason."""

from __future__ import annotations

from typing import Any

import pytest

from backend.imports.reading.proposing import propose
from backend.imports.reading.shapes import Clean, Context, Mapping, Refused, Result, Table
from backend.imports.reading.studying import study_of
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import Translator
from tests.imports.dirty_visits import ZONE, Visits, visits

pytestmark = pytest.mark.usefixtures("in_process")
TARGET = TARGETS["past_visits"]
SEEDS = range(1, 7)
ORDER = "date_order:ended_at"


def results(table: Table, answers: dict[str, Any]) -> list[Result]:
    mapping = Mapping(TARGET.name, propose(TARGET, table.columns), answers)
    return list(Translator(TARGET, mapping, table.columns, Context(None, None, ZONE)).all(table.rows))


def studied(file: Visits) -> tuple[Table, dict[str, Any], set[str]]:
    table = read_table(file.data, "走访.xlsx")
    mapping = Mapping(TARGET.name, propose(TARGET, table.columns))
    study = study_of(TARGET, mapping, table.columns, table.rows, None)
    return table, dict(study.found), {one.name for one in study.questions}


@pytest.mark.parametrize("seed", SEEDS)
def test_each_visit_has_its_moment_or_its_reason(seed: int) -> None:
    file = visits(seed)
    table, found, asked = studied(file)
    assert found.get(ORDER, file.order) == file.order
    assert asked <= {ORDER}
    for result in results(table, {ORDER: file.order}):
        moment, code = file.truths[result.number]
        if isinstance(result, Refused):
            assert {(one.field, one.code) for one in result.reasons} == {("ended_at", code)}
            continue
        assert (code, result.values["ended_at"]) == ("", moment)
        assert result.values.items() >= file.values[result.number].items()


def test_of_days_that_nothing_tells_the_order_is_asked_and_without_it_none_is_guessed() -> None:
    file = next(one for one in map(visits, range(1, 50)) if one.asks)
    table, found, asked = studied(file)
    assert (ORDER in found, asked) == (False, {ORDER})
    unsure = [one for one in results(table, found) if isinstance(one, Refused)]
    sure = [one for one in results(table, found) if isinstance(one, Clean)]
    assert "which_day" in {reason.code for one in unsure for reason in one.reasons}
    assert all(one.values["ended_at"] == file.truths[one.number][0] for one in sure)


def test_the_other_order_gives_other_days() -> None:
    file = next(one for one in map(visits, range(1, 50)) if one.asks)
    table, *_ = studied(file)
    by_order = [
        [one.values["ended_at"] for one in results(table, {ORDER: order}) if isinstance(one, Clean)]
        for order in ("mdy", "dmy")
    ]
    assert len(by_order[0]) == len(by_order[1])
    assert by_order[0] != by_order[1]
