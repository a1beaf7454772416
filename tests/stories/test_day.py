"""The day of the demo, as a test: real HTTP, a real broker, a real worker."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from backend.demo.load import load_city
from backend.demo.sizes import SIZES
from backend.demo.story import play
from backend.local.story_server import stage
from tests.conftest import OWN_HOME, own_port


def test_every_promise_of_the_day_is_kept(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    with stage(
        OWN_HOME / "test-story",
        lambda database: load_city(database, SIZES["small"], lambda *_: None),
        port=own_port(19000),
    ) as (url, _):
        kept = play(url, tmp_path, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert kept, printed
    assert printed.count("✓") == 22
    assert "✗" not in printed
