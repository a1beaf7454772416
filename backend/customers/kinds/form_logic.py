"""Checks a form's conditions when it is saved: they parse, name what is in the form, and can be met.

What passes unseen here is found by nobody: a question is never asked, or every answer to it is a fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backend.customers.kinds.form_answers import answered_in, can_hold, judge
from backend.customers.kinds.form_values import (
    Meaning,
    Row,
    Wrong,
    apart,
    named_by,
    options_of,
    parts_of,
)
from mobile_api_spec.expressions import Node, tree_of, unread
from sync.errors import Fault

CONDITIONS = ("relevant", "constraint")
_WORDS = {
    "unreadable": (
        "条件式写法不对：比较用 == != < <= > >=，连接用 && || !，例如 value >= 0 && value <= 5",
        "this condition cannot be read: compare by == != < <= > >=, join by && || !, such as value >= 0 "
        "&& value <= 5",
    ),
    "no_such_question": (
        "条件式里的题目不在这份问卷里：改成已有的代号，或先加这道题",
        "this condition names a question that is not in the form: use a name that is there, or add the "
        "question",
    ),
    "no_answer": (
        "条件式里的题目是说明，没有答案：改用别的题目",
        "this condition names a note, which has no answer: use a question",
    ),
    "itself": (
        "何时问不能看这道题自己的答案：改看前面的题目",
        "whether a question is asked cannot depend on its own answer: look at an earlier one",
    ),
    "later": (
        "何时问只能看前面的题目：把那道题移到前面，或改条件式",
        "whether a question is asked depends on a later one: move that one up, or change the condition",
    ),
    "no_value": (
        "何时问里没有 value：写 answers.代号",
        "there is no value where it is asked whether to ask: write answers.name",
    ),
    "no_such_choice": (
        "条件式里的选项不在那道题里：改成已有的选项代号，或先加这个选项",
        "this condition names a choice that the question does not have: use one it has, or add it",
    ),
    "uncomputable": (
        "条件式拿不同类型的值来算或比较，永远算不出来：数与数比，文字与文字比",
        "this condition can never be computed: numbers go with numbers, texts with texts",
    ),
    "never_equal": (
        "条件式比较的两个值类型不同，永远不相等：数字不加引号，多选题用 '选项' in answers.代号",
        "this condition compares different types, which are never equal: no quotes round numbers, "
        "'choice' in answers.name"
        " for several",
    ),
    "no_truth": (
        "条件式的结果不是是或否：写成比较，例如 value > 0",
        "this condition does not come to true or false: compare, such as value > 0",
    ),
    "never": (
        "没有任何答案能满足这个条件式：检查上下限是否写反",
        "no answer at all can meet this condition: look whether its limits are the wrong way round",
    ),
    "never_together": (
        "要问到这里，箭头后面的条件式也得成立，而两者没有任何答案能同时满足：改其中一个",
        "where this is asked, the conditions behind the arrow hold as well, and no answer meets both: change "
        "one of them",
    ),
}


def logic_faults(rows: Sequence[Row], among: tuple[str, ...]) -> list[Fault]:
    """What is wrong with the conditions of a form's rows, in their order."""
    known, places = {row["name"]: row for row in rows}, {row["name"]: n for n, row in enumerate(rows)}
    count, found = Counter(row["name"] for row in rows), []
    for n, row in enumerate(rows):
        # A name that occurs twice says nothing of which row.
        place = row["name"] if count[row["name"]] == 1 else str(n)
        for field in CONDITIONS:
            source = str(row.get(field) or "")
            for code, about in _judged(source, field, row, n, known, places) if source else ():
                zh, en = _WORDS[code]
                shown = f"{source} ← {about}" if about and about != source else source
                found.append(Fault(f"rows.{place}.{field}", code, zh, en, shown, among))
    return found


def _judged(
    source: str, field: str, row: Row, place: int, known: Mapping[str, Row], places: Mapping[str, int]
) -> list[tuple[str, str]]:
    """What is wrong with one condition: (code, which part)."""
    tree = tree_of(source)
    if tree is None:
        return [("unreadable", unread(source))]
    tree, meaning = apart(tree), Meaning(known, row if field == "constraint" else None)
    found = [*_misnamed(tree, field, place, known, places), *_unknown_choices(meaning, tree, {})]
    if found:
        return list(dict.fromkeys(found))
    try:
        judge(meaning, tree)
    except Wrong as wrong:
        return [(wrong.code, "")]
    others = _also_true(tree, row if field == "constraint" else None, known)
    whole = tree
    for other in others.values():
        whole = ("&&", whole, other)
    return [] if can_hold(meaning, whole) else [("never_together", " && ".join(others))]


