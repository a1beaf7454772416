"""Studies whole columns before rows are read: what they say beyond doubt, and what must be asked.

Whether zeros were lost, whether the month or the day comes first, which words are unknown, and on which datum
the coordinates are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import field as by_default
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry

from backend.core.installation import installed
from backend.core.sentences import sentence
from backend.imports.reading import coordinates, days, figures, numbers, words
from backend.imports.reading.cleaning import one_width, shown, text_in
from backend.imports.reading.shapes import Cell, Column, Field, Mapping, Question, Row, Study, Target
from backend.imports.reading.wrong import Asking, Wrong
from geo.datum import Datum

_EXAMPLES, _MOST_WORDS = 5, 60
# Zeros were lost where so many have all digits and some of them begin with one, or nearly all are so long.
_MOST_OF, _NEARLY_ALL, _LONG, _FEWEST = 0.6, 0.9, 8, 5
_CHINESE_SHARE = 0.3
# Elsewhere numbers of other plans look like China's: 1-310-555-1234.
_CHINA = frozenset({"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin",
                    "Asia/Kashgar", "PRC"})  # fmt: skip


@dataclass(slots=True)
class _Seen:
    """What was seen in a column."""

    field: Field
    column: Column
    lengths: Counter[int] = by_default(default_factory=Counter)
    zero_lengths: Counter[int] = by_default(default_factory=Counter)
    words: Counter[str] = by_default(default_factory=Counter)
    orders: Counter[str] = by_default(default_factory=Counter)
    filled: int = 0
    chinese: int = 0
    examples: dict[Any, list[str]] = by_default(default_factory=dict)

    def example(self, key: Any, cell: Cell) -> None:
        found = self.examples.setdefault(key, [])
        if len(found) < _EXAMPLES:
            found.append(shown(cell))


def study_of(
    target: Target,
    mapping: Mapping,
    columns: Iterable[Column],
    rows: Iterable[Row],
    ground: BaseGeometry | None,
) -> Study:
    """What the columns of a mapping say as wholes; what it answers already is not asked again."""
    by_name = {column.name: column for column in columns}
    used = [
        _Seen(one, by_name[mapping.columns[one.name]])
        for one in target.fields
        if mapping.columns.get(one.name) in by_name
    ]
    looks = [(seen, _LOOKS[seen.field.reads]) for seen in used if seen.field.reads in _LOOKS]
    places = {seen.field.name: seen.column.index for seen in used if seen.field.reads == "degrees"}
    sample: list[tuple[float, float]] = []
    for row in rows:
        for seen, look in looks:
            cell = row.cells[seen.column.index]
            if cell is not None:
                look(seen, cell)
        if places:
            _sample(sample, row, places)
    return _concluded(used, mapping, sample, ground, has_places=bool(places))


def _concluded(
    used: list[_Seen],
    mapping: Mapping,
    sample: list[tuple[float, float]],
    ground: BaseGeometry | None,
    *,
    has_places: bool,
) -> Study:
    found: dict[str, Any] = {}
    questions: list[Question] = []
    for seen in used:
        for conclude in (_digits, _decimal if seen.field.reads == "amount_fen" else _order, _unknown):
            conclude(seen, found, questions, mapping)
    if any(seen.chinese > _CHINESE_SHARE * seen.filled for seen in used if seen.field.reads == "phone"):
        found["phones"] = "cn"
    if has_places:
        _datum(sample, ground, found, questions)
    answers = mapping.answers
    return Study(
        {name: answer for name, answer in found.items() if name not in answers},
        tuple(one for one in questions if one.name not in answers),
    )


def _see_number(seen: _Seen, cell: Cell) -> None:
    if isinstance(cell, float) and not cell.is_integer():
        return
    text = one_width(text_in(cell)).removesuffix(".0").replace(" ", "")
    if text.isdigit() and text.isascii():
        seen.lengths[len(text)] += 1
        if text.startswith("0"):
            seen.zero_lengths[len(text)] += 1
        else:
            seen.example(len(text), cell)


def _see_phone(seen: _Seen, cell: Cell) -> None:
    text = one_width(text_in(cell)).replace("-", "").replace(" ", "")
    seen.filled += 1
    if installed().time_zone.key not in _CHINA:
        return
    seen.chinese += bool(numbers.MOBILE.match(text) or numbers.LANDLINE.match(text))


def _see_day(seen: _Seen, cell: Cell) -> None:
    pair = days.order_of(cell) if isinstance(cell, str) else None
    if pair is None:
        return
    first, second = pair
    which = "dmy" if first > 12 else "mdy" if second > 12 else "" if first != second else "same"
    seen.orders[which] += 1
    seen.example(which, cell)


def _see_amount(seen: _Seen, cell: Cell) -> None:
    if isinstance(cell, str) and (told := figures.tells(numbers.money_figure(cell))):
        # A comma before three digits is read as one between groups, unless others say that it is none.
        seen.orders["" if told == "either" and "." in cell else told] += 1
        seen.example("" if told == "either" and "." in cell else told, cell)


def _see_word(seen: _Seen, cell: Cell) -> None:
    try:
        if not words.is_empty(_QUIET, cell):
            seen.words[text_in(cell)] += 1
    except Wrong:
        # An error of the sheet is no word to ask about: its row is refused for it.
        return


# Reads nothing itself, and so is empty where any text is.
_QUIET = Field("word", "", "")
_LOOKS: dict[str, Callable[[_Seen, Cell], None]] = {
    "number": _see_number,
    "phone": _see_phone,
    "date": _see_day,
    "moment": _see_day,
    "choice": _see_word,
    "choices": _see_word,
    "amount_fen": _see_amount,
}


def _digits(seen: _Seen, found: dict[str, Any], questions: list[Question], mapping: Mapping) -> None:
    """How many digits a number has, where some have fewer: a sheet drops zeros in front."""
    if not seen.lengths:
        return
    total = seen.lengths.total()
    digits, often = seen.lengths.most_common(1)[0]
    fewer = {
        length: times - seen.zero_lengths[length] for length, times in seen.lengths.items() if length < digits
    }
    rows = sum(fewer.values())
    has_zeros = seen.zero_lengths[digits] > 0 and often >= _MOST_OF * total
    is_long = digits >= _LONG and often >= _NEARLY_ALL * total
    if not rows or often < _FEWEST or not (has_zeros or is_long):
        return
    found[f"digits:{seen.field.name}"] = digits
    zh, en = sentence("imports.ask_zeros", name=_names(seen.field), rows=rows, digits=digits)
    examples = [one for length in sorted(fewer) for one in seen.examples.get(length, ())]
    choices = [("fill", *sentence("imports.fill")), ("keep", *sentence("imports.keep"))]
    name = f"zeros:{seen.field.name}"
    likely = "fill" if has_zeros else None
    questions.append(
        Question(name, seen.field.name, zh, en, tuple(choices), likely, tuple(examples[:_EXAMPLES]), rows)
    )


def _order(seen: _Seen, found: dict[str, Any], questions: list[Question], mapping: Mapping) -> None:
    """Whether the month or the day comes first, told by the days that can be only one."""
    name = f"date_order:{seen.field.name}"
    if bool(seen.orders["mdy"]) != bool(seen.orders["dmy"]):
        found[name] = "mdy" if seen.orders["mdy"] else "dmy"
    elif seen.orders[""]:
        zh, en = sentence("imports.ask_date_order", name=_names(seen.field))
        choices = (("mdy", *sentence("imports.month_first")), ("dmy", *sentence("imports.day_first")))
        examples = tuple(seen.examples[""])
        # Where full stops divide days, the day comes first.
        likely = "dmy" if all("." in one and "/" not in one for one in examples) else None
        questions.append(Question(name, seen.field.name, zh, en, choices, likely, examples, seen.orders[""]))


def _decimal(seen: _Seen, found: dict[str, Any], questions: list[Question], mapping: Mapping) -> None:
    """Whether a comma or a point divides the decimals, told by the figures that can be only one."""
    name, points, commas = (
        f"decimal:{seen.field.name}",
        seen.orders[figures.POINT],
        seen.orders[figures.COMMA],
    )
    if bool(points) != bool(commas):
        found[name] = figures.POINT if points else figures.COMMA
    elif seen.orders[""]:
        zh, en = sentence("imports.ask_decimal", name=_names(seen.field))
        choices = tuple((one, *sentence(f"imports.decimal_{one}")) for one in (figures.POINT, figures.COMMA))
        examples = tuple(seen.examples[""])
        questions.append(Question(name, seen.field.name, zh, en, choices, None, examples, seen.orders[""]))


def _unknown(seen: _Seen, found: dict[str, Any], questions: list[Question], mapping: Mapping) -> None:
    """Words of a choice that nobody has explained."""
    asking, unknown = Asking(mapping.answers), Counter[str]()
    for word, times in seen.words.items():
        if words.code_of(seen.field, word, asking) is not None:
            continue
        parts = words.parts_of(word) if seen.field.reads == "choices" else [word]
        for part in parts:
            if words.code_of(seen.field, part, asking) is None:
                unknown[part] += times
    choices = [(code, *label) for code, label in seen.field.labels.items()]
    choices += [] if seen.field.required else [(words.LEFT_OUT, *sentence("imports.left_out"))]
    asked: set[str] = set()
    for word, times in unknown.most_common(_MOST_WORDS):
        name = words.word_name(seen.field, word)
        if name not in asked:
            zh, en = sentence("imports.ask_word", name=_names(seen.field), word=word[:60], rows=times)
            questions.append(
                Question(name, seen.field.name, zh, en, tuple(choices), None, (word[:100],), times)
            )
            asked.add(name)


def _sample(sample: list[tuple[float, float]], row: Row, places: dict[str, int]) -> None:
    """Adds a row's figures; of more than enough rows every second is kept, then every fourth."""
    try:
        if "coordinates" in places:
            pair = coordinates.pair(row.cells[places["coordinates"]])
        else:
            cells = [row.cells[places[name]] for name in ("longitude", "latitude") if name in places]
            if len(cells) < 2 or None in cells:
                return
            pair = (coordinates.degrees(cells[0]), coordinates.degrees(cells[1]))
    except Wrong:
        return
    if any(pair):
        sample.append(pair)


def _datum(
    sample: list[tuple[float, float]],
    ground: BaseGeometry | None,
    found: dict[str, Any],
    questions: list[Question],
) -> None:
    if not sample:
        return
    step = max(1, len(sample) // coordinates.SAMPLE)
    judged = coordinates.judged(np.array(sample[::step], dtype=float), ground)
    if judged.system is not None:
        found["datum"] = judged.system
        return
    systems = dict.fromkeys((*judged.candidates, *(() if judged.candidates else map(str, Datum))))
    choices = [(one, *coordinates.system_words(one)) for one in systems]
    choices.append((coordinates.NO_PLACES, *sentence("imports.no_places")))
    zh, en = sentence("imports.ask_datum")
    examples = tuple(f"{a}, {b}" for a, b in sample[:_EXAMPLES])
    likely = judged.candidates[0] if judged.candidates else None
    questions.append(Question("datum", "longitude", zh, en, tuple(choices), likely, examples, len(sample)))


def _names(one: Field) -> tuple[str, str]:
    return one.zh, one.en
