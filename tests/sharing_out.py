"""How `make test` shares its tests out among processes: by file, the long ones first."""

from __future__ import annotations

import gc
from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadfile import LoadFileScheduling

# Servers, browsers and worlds: whoever begins one of these last ends last.
LONG = (
    "tests/web", "tests/commands/test_beside.py", "tests/walk", "tests/simulation/test_kills.py",
    "tests/stories", "tests/spec/test_schemathesis.py", "tests/architecture", "tests/commands",
    "tests/simulation", "tests/core/test_fuzz.py", "tests/spec", "tests/days",
)  # fmt: skip
# These of the pages' files ask for no city; the others share one, and one browser.
WITHOUT_A_CITY = {"test_engine.py", "test_page_rules.py", "test_tus_clients.py", "test_units_of_pages.py"}


class ByFile(LoadFileScheduling):
    """Files of tests, in the order in which they were collected; what needs the served city is one file."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        # Otherwise those with many tests come first, and a file of few long ones at the very end.
        self.config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        """The file, or the city."""
        file = PurePosixPath(super()._split_scope(nodeid))
        return (
            "the city"
            if file.parts[:2] == ("tests", "web") and file.name not in WITHOUT_A_CITY
            else str(file)
        )


def begins(nodeid: str) -> int:
    """The earlier a test begins, the smaller."""
    return next((n for n, place in enumerate(LONG) if nodeid.startswith(place)), len(LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Asked by the process that shares out."""
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Asked by each process that runs them: one alone keeps the order of names."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: begins(item.nodeid))


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the collector of garbage need not walk it time and again."""
    gc.collect()
    gc.freeze()