def _also_true(tree: Node, own: Row | None, known: Mapping[str, Row]) -> dict[str, Node]:
    """The conditions for asking that are met wherever this one is true: of its own question, and of those
    without whose answer it is not; as written, and read."""
    found: dict[str, Node] = {}
    waiting = [*answered_in(tree), *([own["name"]] if own else [])]
    while waiting:
        source = str(known.get(waiting.pop(), {}).get("relevant") or "")
        other = tree_of(source) if source and source not in found else None
        # One that cannot be met by itself is said where it stands.
        if other and _is_met_alone(other := apart(other), known):
            found[source] = other
            waiting += answered_in(other)
    return found


def _is_met_alone(tree: Node, known: Mapping[str, Row]) -> bool:
    has_value = ("name", "value") in parts_of(tree)
    return not has_value and can_hold(Meaning(known, None), tree)


def _misnamed(
    tree: Node, field: str, place: int, known: Mapping[str, Row], places: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    for part in parts_of(tree):
        name = _looked_for(part)
        if field == "relevant" and part == ("name", "value"):
            yield "no_value", "value"
        if name is None:
            continue
        if name not in known:
            yield "no_such_question", name
        elif known[name]["type"] == "note":
            yield "no_answer", name
        elif field == "relevant" and places[name] >= place:
            yield "itself" if places[name] == place else "later", name


def _looked_for(part: Node) -> str | None:
    """The question that a part asks for: its answer, or whether it has one (`'a' in answers`)."""
    is_among = part[0] == "in" and part[2] == ("name", "answers") and part[1][0] == "plain"
    return str(part[1][1]) if is_among else named_by(part)


def _unknown_choices(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
    """Codes that are compared with a choice and are none of its."""
    if node[0] in ("==", "!="):
        for one, other in (node[1:], node[:0:-1]):
            yield from _strange(meaning, one, [other], bound)
    if node[0] == "in":
        many = node[2][1:] if node[2][0] == "list" else ()
        yield from _strange(meaning, node[1], many, bound)
        yield from _strange(meaning, node[2], [node[1]], bound)
    inner = {**bound, node[2]: node[1]} if node[0] in ("all", "exists") else bound
    for one in node[1:] if node[0] != "plain" else ():
        if isinstance(one, tuple):
            yield from _unknown_choices(meaning, one, inner)


def _strange(
    meaning: Meaning, of: Node, said: Sequence[Node], bound: Mapping[str, Node]
) -> Iterator[tuple[str, str]]:
    options = meaning.options(of, bound) if of[0] != "list" else ()
    for part in said if options else ():
        texts: list[Any] = [
            one[1] for one in (part[1:] if part[0] == "list" else [part]) if one[0] == "plain"
        ]
        yield from (
            ("no_such_choice", one) for one in texts if isinstance(one, str) and one and one not in options
        )


def choice_faults(rows: Sequence[Row], among: tuple[str, ...]) -> list[Fault]:
    """Questions named twice, questions to choose from without choices, and choices named twice."""
    names = [row["name"] for row in rows]
    found = []
    for name in (one for one, times in Counter(names).items() if times > 1):
        where = ", ".join(str(n) for n, one in enumerate(names, start=1) if one == name)
        found.append(Fault(f"rows.{name}", "twice", "题目名称重复", "the name occurs twice", where, among))
    for row in rows:
        is_choice = str(row["type"]).startswith("select")
        codes = [one["name"] for one in row.get("choices") or ()]
        if is_choice and not options_of(row):
            zh, en = "选择题没有选项", "a question to choose from needs choices"
            found.append(Fault(f"rows.{row['name']}", "no_choices", zh, en, "", among))
        twice = [one for one, times in Counter(codes).items() if times > 1]
        if twice:
            zh, en = (
                "选项代号重复：每个选项用不同的代号",
                "a choice occurs twice: give each a code of its own",
            )
            found.append(Fault(f"rows.{row['name']}.choices", "twice", zh, en, ", ".join(twice), among))
    return found
