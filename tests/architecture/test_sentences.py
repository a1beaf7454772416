"""Every sentence that a person reads stands once, in a catalogue, and is given what its entry declares."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

import pytest

from backend.core import capabilities
from backend.core.errors import CATALOGUE, DETAILS
from backend.core.sentences import FAULTS, MESSAGES
from geo import dispatch, errors, findings, zones
from geo.sentences import TYPES, Sentence, placeholders

HAN = re.compile(r"[\u4e00-\u9fff]")
SOURCE = sorted(path for root in ("backend", "sync", "geo") for path in Path(root).rglob("*.py"))
GEO = {
    "findings": findings.SENTENCES,
    "finding_kinds": findings.KINDS,
    "reasons": dispatch.REASONS,
    "errors": errors.SENTENCES,
    "broken_shapes": zones.BROKEN,
}
ENTRIES = [one for catalogue in (MESSAGES, FAULTS, *GEO.values()) for one in catalogue.values()]
OF_IMPORTS = {
    name.removeprefix("imports."): one for name, one in FAULTS.items() if name.startswith("imports.")
}
READING = "backend.imports.reading.wrong"
# Function -> the modules that define one, its catalogue, and which of its arguments is the entry's name.
SAYS: dict[str, tuple[tuple[str, Mapping[str, Sentence], int], ...]] = {
    "sentence": (("backend.core.sentences", MESSAGES, 0),),
    "fault": (("backend.core.sentences", FAULTS, 1),),
    "told": (("geo.findings", findings.SENTENCES, 0),),
    "words": (("geo.findings", findings.SENTENCES, 0),),
    "reason": (("geo.dispatch", dispatch.REASONS, 0), (READING, OF_IMPORTS, 1)),
    "Wrong": ((READING, OF_IMPORTS, 0),),
    "note": ((READING, OF_IMPORTS, 2),),
}
PRIVATE = {"geo/dispatch.py": dispatch.REASONS, "geo/errors.py": errors.SENTENCES}
# Calls that pass on what somebody else named: a rule of sync, werkzeug, a right's objection.
PASSED_ON = {
    "backend/core/api/problems.py",
    "backend/core/services/record_writer.py",
    "backend/imports/reading/tables.py",
    "backend/phones/services/deciding.py",
    "sync/push.py",
}
# Where Chinese stands that is no sentence of an error, a fault or a message: how many strings, and why.
BESIDE = {
    "backend/app.py": (1, "the product's name"),
    "backend/core/actor.py": (8, "the vocabulary of roles"),
    "backend/core/api/docs.py": (1, "the product's name over its API's pages"),
    "backend/core/comparing/__init__.py": (1, "the range of Chinese letters"),
    "backend/core/comparing/addresses.py": (40, "a table of how addresses are written"),
    "backend/core/comparing/finding.py": (6, "titles and labels that people type before a name or a number"),
    "backend/core/comparing/meant.py": (15, "a table of how people say near what they are"),
    "backend/core/comparing/numerals.py": (8, "the digits of Chinese numbers"),
    "backend/core/comparing/phones.py": (3, "how telephone numbers are written"),
    "backend/core/comparing/readings.py": (150, "the readings of surnames and other words"),
    "backend/core/comparing/simplified.py": (2, "traditional letters and their simplified ones"),
    "backend/core/installation.py": (12, "the usual names of an installation and its posts"),
    "backend/core/lengths.py": (2, "units of measure"),
    "backend/core/papers/words.py": (70, "the catalogue of words on papers"),
    "backend/core/services/credentials.py": (13, "what a guesser of passwords tries first"),
    "backend/evidence/services/sealing.py": (1, "a value: what stands where one was erased by law"),
    "backend/imports/services/exporting.py": (2, "what joins a list, and an answer"),
    "backend/imports/services/reports.py": (6, "titles of columns of the file of refused rows"),
    "backend/imports/services/settling.py": (4, "the vocabulary of ways to settle a row"),
    "backend/imports/reading/cleaning.py": (8, "what people write for nothing"),
    "backend/imports/reading/coordinates.py": (5, "degrees, minutes and sides of the world"),
    "backend/imports/reading/days.py": (8, "how days and times are written"),
    "backend/imports/reading/gazetteer.py": (6, "how estates, committees and cells are called"),
    "backend/imports/reading/headers.py": (4, "what stands behind the name of a column"),
    "backend/imports/reading/layout.py": (4, "how totals and notes are written"),
    "backend/imports/reading/numbers.py": (10, "how numbers, sizes and amounts are written"),
    "backend/imports/reading/targets.py": (7, "the vocabulary of what can be imported"),
    "backend/imports/reading/translating.py": (4, "what joins numbers and names"),
    "backend/imports/reading/words.py": (40, "yes and no, and what stands between words"),
    "backend/limits/clock/wording.py": (8, "the names of weekdays"),
    "backend/limits/reading/notices.py": (17, "how the state's notice of holidays is written"),
    "backend/specification.py": (3, "titles of columns on the generated pages"),
    "backend/territory/api/features.py": (2, "the product's name and what its layers are"),
    "backend/territory/queries/layers.py": (3, "the vocabulary of map layers"),
    "backend/territory/services/cards.py": (2, "a paper's template"),
    "geo/datum.py": (2, "what people call the coordinate bases"),
    "geo/formats/geojson.py": (1, "how strangers call a column"),
    "geo/formats/spelling.py": (1, "the range of Chinese letters"),
    "geo/sentences.py": (7, "units of measure and what joins a list"),
    "geo/zones.py": (5, "how strangers call their columns"),
    "sync/errors.py": (2, "sync's own two faults: it knows no catalogue of the server"),
}
CATALOGUES = (
    "backend/*/kinds/*.py",
    "backend/imports/reading/*_fields.py",
    "backend/demo/*.py",
    "backend/migrations/*.py",
)


def test_every_entry_declares_what_its_sentences_take() -> None:
    for one in ENTRIES:
        assert set(one.takes.values()) <= set(TYPES), one.name
        assert placeholders(one.zh) == set(one.takes) - one.in_en, one.name
        assert placeholders(one.en) == set(one.takes) - one.in_zh, one.name
    assert len(ENTRIES) > 300


def test_every_entry_is_in_both_languages() -> None:
    for one in ENTRIES:
        only_arguments = not re.sub(r"\{\w+\}|\W", "", one.zh)
        assert one.en, one.name
        assert only_arguments or HAN.search(one.zh), one.name
        assert one.zh == one.en or not HAN.search(one.en), one.name


def test_every_problem_declares_what_it_says_besides() -> None:
    assert {kind.removesuffix("?") for one in CATALOGUE.values() for kind in one.takes.values()} <= set(
        DETAILS
    )
    for one in CATALOGUE.values():
        assert not any(map(placeholders, (one.zh, one.en, one.remedy_zh, one.remedy_en))), one.code


def test_whoever_says_a_sentence_gives_what_it_takes() -> None:
    assert [fault for path in SOURCE for fault in wrong_sentences(path.as_posix(), path.read_text())] == []


def test_whoever_raises_a_problem_says_what_it_declares() -> None:
    assert [fault for path in SOURCE for fault in wrong_problems(path.as_posix(), path.read_text())] == []


def test_every_sentence_is_said_somewhere() -> None:
    said = {one.name for path in SOURCE for one in named_in(path.as_posix(), ast.parse(path.read_text()))}
    catalogues = (MESSAGES, FAULTS, findings.SENTENCES)
    assert {name for catalogue in catalogues for name in catalogue} - said == set()
    rules = {
        name for name in dispatch.REASONS if name.startswith("rule_")
    }  # Looked up by a broken rule's code.
    assert set(dispatch.REASONS) - said == rules
    subclasses = {one.__name__ for one in vars(errors).values() if isinstance(one, type)}
    assert set(errors.SENTENCES) - said <= subclasses


def test_a_capability_says_sentences_of_its_own_or_of_those_it_stands_on() -> None:
    order = ("core", *capabilities.names())
    strange = []
    for path in SOURCE:
        own = path.parts[1]
        for one in named_in(path.as_posix(), ast.parse(path.read_text())):
            owner = one.name.partition(".")[0] if "." in one.name else own
            if owner != own and (own not in order or order.index(owner) > order.index(own)):
                strange.append((path.as_posix(), one.name))
    assert strange == []


def test_no_sentence_is_written_outside_the_catalogues() -> None:
    counts = {
        path.as_posix(): len(list(chinese_in(path.read_text()))) for path in SOURCE if not is_catalogue(path)
    }
    most = {path: count for path, (count, _) in BESIDE.items()}
    stray = {path: count for path, count in counts.items() if count > most.get(path, 0)}
    assert stray == {}, "write an entry in the capability's messages.toml, say it by sentence(…)"
    assert {path for path in BESIDE if not counts.get(path)} == set()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('fault("name", "core.no_such_entry")', "no entry"),
        ('fault("name", "core.missing")', "takes ['kind'], given []"),
        ('fault("name", "core.missing", kind="staff", id="1")', "takes ['kind'], given ['id', 'kind']"),
        ("fault('name', name)", "its name is not written"),
        ("fault('name', 'core.missing', **given)", "its arguments are not written"),
        ("fault('name', f'core.{name}')", "given []"),
    ],
)
def test_a_wrong_sentence_is_found(source: str, why: str) -> None:
    found = wrong_sentences("trial.py", f"from backend.core.sentences import fault\n{source}")
    assert why in found[0]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('Problem("no_such_code")', "no entry"),
        ('Problem("upload_expired", why="old")', "lacks ['id']"),
        ('Problem("own_job", id="1")', "does not take ['id']"),
        ("Problem(code)", "its code is not written"),
    ],
)
def test_a_wrong_problem_is_found(source: str, why: str) -> None:
    assert why in wrong_problems("trial.py", source)[0]


def test_a_sentence_written_in_code_is_found() -> None:
    source = '"""说明"""\nblueprint = Blueprint("a", description="网格 · A")\nzh = f"工单 {number} 不见了"\n'
    assert list(chinese_in(source)) == ["工单 ", " 不见了"]


def wrong_sentences(path: str, source: str) -> list[str]:
    """Calls that name no entry, or give others than it takes."""
    found = []
    for call, name, catalogue in calls_in(path, ast.parse(source)):
        where = f"{path}:{call.lineno}"
        given = {one.arg for one in call.keywords}
        entries = matching(name, catalogue)
        if entries is None:
            found.append(f"{where}: its name is not written")
        elif not entries:
            found.append(f"{where}: no entry of this name")
        elif None in given:
            found.append(f"{where}: its arguments are not written")
        else:
            found += [f"{where}: {one.name} takes {sorted(one.takes)}, given {sorted(map(str, given))}"
                      for one in entries if set(one.takes) != given]  # fmt: skip
    return found


def named_in(path: str, tree: ast.AST) -> Iterator[Sentence]:
    """The entries that a module says."""
    for _, name, catalogue in calls_in(path, tree):
        yield from matching(name, catalogue) or ()


def calls_in(path: str, tree: ast.AST) -> Iterator[tuple[ast.Call, ast.expr, Mapping[str, Sentence]]]:
    """Calls that say a sentence, with its entry's name and catalogue; not those that pass one on."""
    module = path.removesuffix(".py").replace("/", ".")
    known = {
        one.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        says = SAYS.get(node.func.id, ())
        if node.func.id == "_words" and path in PRIVATE:
            says = ((module, PRIVATE[path], 0),)
        for home, catalogue, at in says:
            is_passing_on = home == module and not isinstance(node.args[at], ast.Constant)
            if home in (module, known.get(node.func.id)) and not is_passing_on:
                yield node, node.args[at], catalogue


def matching(name: ast.expr, catalogue: Mapping[str, Sentence]) -> list[Sentence] | None:
    """The entries that a name written in code may be; None where it is not written."""
    if isinstance(name, ast.Constant):
        return [catalogue[name.value]] if name.value in catalogue else []
    if not isinstance(name, ast.JoinedStr):
        return None
    pattern = "".join(str(one.value) if isinstance(one, ast.Constant) else "*" for one in name.values)
    return [one for key, one in catalogue.items() if fnmatch(key, pattern)]


def wrong_problems(path: str, source: str) -> list[str]:
    """Problems of no code, or that say others than their entry declares."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in ("Problem", "CannotApply"):
            continue
        if path.startswith("backend/dispatch/") and len(call.args) != 1:
            continue  # A problem of routing.
        given = {one.arg for one in call.keywords}
        for code in codes_of(call.args[0]):
            found += [f"{path}:{call.lineno}: {one}" for one in wrong_detail(path, code, given)]
    return found


def codes_of(name: ast.expr) -> list[str]:
    """The codes that an expression may be; an empty one where it is not written."""
    if isinstance(name, ast.IfExp):
        return codes_of(name.body) + codes_of(name.orelse)
    return [str(name.value) if isinstance(name, ast.Constant) else ""]


def wrong_detail(path: str, code: str, given: set[str | None]) -> Iterator[str]:
    """What is wrong with the details that a problem of a code is given."""
    if not code:
        if path not in PASSED_ON:
            yield "its code is not written"
        return
    entry = CATALOGUE.get(code)
    if entry is None:
        yield f"no entry {code}"
        return
    if strange := sorted(str(one) for one in given - {None} if one not in entry.takes):
        yield f"{code} does not take {strange}"
    must = {name for name, kind in entry.takes.items() if not kind.endswith("?")}
    if None not in given and must - given:
        yield f"{code} lacks {sorted(must - given)}"


def is_catalogue(path: Path) -> bool:
    """Whether a kind's words and faults stand here, data of the demo, or code frozen for migrations."""
    return any(fnmatch(path.as_posix(), one) for one in CATALOGUES)


def chinese_in(source: str) -> Iterator[str]:
    """Strings with Chinese letters, but for docstrings, titles of addresses and labels of choices."""
    tree = ast.parse(source)
    left_out = set(aside(ast.walk(tree)))
    written = [one for one in ast.walk(tree) if isinstance(one, ast.Constant) and id(one) not in left_out]
    yield from (one.value for one in written if isinstance(one.value, str) and HAN.search(one.value))


def aside(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Strings that are no sentences: of docstrings, of `Blueprint(description=…)` and of `Choice({…})`."""
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            titles = (
                [one.value for one in node.keywords if one.arg == "description"]
                if name == "Blueprint"
                else []
            )
            for part in titles + (node.args[:1] if name == "Choice" else []):
                yield from (id(one) for one in ast.walk(part))
