"""Mutation testing (`make mutants`) of merge, steps, questions, cursors, pulls and scopes.

The code is changed point by point, to see which changes no test notices. A mutant is a fork of one warm
process that swaps the code of a function and runs the tests: a second each instead of the ten that a fresh
interpreter takes. Survivors are explained in `sync/decisions/0009-surviving-mutants.md`.
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from rich.progress import track

MODULES: dict[str, tuple[str, ...]] = {
    "sync.merge": (),
    "sync.steps": (),
    "sync.questions": (),
    "sync.cursor": (),
    "sync.pull": (),
    "sync.push": ("_need_scope", "_held_then"),
    "sync.prefetch": (),
    "sync.parking": (),
}
# Pulls and scopes are told by whole worlds on the double; forks and a database do not go together.
BROAD = {"sync.pull", "sync.push", "sync.prefetch", "sync.parking"}
BROAD_TESTS = (
    "tests/sync/test_push.py",
    "tests/sync/test_parking.py",
    "tests/sync/test_kind.py",
    "tests/contract/test_store.py",
    "tests/spec/test_vectors.py",
    "tests/simulation/test_core.py",
)
BROAD_CHOICE = (
    "not postgres and not both_compute and not long and not ten_thousand and not simulator_finds "
    "and not few_words"
)
# What the double's one set of rights cannot tell is asked of the server, in an interpreter for each mutant.
SERVED = {"sync.push", "sync.prefetch", "sync.parking"}
SERVED_TESTS = (
    "tests/phones/test_sync.py",
    "tests/phones/test_sync_extremes.py",
    "tests/phones/test_handed_over.py",
    "tests/phones/test_comparing.py",
    "tests/phones/test_parking.py",
    "tests/phones/test_alike.py",
    "tests/sync/test_broken_on_purpose.py",
    "tests/jobs/test_placing.py",
)
TESTS = (
    "tests/sync/test_merge.py",
    "tests/sync/test_steps.py",
    "tests/sync/test_cursor.py",
    "tests/sync/test_apply.py",
    "tests/sync/test_push.py",
    "tests/sync/test_parking.py",
    "tests/sync/test_kind.py",
    "tests/spec/test_vectors.py",
    "tests/contract/test_store.py",
    "tests/simulation/test_core.py",
)
CHOICE = (
    "not postgres and not both_compute and not long and not ten_thousand and not simulator_finds "
    "and not few_words and not holds_in_every_world"
)
ROOT = Path(__file__).parents[1]
SECONDS = 120
_COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr}


@dataclass(frozen=True)
class Mutant:
    """One change at one place of a module."""

    module: str
    function: str
    line: int
    what: str
    tree: ast.Module


def changes_of(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """What can be changed at a node: in words, and the change itself."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARE:
        other = _COMPARE[type(node.ops[0])]
        yield (
            f"{type(node.ops[0]).__name__} becomes {other.__name__}",
            lambda n: n.ops.__setitem__(0, other()),
        )
    if isinstance(node, ast.BoolOp):
        flipped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{type(node.op).__name__} becomes {flipped.__name__}", lambda n: setattr(n, "op", flipped())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield (
            "not is left out",
            lambda n: setattr(n, "op", ast.UAdd()) or setattr(n, "operand", _truth(n.operand)),
        )
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        swapped = _BINARY[type(node.op)]
        yield f"{type(node.op).__name__} becomes {swapped.__name__}", lambda n: setattr(n, "op", swapped())
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int):
        value = not node.value if isinstance(node.value, bool) else node.value + 1
        yield f"{node.value} becomes {value}", lambda n: setattr(n, "value", value)
    if isinstance(node, ast.If | ast.IfExp):
        for forced in (True, False):
            yield f"the condition is {forced}", lambda n, f=forced: setattr(n, "test", ast.Constant(f))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield "the filter is left out", lambda n: n.ifs.clear()
    if isinstance(node, ast.Return) and node.value is not None:
        yield "returns None", lambda n: setattr(n, "value", ast.Constant(None))


def _truth(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("bool", ast.Load()), [node], [])


