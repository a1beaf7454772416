"""Whole dirty files by seed: each row comes out as what is true of it, or is refused for its true reason."""

from __future__ import annotations

import pytest

from backend.imports.reading.proposing import missing, propose
from backend.imports.reading.shapes import Clean, Context, Mapping, Refused, Result, Table
from backend.imports.reading.studying import study_of
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import Translator
from geo.measure import distance_m
from tests.imports.dirty import FORMS, Dirty, Truth, dirty

pytestmark = pytest.mark.usefixtures("in_process")
TARGET = TARGETS["customers"]
SEEDS = range(1, 9)


def brought_in(file: Dirty, table: Table) -> list[Result]:
    """All rows, with the answers that a person gives to what is asked."""
    mapping = Mapping(TARGET.name, propose(TARGET, table.columns))
    study = study_of(TARGET, mapping, table.columns, table.rows, file.city.ground)
    assert study.found.get("datum", file.datum) == file.datum
    asked = {one.name for one in study.questions}
    # Nobody answers what is not asked; what is found needs no answer.
    assert asked <= {"zeros:number", "datum", *file.answers}
    answers = {name: answer for name, answer in file.answers.items() if name in asked}
    mapping = mapping.answered({**study.found, **answers})
    context = Context(file.city.ground, file.city.gazetteer(), "Asia/Shanghai")
    return list(Translator(TARGET, mapping, table.columns, context).all(table.rows))


def is_as_true(result: Result, truth: Truth) -> bool:
    if isinstance(result, Refused):
        return {(one.field, one.code) for one in result.reasons} == truth.refused
    values = dict(result.values)
    place = values.pop("place", None)
    if truth.refused or values != truth.values or (place is None) != (truth.place is None):
        return False
    return truth.place is None or distance_m(tuple(place["coordinates"]), truth.place) < 1


@pytest.mark.parametrize("seed", SEEDS)
def test_each_row_is_what_is_true_of_it(seed: int) -> None:
    file = dirty(seed, form=FORMS[seed % len(FORMS)])
    table = read_table(file.data, file.name)
    assert table.header_rows == file.laid.header_rows
    assert {one.number: one.why for one in table.set_aside} == file.laid.set_aside
    assert propose(TARGET, table.columns) == file.laid.mapping
    assert missing(TARGET, propose(TARGET, table.columns)) == ()
    results = {one.number: one for one in brought_in(file, table)}
    assert results.keys() == file.truths.keys()
    wrong = [
        (number, truth.defect, truth, results[number])
        for number, truth in file.truths.items()
        if not is_as_true(results[number], truth)
    ]
    assert wrong == []
    assert any(truth.refused for truth in file.truths.values())


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_an_address_that_is_taken_for_sure_is_in_its_cell(seed: int) -> None:
    file = dirty(seed, 400, form="utf-8-sig")
    clean = [one for one in brought_in(file, read_table(file.data, file.name)) if isinstance(one, Clean)]
    by_address = [(one.located, file.truths[one.number]) for one in clean if one.located is not None]
    assert [
        truth for located, truth in by_address if located.is_sure and located.cell_id != truth.cell_id
    ] == []
    assert all(located.is_sure for located, truth in by_address if truth.is_known_address)
    unknown = [located for located, truth in by_address if truth.is_unknown_street]
    assert unknown
    assert not any(located.is_sure for located in unknown)
    assert {located.reason.code for located in unknown} == {"unknown_address"}


def test_the_same_seed_makes_the_same_file() -> None:
    assert dirty(5, 60, "gbk").data == dirty(5, 60, "gbk").data
    assert dirty(5, 60, "gbk").data != dirty(6, 60, "gbk").data