def mutants_of(module: str, only: tuple[str, ...]) -> Iterator[Mutant]:
    """Every change inside the module's functions."""
    tree = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text())
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        if only and function.name not in only:
            continue
        for at, node in enumerate(_inside(function)):
            for which, (what, _) in enumerate(changes_of(node)):
                fresh = copy.deepcopy(tree)
                twin = next(
                    f
                    for f in ast.walk(fresh)
                    if isinstance(f, ast.FunctionDef) and f.lineno == function.lineno
                )
                target = _inside(twin)[at]
                list(changes_of(target))[which][1](target)
                yield Mutant(
                    module,
                    function.name,
                    getattr(node, "lineno", function.lineno),
                    what,
                    ast.fix_missing_locations(fresh),
                )


def _inside(function: ast.FunctionDef) -> list[ast.AST]:
    """What a function does; its annotations do nothing."""
    return [node for statement in function.body for node in ast.walk(statement)]


def swap(mutant: Mutant) -> None:
    """Give every function of the living module the mutant's code, wherever it has been imported."""
    living = importlib.import_module(mutant.module)
    made = types.ModuleType(mutant.module)
    made.__dict__["__file__"] = living.__file__
    exec(compile(mutant.tree, f"mutant of {mutant.module}", "exec"), made.__dict__)
    _swap_all(vars(living), vars(made), mutant.module)


def _swap_all(old: Any, new: Any, module: str) -> None:
    for name, thing in list(new.items()):
        mine = old.get(name)
        for one, other in (
            (mine, thing),
            *((getattr(mine, a, None), getattr(thing, a, None)) for a in ("fget", "__func__")),
        ):
            if (
                isinstance(one, types.FunctionType)
                and isinstance(other, types.FunctionType)
                and one.__module__ == module
            ):
                one.__code__ = other.__code__
        if isinstance(mine, type) and isinstance(thing, type) and mine.__module__ == module:
            _swap_all(vars(mine), vars(thing), module)


def run_tests(module: str) -> int:
    """The tests of a module, in this process; 0 when all pass."""
    choice, tests = (BROAD_CHOICE, BROAD_TESTS) if module in BROAD else (CHOICE, TESTS)
    return int(pytest.main(["-x", "-q", "--no-header", "--no-summary", "-W", "ignore", "-k", choice, *tests]))


def is_noticed(mutant: Mutant) -> bool:
    """Whether a test fails, or does not end, on this mutant."""
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        signal.alarm(SECONDS)
        try:
            swap(mutant)
            os._exit(1 if run_tests(mutant.module) else 0)
        except BaseException:  # noqa: BLE001 - whatever breaks was noticed
            os._exit(1)
    return os.waitpid(child, 0)[1] != 0


def is_noticed_by_the_server(module: str, number: int) -> bool:
    """Whether a test that needs a database fails on a module's mutant of this number."""
    command = [sys.executable, "-m", "tests.mutants", f"{module}#{number}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode != 0


def _serve(name: str) -> int:
    module, number = name.split("#")
    swap(list(mutants_of(module, MODULES[module]))[int(number)])
    return int(pytest.main(["-x", "-q", "-W", "ignore", "--timeout=60", "-m", "not long", *SERVED_TESTS]))


def main() -> int:
    """Print each change that no test notices."""
    os.chdir(ROOT)
    if "#" in "".join(sys.argv[1:]):
        return _serve(sys.argv[1])
    settings.register_profile("mutants", max_examples=30, deadline=None, database=None)
    settings.load_profile("mutants")
    chosen = sys.argv[1:] or list(MODULES)
    if any(run_tests(module) for module in {min(chosen), max(chosen)}):
        return 2
    mutants = [one for module in chosen for one in mutants_of(module, MODULES[module])]
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        noticed = pool.map(is_noticed, mutants)
        for one, was_noticed in track(zip(mutants, noticed, strict=True), "mutants", total=len(mutants)):
            number = [other for other in mutants if other.module == one.module].index(one)
            if not was_noticed and not (
                one.module in SERVED and is_noticed_by_the_server(one.module, number)
            ):
                survivors += 1
                print(f"{one.module.replace('.', '/')}.py:{one.line} {one.function}: {one.what}", flush=True)
    print(f"{len(mutants)} mutants, {survivors} not noticed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
